// Int8 products: convolutions as matrix products of 16-bit numbers, with what follows them in the same pass.
//
// Activations are int16, less their zero point, channels last; so zeros around a picture are what padding means.
// Weights are int16 in panels of 16 outputs: [panel][tap][pair of inputs][output][2]. All sums are exact in int32.
#include "kernel.h"

#define PANEL 16
#define VECTORS (PANEL / 4)
#define MOST_ROWS 3

/** Sums of `rows` positions for one panel. */
INLINE void accumulate(const Product *p, const int16_t *input, const int16_t *weights,
                                                             const int32_t *bias, int rows, v128_t sums[][VECTORS]) {
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < VECTORS; v++) sums[r][v] = wasm_v128_load(bias + 4 * v);
  for (int t = 0; t < p->taps; t++) {
    const int16_t *at = input + p->offsets[t];
    for (int k = 0; k < p->depth; k += 2, weights += 2 * PANEL) {
      v128_t pair[MOST_ROWS];
      for (int r = 0; r < rows; r++) pair[r] = wasm_v128_load32_splat(at + k + r * p->input_stride);
      for (int v = 0; v < VECTORS; v++) {
        const v128_t w = wasm_v128_load(weights + 8 * v);
        for (int r = 0; r < rows; r++) sums[r][v] = wasm_i32x4_add(sums[r][v], wasm_i32x4_dot_i16x8(pair[r], w));
      }
    }
  }
}

/** Sums in units of the product's own quantisation, neither clipped nor rounded. */
INLINE v128_t in_units(v128_t sums, const float *scale) {
  return wasm_f32x4_mul(wasm_f32x4_convert_i32x4(sums), wasm_v128_load(scale));
}

INLINE void store16(int16_t *to, const v128_t results[VECTORS]) {
  for (int v = 0; v < VECTORS; v += 2) wasm_v128_store(to + 4 * v, wasm_i16x8_narrow_i32x4(whole(results[v]), whole(results[v + 1])));
}

/** What follows a product; `output` and `residual` are at the panel. */
typedef void Finish(const v128_t *sums, int output, const Product *p, void *to, const int16_t *residual);

INLINE void finish_scaled(const v128_t *sums, int output, const Product *p, void *to, const int16_t *residual) {
  const v128_t zero = wasm_f32x4_const_splat(0), most = wasm_f32x4_const_splat(255);
  const v128_t low = wasm_f32x4_splat(p->low), high = wasm_f32x4_splat(p->high);
  v128_t results[VECTORS];
  for (int v = 0; v < VECTORS; v++) {
    const v128_t positive = rounded(clipped(in_units(sums[v], p->scale + output + 4 * v), zero, most));
    results[v] = clipped(wasm_f32x4_mul(positive, wasm_v128_load(p->factor + output + 4 * v)), low, high);
  }
  store16(to, results);
}

INLINE void finish_added(const v128_t *sums, int output, const Product *p, void *to, const int16_t *residual) {
  const v128_t own_low = wasm_f32x4_splat(p->own_low), own_high = wasm_f32x4_splat(p->own_high);
  const v128_t low = wasm_f32x4_splat(p->low), high = wasm_f32x4_splat(p->high);
  const v128_t own_factor = wasm_f32x4_splat(p->own_factor), other_factor = wasm_f32x4_splat(p->residual_factor);
  v128_t results[VECTORS];
  for (int v = 0; v < VECTORS; v++) {
    const v128_t own = rounded(clipped(in_units(sums[v], p->scale + output + 4 * v), own_low, own_high));
    const v128_t other = wasm_f32x4_convert_i32x4(wasm_i32x4_load16x4(residual + 4 * v));
    results[v] = clipped(wasm_f32x4_add(wasm_f32x4_mul(own, own_factor), wasm_f32x4_mul(other, other_factor)), low, high);
  }
  store16(to, results);
}

INLINE void finish_codes(const v128_t *sums, int output, const Product *p, void *to, const int16_t *residual) {
  const v128_t low = wasm_f32x4_splat(p->low), high = wasm_f32x4_splat(p->high);
  const v128_t zero_point = wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_neg(low));
  v128_t codes[VECTORS];
  for (int v = 0; v < VECTORS; v++)
    codes[v] = wasm_i32x4_add(whole(clipped(in_units(sums[v], p->scale + output + 4 * v), low, high)), zero_point);
  wasm_v128_store(to, wasm_u8x16_narrow_i16x8(wasm_i16x8_narrow_i32x4(codes[0], codes[1]), wasm_i16x8_narrow_i32x4(codes[2], codes[3])));
}

INLINE void run(const Product *p, const int16_t *input, void *to, const int16_t *residual,
                                                      int rows, Finish *finish, int bytes) {
  const int step = p->stride * bytes;
  for (int output = 0; output < p->outputs; output += PANEL) {
    const int16_t *weights = p->weights + output * p->taps * p->depth;
    char *at = (char *)to + output * bytes;
    int row = 0;
    for (; row + MOST_ROWS <= rows; row += MOST_ROWS) {
      v128_t sums[MOST_ROWS][VECTORS];
      accumulate(p, input + row * p->input_stride, weights, p->bias + output, MOST_ROWS, sums);
      for (int r = 0; r < MOST_ROWS; r++)
        finish(sums[r], output, p, at + (row + r) * step, residual + (row + r) * p->residual_stride + output);
    }
    for (; row < rows; row++) {
      v128_t sums[1][VECTORS];
      accumulate(p, input + row * p->input_stride, weights, p->bias + output, 1, sums);
      finish(sums[0], output, p, at + row * step, residual + row * p->residual_stride + output);
    }
  }
}

/** ReLU, then times a factor per output (the quality's): activations. */
EXPORT(product_scaled)
void product_scaled(const Product *p, const int16_t *input, int16_t *to, int rows) {
  run(p, input, to, input, rows, finish_scaled, 2);
}

/** Plus a residual: activations. */
EXPORT(product_added)
void product_added(const Product *p, const int16_t *input, int16_t *to, int rows, const int16_t *residual) {
  run(p, input, to, residual, rows, finish_added, 2);
}

/** Quantised as they are: codes 0..255. */
EXPORT(product_codes)
void product_codes(const Product *p, const int16_t *input, uint8_t *to, int rows) {
  run(p, input, to, input, rows, finish_codes, 1);
}
