// Products of 16-bit numbers, for every kind of convolution.
//
// Activations are int16, less their zero point, channels last; so zeros around a picture are what padding means.
// Weights are int16 in panels of 16 outputs: [panel][pair of inputs][output][2]. All sums are exact in int32.
#pragma once
#include "kernel.h"

#define PANEL 16
#define VECTORS (PANEL / 4)
// Positions at once. With 3 the sums do not fit into the registers of x86: that takes 1.35 times as long. So does unrolling.
#define MOST_ROWS 2

/** Sums of `rows` positions, `stride` numbers apart, for one panel; `bias` may be null. */
INLINE void accumulate(const int16_t *input, int stride, int depth, const int16_t *weights, const int32_t *bias, int rows,
                       v128_t sums[][VECTORS]) {
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < VECTORS; v++) sums[r][v] = bias ? wasm_v128_load(bias + 4 * v) : wasm_i32x4_const_splat(0);
  for (int k = 0; k < depth; k += 2, weights += 2 * PANEL) {
    v128_t pair[MOST_ROWS];
    for (int r = 0; r < rows; r++) pair[r] = wasm_v128_load32_splat(input + k + r * stride);
    for (int v = 0; v < VECTORS; v++) {
      const v128_t w = wasm_v128_load(weights + 8 * v);
      for (int r = 0; r < rows; r++) sums[r][v] = wasm_i32x4_add(sums[r][v], wasm_i32x4_dot_i16x8(pair[r], w));
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
