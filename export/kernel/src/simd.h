// Eight floats at once, on registers of 256 or of 128 bits: the same numbers either way.
//
// GCC's and Clang's vectors do the arithmetic and the shuffles; what these cannot say has intrinsics here, and only here and in
// dot.h. Nothing is fused: -ffp-contract=off.
#pragma once
#include <stdint.h>

#if defined(__SSE4_1__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#else
#error "no vector instructions for this processor"
#endif

#define INLINE static inline __attribute__((always_inline))

typedef float F4 __attribute__((vector_size(16)));
typedef int32_t I4 __attribute__((vector_size(16)));
typedef int16_t H8 __attribute__((vector_size(16)));
typedef uint16_t U8 __attribute__((vector_size(16)));
typedef uint8_t B16 __attribute__((vector_size(16)));
typedef F4 F4Unaligned __attribute__((aligned(1), may_alias));
typedef I4 I4Unaligned __attribute__((aligned(1), may_alias));
typedef H8 H8Unaligned __attribute__((aligned(1), may_alias));
typedef B16 B16Unaligned __attribute__((aligned(1), may_alias));

#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE4(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#define SHUFFLE8 SHUFFLE4
#define SHUFFLE16 SHUFFLE4
#else
#define SHUFFLE4(a, b, ...) __builtin_shuffle(a, b, (I4){__VA_ARGS__})
#define SHUFFLE8(a, b, ...) __builtin_shuffle(a, b, (H8){__VA_ARGS__})
#define SHUFFLE16(a, b, ...) __builtin_shuffle(a, b, (B16){__VA_ARGS__})
#endif

// Adding 1.5 * 2^23 leaves a whole number, rounded half to even, in the low bits. For |value| < 2^22.
#define ROUNDER 12582912.0f
#define ROUNDER_BITS 0x4b400000

INLINE B16 load_bytes(const uint8_t *from) { return *(const B16Unaligned *)from; }
INLINE void store_bytes(uint8_t *to, B16 value) { *(B16Unaligned *)to = value; }
INLINE H8 load_shorts(const int16_t *from) { return *(const H8Unaligned *)from; }
INLINE void store_shorts(int16_t *to, H8 value) { *(H8Unaligned *)to = value; }
INLINE H8 most_shorts(H8 a, H8 b) { const H8 is_more = a > b; return (a & is_more) | (b & ~is_more); }
INLINE H8 least_shorts(H8 a, H8 b) { const H8 is_less = a < b; return (a & is_less) | (b & ~is_less); }
INLINE uint32_t load_word(const void *from) {
  uint32_t word;
  __builtin_memcpy(&word, from, 4);
  return word;
}

INLINE I4 splat_bits(uint32_t value) { return (I4){(int32_t)value, (int32_t)value, (int32_t)value, (int32_t)value}; }

#if defined(__AVX2__)

typedef __m256 F8;
typedef __m256i I8;
INLINE F8 splat(float value) { return _mm256_set1_ps(value); }
INLINE F8 load(const float *from) { return _mm256_loadu_ps(from); }
INLINE void store(float *to, F8 value) { _mm256_storeu_ps(to, value); }
INLINE F8 add(F8 a, F8 b) { return _mm256_add_ps(a, b); }
INLINE F8 sub(F8 a, F8 b) { return _mm256_sub_ps(a, b); }
INLINE F8 mul(F8 a, F8 b) { return _mm256_mul_ps(a, b); }
INLINE F8 least(F8 a, F8 b) { return _mm256_min_ps(a, b); }
INLINE F8 most(F8 a, F8 b) { return _mm256_max_ps(a, b); }
INLINE F8 whole_below(F8 a) { return _mm256_floor_ps(a); }
INLINE F8 from_ints(const int32_t *from) { return _mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)from)); }
INLINE F8 both(F8 a, F8 b) { return _mm256_and_ps(a, b); }
INLINE F8 either(F8 a, F8 b) { return _mm256_or_ps(a, b); }
INLINE F8 mask_at_least(F8 a, F8 b) { return _mm256_cmp_ps(a, b, _CMP_GE_OQ); }
INLINE int is_any(F8 mask) { return !_mm256_testz_ps(mask, mask); }
INLINE F8 magnitude(F8 a) { return _mm256_and_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff))); }
INLINE F8 sign_of(F8 a) { return _mm256_and_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32((int)0x80000000u))); }
/** Rounded half to even, plus a whole number, as int32; `bytes_of` cuts two of them off at 0 and 255. */
INLINE I8 whole(F8 a, int offset) {
  return _mm256_sub_epi32(_mm256_castps_si256(_mm256_add_ps(a, splat(ROUNDER))), _mm256_set1_epi32(ROUNDER_BITS - offset));
}
INLINE F8 from_low_bytes(B16 a) { return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32((__m128i)a)); }
INLINE void from_bytes(B16 a, F8 result[2]) {
  result[0] = from_low_bytes(a);
  result[1] = from_low_bytes((B16)_mm_unpackhi_epi64((__m128i)a, (__m128i)a));
}
INLINE F8 from_shorts(H8 a) { return _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32((__m128i)a)); }
INLINE H8 shorts_of(I8 a) { return (H8)_mm_packs_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1)); }
/** Cut off at 0 and 255. */
INLINE B16 packed(H8 low, H8 high) { return (B16)_mm_packus_epi16((__m128i)low, (__m128i)high); }
INLINE B16 bytes_of(I8 low, I8 high) {
  const __m256i shorts = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
  return (B16)_mm_packus_epi16(_mm256_castsi256_si128(shorts), _mm256_extracti128_si256(shorts, 1));
}
INLINE F8 twice_low(F8 a) {
  return _mm256_permutevar8x32_ps(a, _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3));
}
INLINE F8 twice_high(F8 a) {
  return _mm256_permutevar8x32_ps(a, _mm256_setr_epi32(4, 4, 5, 5, 6, 6, 7, 7));
}

INLINE void transpose(F8 x[8]) {
  F8 a[8], b[8];
  for (int i = 0; i < 8; i += 2) {
    a[i] = _mm256_unpacklo_ps(x[i], x[i + 1]);
    a[i + 1] = _mm256_unpackhi_ps(x[i], x[i + 1]);
  }
  for (int i = 0; i < 8; i += 4)
    for (int k = 0; k < 2; k++) {
      b[i + 2 * k] = _mm256_shuffle_ps(a[i + k], a[i + k + 2], 0x44);
      b[i + 2 * k + 1] = _mm256_shuffle_ps(a[i + k], a[i + k + 2], 0xee);
    }
  for (int i = 0; i < 4; i++) {
    x[i] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x20);
    x[i + 4] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x31);
  }
}

#else

typedef struct {
  F4 a, b;
} F8;
typedef struct {
  I4 a, b;
} I8;

#if defined(__SSE4_1__)
INLINE F4 least4(F4 a, F4 b) { return _mm_min_ps(a, b); }
INLINE F4 most4(F4 a, F4 b) { return _mm_max_ps(a, b); }
INLINE F4 whole_below4(F4 a) { return _mm_floor_ps(a); }
INLINE F4 floats4(I4 a) { return _mm_cvtepi32_ps((__m128i)a); }
INLINE I4 low_bytes4(B16 a) { return (I4)_mm_cvtepu8_epi32((__m128i)a); }
INLINE I4 low_shorts4(H8 a) { return (I4)_mm_cvtepi16_epi32((__m128i)a); }
INLINE H8 pack4(I4 a, I4 b) { return (H8)_mm_packs_epi32((__m128i)a, (__m128i)b); }
INLINE B16 pack8(H8 a, H8 b) { return (B16)_mm_packus_epi16((__m128i)a, (__m128i)b); }
INLINE int is_any4(I4 mask) { return _mm_movemask_epi8((__m128i)mask) != 0; }
#elif defined(__ARM_NEON)
INLINE F4 least4(F4 a, F4 b) { return (F4)vminq_f32((float32x4_t)a, (float32x4_t)b); }
INLINE F4 most4(F4 a, F4 b) { return (F4)vmaxq_f32((float32x4_t)a, (float32x4_t)b); }
INLINE F4 whole_below4(F4 a) { return (F4)vrndmq_f32((float32x4_t)a); }
INLINE F4 floats4(I4 a) { return (F4)vcvtq_f32_s32((int32x4_t)a); }
INLINE I4 low_bytes4(B16 a) { return (I4)vmovl_u16(vget_low_u16(vmovl_u8(vget_low_u8((uint8x16_t)a)))); }
INLINE I4 low_shorts4(H8 a) { return (I4)vmovl_s16(vget_low_s16((int16x8_t)a)); }
INLINE H8 pack4(I4 a, I4 b) { return (H8)vcombine_s16(vqmovn_s32((int32x4_t)a), vqmovn_s32((int32x4_t)b)); }
INLINE B16 pack8(H8 a, H8 b) { return (B16)vcombine_u8(vqmovun_s16((int16x8_t)a), vqmovun_s16((int16x8_t)b)); }
INLINE int is_any4(I4 mask) { return vmaxvq_u32((uint32x4_t)mask) != 0; }
#else
INLINE F4 least4(F4 a, F4 b) { return (F4)wasm_f32x4_pmin((v128_t)b, (v128_t)a); }
INLINE F4 most4(F4 a, F4 b) { return (F4)wasm_f32x4_pmax((v128_t)b, (v128_t)a); }
INLINE F4 whole_below4(F4 a) { return (F4)wasm_f32x4_floor((v128_t)a); }
INLINE F4 floats4(I4 a) { return (F4)wasm_f32x4_convert_i32x4((v128_t)a); }
INLINE I4 low_bytes4(B16 a) { return (I4)wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16((v128_t)a)); }
INLINE I4 low_shorts4(H8 a) { return (I4)wasm_i32x4_extend_low_i16x8((v128_t)a); }
INLINE H8 pack4(I4 a, I4 b) { return (H8)wasm_i16x8_narrow_i32x4((v128_t)a, (v128_t)b); }
INLINE B16 pack8(H8 a, H8 b) { return (B16)wasm_u8x16_narrow_i16x8((v128_t)a, (v128_t)b); }
INLINE int is_any4(I4 mask) { return wasm_v128_any_true((v128_t)mask); }
#endif

INLINE F4 splat4(float value) { return (F4){value, value, value, value}; }
INLINE F8 splat(float value) { return (F8){splat4(value), splat4(value)}; }
INLINE F8 load(const float *from) { return (F8){((const F4Unaligned *)from)[0], ((const F4Unaligned *)from)[1]}; }
INLINE void store(float *to, F8 value) {
  ((F4Unaligned *)to)[0] = value.a;
  ((F4Unaligned *)to)[1] = value.b;
}
INLINE F8 add(F8 x, F8 y) { return (F8){x.a + y.a, x.b + y.b}; }
INLINE F8 sub(F8 x, F8 y) { return (F8){x.a - y.a, x.b - y.b}; }
INLINE F8 mul(F8 x, F8 y) { return (F8){x.a * y.a, x.b * y.b}; }
INLINE F8 least(F8 x, F8 y) { return (F8){least4(x.a, y.a), least4(x.b, y.b)}; }
INLINE F8 most(F8 x, F8 y) { return (F8){most4(x.a, y.a), most4(x.b, y.b)}; }
INLINE F8 whole_below(F8 x) { return (F8){whole_below4(x.a), whole_below4(x.b)}; }
INLINE F8 from_ints(const int32_t *from) {
  return (F8){floats4(((const I4Unaligned *)from)[0]), floats4(((const I4Unaligned *)from)[1])};
}
INLINE F8 both(F8 x, F8 y) { return (F8){(F4)((I4)x.a & (I4)y.a), (F4)((I4)x.b & (I4)y.b)}; }
INLINE F8 either(F8 x, F8 y) { return (F8){(F4)((I4)x.a | (I4)y.a), (F4)((I4)x.b | (I4)y.b)}; }
INLINE F8 mask_at_least(F8 x, F8 y) { return (F8){(F4)(x.a >= y.a), (F4)(x.b >= y.b)}; }
INLINE int is_any(F8 mask) { return is_any4((I4)mask.a | (I4)mask.b); }
INLINE F8 magnitude(F8 x) {
  const I4 bits = splat_bits(0x7fffffffu);
  return (F8){(F4)((I4)x.a & bits), (F4)((I4)x.b & bits)};
}
INLINE F8 sign_of(F8 x) {
  const I4 bits = splat_bits(0x80000000u);
  return (F8){(F4)((I4)x.a & bits), (F4)((I4)x.b & bits)};
}
INLINE I8 whole(F8 x, int offset) {
  const F4 rounder = splat4(ROUNDER);
  const I4 bits = splat_bits((uint32_t)(ROUNDER_BITS - offset));
  return (I8){(I4)(x.a + rounder) - bits, (I4)(x.b + rounder) - bits};
}
INLINE F8 from_low_bytes(B16 a) {
  return (F8){floats4(low_bytes4(a)), floats4(low_bytes4((B16)SHUFFLE4((I4)a, (I4)a, 1, 1, 1, 1)))};
}
INLINE void from_bytes(B16 a, F8 result[2]) {
#if defined(__wasm_simd128__)
  const v128_t low = wasm_u16x8_extend_low_u8x16((v128_t)a), high = wasm_u16x8_extend_high_u8x16((v128_t)a);
  result[0] = (F8){floats4((I4)wasm_u32x4_extend_low_u16x8(low)), floats4((I4)wasm_u32x4_extend_high_u16x8(low))};
  result[1] = (F8){floats4((I4)wasm_u32x4_extend_low_u16x8(high)), floats4((I4)wasm_u32x4_extend_high_u16x8(high))};
#else
  const B16 none = {0};
  const H8 zero = {0}, low = (H8)SHUFFLE16(a, none, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const H8 high = (H8)SHUFFLE16(a, none, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  const I4 parts[4] = {(I4)SHUFFLE8(low, zero, 0, 8, 1, 9, 2, 10, 3, 11), (I4)SHUFFLE8(low, zero, 4, 12, 5, 13, 6, 14, 7, 15),
                       (I4)SHUFFLE8(high, zero, 0, 8, 1, 9, 2, 10, 3, 11), (I4)SHUFFLE8(high, zero, 4, 12, 5, 13, 6, 14, 7, 15)};
  result[0] = (F8){floats4(parts[0]), floats4(parts[1])};
  result[1] = (F8){floats4(parts[2]), floats4(parts[3])};
#endif
}
INLINE F8 from_shorts(H8 a) {
  return (F8){floats4(low_shorts4(a)), floats4(low_shorts4((H8)SHUFFLE4((I4)a, (I4)a, 2, 3, 2, 3)))};
}
INLINE H8 shorts_of(I8 x) { return pack4(x.a, x.b); }
INLINE B16 packed(H8 low, H8 high) { return pack8(low, high); }
INLINE B16 bytes_of(I8 x, I8 y) { return pack8(pack4(x.a, x.b), pack4(y.a, y.b)); }
INLINE F8 twice_low(F8 x) { return (F8){SHUFFLE4(x.a, x.a, 0, 0, 1, 1), SHUFFLE4(x.a, x.a, 2, 2, 3, 3)}; }
INLINE F8 twice_high(F8 x) { return (F8){SHUFFLE4(x.b, x.b, 0, 0, 1, 1), SHUFFLE4(x.b, x.b, 2, 2, 3, 3)}; }

INLINE void transpose4(F4 *a, F4 *b, F4 *c, F4 *d) {
  const F4 ab_low = SHUFFLE4(*a, *b, 0, 4, 1, 5), ab_high = SHUFFLE4(*a, *b, 2, 6, 3, 7);
  const F4 cd_low = SHUFFLE4(*c, *d, 0, 4, 1, 5), cd_high = SHUFFLE4(*c, *d, 2, 6, 3, 7);
  *a = SHUFFLE4(ab_low, cd_low, 0, 1, 4, 5);
  *b = SHUFFLE4(ab_low, cd_low, 2, 3, 6, 7);
  *c = SHUFFLE4(ab_high, cd_high, 0, 1, 4, 5);
  *d = SHUFFLE4(ab_high, cd_high, 2, 3, 6, 7);
}

INLINE void transpose(F8 x[8]) {
  transpose4(&x[0].a, &x[1].a, &x[2].a, &x[3].a);
  transpose4(&x[0].b, &x[1].b, &x[2].b, &x[3].b);
  transpose4(&x[4].a, &x[5].a, &x[6].a, &x[7].a);
  transpose4(&x[4].b, &x[5].b, &x[6].b, &x[7].b);
  for (int i = 0; i < 4; i++) {
    const F4 upper = x[i].b;
    x[i].b = x[i + 4].a;
    x[i + 4].a = upper;
  }
}

#endif

/** Sums of products of neighbouring numbers. */
INLINE I4 dot_pairs(I4 a, H8 b) {
#if defined(__SSE4_1__)
  return (I4)_mm_madd_epi16((__m128i)a, (__m128i)b);
#elif defined(__ARM_NEON)
  const int16x8_t x = (int16x8_t)a, y = (int16x8_t)b;
  return (I4)vpaddq_s32(vmull_s16(vget_low_s16(x), vget_low_s16(y)), vmull_high_s16(x, y));
#else
  return (I4)wasm_i32x4_dot_i16x8((v128_t)a, (v128_t)b);
#endif
}

INLINE F8 clipped(F8 value, F8 low, F8 high) { return most(low, least(high, value)); }
INLINE F8 times(F8 a, float b) { return mul(a, splat(b)); }
INLINE F8 rounded(F8 a) { return sub(add(a, splat(ROUNDER)), splat(ROUNDER)); }

/** Of eight numbers, in order. */
INLINE float total(F8 x) {
  float numbers[8];
  store(numbers, x);
  float sum = 0;
  for (int i = 0; i < 8; i++) sum += numbers[i];
  return sum;
}
