// What the networks see: |steps| up to 2, and |steps| / 8 up to 2, in units of `1 / per_step`, as int16.
#include "kernel.h"

INLINE v128_t feature(v128_t value) { return whole(wasm_f32x4_pmin(wasm_f32x4_const_splat(255), value)); }

INLINE void store_features(const v128_t *magnitudes, float per_step, int16_t *to) {
  const v128_t fine = wasm_f32x4_splat(per_step), coarse = wasm_f32x4_splat(per_step * 0.125f);
  v128_t a[2], b[2];
  for (int i = 0; i < 2; i++) {
    a[i] = feature(wasm_f32x4_mul(magnitudes[i], fine));
    b[i] = feature(wasm_f32x4_mul(magnitudes[i], coarse));
  }
  wasm_v128_store(to, wasm_i16x8_narrow_i32x4(a[0], a[1]));
  wasm_v128_store(to + 64, wasm_i16x8_narrow_i32x4(b[0], b[1]));
}

/** Of every block 64 steps to 128 features; `from_stride` and `stride` numbers between blocks. */
EXPORT(features)
void features(const float *steps, int from_stride, int blocks, float per_step, int16_t *to, int stride) {
  for (; blocks > 0; blocks--, steps += from_stride, to += stride)
    for (int i = 0; i < 64; i += 8) {
      const v128_t magnitudes[2] = {wasm_f32x4_abs(wasm_v128_load(steps + i)), wasm_f32x4_abs(wasm_v128_load(steps + i + 4))};
      store_features(magnitudes, per_step, to + i);
    }
}

/** Means over 2x2 blocks of the features before they are quantised; `row_stride` numbers between two rows of blocks. */
EXPORT(mean_features)
void mean_features(const float *steps, int row_stride, int cells, float per_step, int16_t *to, int stride) {
  const v128_t most = wasm_f32x4_const_splat(2), quarter = wasm_f32x4_splat(0.25f * per_step);
  for (; cells > 0; cells--, steps += 128, to += stride)
    for (int i = 0; i < 64; i += 8) {
      v128_t fine[2], coarse[2];
      for (int half = 0; half < 2; half++) {
        const float *at = steps + i + 4 * half;
        const float *blocks[4] = {at, at + 64, at + row_stride, at + row_stride + 64};
        fine[half] = coarse[half] = wasm_f32x4_const_splat(0);
        for (int block = 0; block < 4; block++) {
          const v128_t magnitude = wasm_f32x4_abs(wasm_v128_load(blocks[block]));
          fine[half] = wasm_f32x4_add(fine[half], wasm_f32x4_pmin(most, magnitude));
          const v128_t eighth = wasm_f32x4_mul(magnitude, wasm_f32x4_const_splat(0.125f));
          coarse[half] = wasm_f32x4_add(coarse[half], wasm_f32x4_pmin(most, eighth));
        }
        fine[half] = feature(wasm_f32x4_mul(fine[half], quarter));
        coarse[half] = feature(wasm_f32x4_mul(coarse[half], quarter));
      }
      wasm_v128_store(to + i, wasm_i16x8_narrow_i32x4(fine[0], fine[1]));
      wasm_v128_store(to + i + 64, wasm_i16x8_narrow_i32x4(coarse[0], coarse[1]));
    }
}
