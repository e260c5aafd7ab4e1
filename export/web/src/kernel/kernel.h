// The network's WebAssembly kernel. ../worker/kernel.ts lays out its memory and calls it.
#pragma once
#include <stdint.h>
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name)))
#define INLINE static inline __attribute__((always_inline))

// Adding 1.5 * 2^23 leaves a whole number, rounded half to even, in the low bits: one instruction where conversions that
// must be right for every float take many. For |value| < 2^22.
#define ROUNDER 12582912.0f
#define ROUNDER_BITS 0x4b400000

INLINE v128_t rounded(v128_t value) {
  const v128_t rounder = wasm_f32x4_const_splat(ROUNDER);
  return wasm_f32x4_sub(wasm_f32x4_add(value, rounder), rounder);
}

/** The same as int32. */
INLINE v128_t whole(v128_t value) {
  return wasm_i32x4_sub(wasm_f32x4_add(value, wasm_f32x4_const_splat(ROUNDER)), wasm_i32x4_const_splat(ROUNDER_BITS));
}

/** Neither value may be not-a-number. */
INLINE v128_t clipped(v128_t value, v128_t low, v128_t high) {
  return wasm_f32x4_pmax(low, wasm_f32x4_pmin(high, value));
}

/** One convolution and the quantisation of its results. layers.ts writes these 12 words. */
typedef struct {
  const int16_t *weights;  // products.h, winograd.c
  const int32_t *bias;     // per output
  int depth;               // inputs per position
  int outputs;
  const float *scale;   // per output: from sums to units of the product's own quantisation
  const float *factor;  // per output: from those to units of the result
  float low, high;      // range of the result, less its zero point
  // Where something is added: range of the product alone, and its and the other's factor to units of the result.
  float own_low, own_high, own_factor, residual_factor;
} Product;

/** How steps are changed. layers.ts writes these 6 words. */
typedef struct {
  const float *zero_above;  // per code of a gate: how far above 0.5 the threshold for rounding to 0 is, in units of 1/60 step,
  const float *one_above;   // and that for rounding to 1 above 1.5
  const float *levels;      // per coefficient: from changes to the inverse DCT's units, 0 for DC
  const float *reaches;     // and to levels of reach
  float strength;
  float least_reach;  // of a block without changes, levels
} Decision;
