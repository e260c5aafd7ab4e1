// Int8 convolutions of single positions (1x1) as matrix products, with what follows them in the same pass.
#include "products.h"

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

INLINE void run(const Product *p, const int16_t *input, void *to, const int16_t *residual, int rows, Finish *finish, int bytes) {
  const int step = p->outputs * bytes;
  for (int output = 0; output < p->outputs; output += PANEL) {
    const int16_t *weights = p->weights + output * p->depth;
    const int32_t *bias = p->bias + output;
    char *at = (char *)to + output * bytes;
    int row = 0;
    for (; row + MOST_ROWS <= rows; row += MOST_ROWS) {
      v128_t sums[MOST_ROWS][VECTORS];
      accumulate(input + row * p->depth, p->depth, p->depth, weights, bias, MOST_ROWS, sums);
      for (int r = 0; r < MOST_ROWS; r++)
        finish(sums[r], output, p, at + (row + r) * step, residual + (row + r) * p->outputs + output);
    }
    for (; row < rows; row++) {
      v128_t sums[1][VECTORS];
      accumulate(input + row * p->depth, p->depth, p->depth, weights, bias, 1, sums);
      finish(sums[0], output, p, at + row * step, residual + row * p->outputs + output);
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
