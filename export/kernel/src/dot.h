// Sums of products of 8-bit codes and weights for 16 outputs: the one thing that each level of instructions does its own way.
//
// Exact at every level. A word is what one instruction multiplies at once for each output: two int16 or four bytes.
#pragma once
#include "kernel.h"
#include "simd.h"

#define CHUNK 16  // positions that are worked on together; what they take stays in the nearest cache

#if LEVEL_PRODUCTS == 0
#define LEVEL_KIND BY_PAIRS
#define WORD_INPUTS 2
#else
#define WORD_INPUTS 4
#if LEVEL_PRODUCTS == 1
#define LEVEL_KIND BY_FOURS
#elif LEVEL_PRODUCTS == 2
#define LEVEL_KIND BY_FOURS_7
#elif LEVEL_PRODUCTS == 3
#define LEVEL_KIND SIGNED_FOURS
#else
#define LEVEL_KIND OFFSET_FOURS
#endif
#endif

#if defined(__AVX512VNNI__) && LEVEL_PRODUCTS == 1
typedef __m512i Sums;
#define LANES 16
#define ROWS 8  // positions at once, as many as registers hold
INLINE Sums load_sums(const void *from) { return _mm512_loadu_si512(from); }
INLINE void store_sums(void *to, Sums sums) { _mm512_storeu_si512(to, sums); }
INLINE Sums splat_word(uint32_t word) { return _mm512_set1_epi32((int)word); }
INLINE Sums dot(Sums sums, Sums inputs, Sums weights) { return _mm512_dpbusd_epi32(sums, inputs, weights); }
#elif defined(__AVX2__)
typedef __m256i Sums;
#define LANES 8
#define ROWS 4
INLINE Sums load_sums(const void *from) { return _mm256_loadu_si256((const __m256i *)from); }
INLINE void store_sums(void *to, Sums sums) { _mm256_storeu_si256((__m256i *)to, sums); }
INLINE Sums splat_word(uint32_t word) { return _mm256_set1_epi32((int)word); }
INLINE Sums dot(Sums sums, Sums inputs, Sums weights) {
#if LEVEL_PRODUCTS == 0
  return _mm256_add_epi32(sums, _mm256_madd_epi16(inputs, weights));
#elif LEVEL_PRODUCTS == 1
  return _mm256_dpbusd_avx_epi32(sums, inputs, weights);
#else
  return _mm256_add_epi32(sums, _mm256_madd_epi16(_mm256_maddubs_epi16(inputs, weights), _mm256_set1_epi16(1)));
#endif
}
#else
typedef I4 Sums;
#define LANES 4
INLINE Sums load_sums(const void *from) { return *(const I4Unaligned *)from; }
INLINE void store_sums(void *to, Sums sums) { *(I4Unaligned *)to = sums; }
INLINE Sums splat_word(uint32_t word) { return splat_bits(word); }
#if defined(__SSE4_1__)
#define ROWS 2
INLINE Sums dot(Sums sums, Sums inputs, Sums weights) { return sums + dot_pairs(inputs, (H8)weights); }
#elif defined(__ARM_NEON)
#define ROWS 4
INLINE Sums dot(Sums sums, Sums inputs, Sums weights) {
#if LEVEL_PRODUCTS == 3
  return (I4)vdotq_s32((int32x4_t)sums, (int8x16_t)weights, (int8x16_t)inputs);
#else
  return sums + dot_pairs(inputs, (H8)weights);
#endif
}
#else
#define ROWS 2
#if LEVEL_PRODUCTS == 4
INLINE Sums dot(Sums sums, Sums inputs, Sums weights) {
  return (I4)wasm_i32x4_relaxed_dot_i8x16_i7x16_add((v128_t)inputs, (v128_t)weights, (v128_t)sums);
}
/** The same; three instructions where browsers make five of `dot`, on x86 without VNNI. 2 * 128 * 127 fits int16. */
INLINE Sums dot_by_shorts(Sums sums, Sums inputs, Sums weights) {
  const H8 ones = {1, 1, 1, 1, 1, 1, 1, 1};
  return sums + dot_pairs((I4)wasm_i16x8_relaxed_dot_i8x16_i7x16((v128_t)inputs, (v128_t)weights), ones);
}
/** Whether `dot` itself goes by way of int16: then the sums of bytes that are out of its range are cut off. */
INLINE int goes_by_shorts(void) {
  return dot((Sums){0}, splat_bits(0x7f7f7f7fu), splat_bits(0xffffffffu))[0] == 2 * 32767;
}
#else
INLINE Sums dot(Sums sums, Sums inputs, Sums weights) { return sums + dot_pairs(inputs, (H8)weights); }
#endif
#endif
#endif

#define VECTORS (PANEL / LANES)
typedef Sums DotKind(Sums sums, Sums inputs, Sums weights);

/** Codes as `dot` takes them: [position][inputs]. Returns `codes` itself where they are right already. */
INLINE const char *prepared(const uint8_t *codes, int count, void *to) {
#if LEVEL_PRODUCTS == 0
  int16_t *shorts = to;
  for (int i = 0; i < count; i += 16) {
    const B16 bytes = load_bytes(codes + i), zero = {0};
    *(B16Unaligned *)(shorts + i) = SHUFFLE16(bytes, zero, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    *(B16Unaligned *)(shorts + i + 8) = SHUFFLE16(bytes, zero, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  }
  return to;
#elif LEVEL_PRODUCTS < 3
  (void)count, (void)to;
  return (const char *)codes;
#else
  uint8_t *bytes = to;
  for (int i = 0; i < count; i += 16) store_bytes(bytes + i, load_bytes(codes + i) ^ (uint8_t)128);
  return to;
#endif
}

/** What is added to the sums of one position: the weights' offset of 64 times all its inputs is taken off. */
INLINE int32_t position_offset(const char *inputs, int words) {
#if LEVEL_PRODUCTS == 4
  Sums sums = {0};
  for (int k = 0; k < words; k += 4) sums = dot(sums, load_sums(inputs + 4 * k), (Sums)splat_bits(0x40404040u));
  return -(sums[0] + sums[1] + sums[2] + sums[3]);
#else
  (void)inputs, (void)words;
  return 0;
#endif
}

INLINE Sums with_offset(Sums bias, int32_t offset) {
#if LEVEL_PRODUCTS == 4
  return bias + (Sums)splat_bits((uint32_t)offset);
#else
  (void)offset;
  return bias;
#endif
}

/** Adds what weights less by one lack. */
INLINE void add_rests(const Layer *layer, const char *inputs, int positions, int32_t *sums) {
#if LEVEL_PRODUCTS == 4
  for (int i = 0; i < layer->rest_count; i++)
    for (int position = 0; position < positions; position++)
      sums[position * layer->outputs + layer->rests[i].output] += (int8_t)inputs[position * layer->depth + layer->rests[i].input];
#else
  (void)layer, (void)inputs, (void)positions, (void)sums;
#endif
}

/** Sums of `count` positions, a multiple of ROWS, that `inputs` has as `dot` takes them. */
INLINE void multiply(const Layer *layer, const char *inputs, const int32_t *offsets, int count, int32_t *sums, DotKind *dot_of) {
  const int words = layer->depth / WORD_INPUTS, outputs = layer->outputs;
  for (int output = 0; output < outputs; output += PANEL) {
    const char *panel = (const char *)layer->weights + (size_t)output * (size_t)words * 4;
    for (int position = 0; position < count; position += ROWS) {
      Sums found[ROWS][VECTORS];
      for (int v = 0; v < VECTORS; v++) {
        const Sums bias = load_sums(layer->bias + output + v * LANES);
        for (int r = 0; r < ROWS; r++) found[r][v] = with_offset(bias, offsets[position + r]);
      }
      const char *at = inputs + position * words * 4, *weights = panel;
      for (int k = 0; k < words; k++, weights += PANEL * 4) {
        Sums w[VECTORS];
        for (int v = 0; v < VECTORS; v++) w[v] = load_sums(weights + v * LANES * 4);
        for (int r = 0; r < ROWS; r++) {
          const Sums word = splat_word(load_word(at + (r * words + k) * 4));
          for (int v = 0; v < VECTORS; v++) found[r][v] = dot_of(found[r][v], word, w[v]);
        }
      }
      for (int r = 0; r < ROWS; r++)
        for (int v = 0; v < VECTORS; v++) store_sums(sums + (position + r) * outputs + output + v * LANES, found[r][v]);
    }
  }
}

/** Sums of 1..CHUNK positions, [position][outputs]; both sides hold CHUNK positions. */
static __attribute__((noinline)) void product(const Layer *layer, const uint8_t *codes, int positions, int32_t *sums) {
  _Alignas(64) char buffer[CHUNK * MOST_DEPTH * 2];
  int32_t offsets[CHUNK];
  const int depth = layer->depth, words = depth / WORD_INPUTS;
  const int count = (positions + ROWS - 1) / ROWS * ROWS;
  const char *inputs = prepared(codes, count * depth, buffer);
  for (int i = 0; i < count; i++) offsets[i] = position_offset(inputs + i * words * 4, words);
#if LEVEL_PRODUCTS == 4
  if (goes_by_shorts()) multiply(layer, inputs, offsets, count, sums, dot_by_shorts);
  else
#endif
    multiply(layer, inputs, offsets, count, sums, dot);
  add_rests(layer, inputs, positions, sums);
}

/** Sums of a 3x3 convolution of single channels; `rows` are of codes, at the position above and left of the first. */
static __attribute__((noinline)) void product_3x3(const Layer *layer, const uint8_t *const rows[3], int positions, int32_t *sums) {
  const int channels = layer->outputs;
  for (int position = 0; position < positions; position++)
    for (int channel = 0; channel < channels; channel += 8) {
      I4 low = ((const I4Unaligned *)(layer->bias + channel))[0], high = ((const I4Unaligned *)(layer->bias + channel))[1];
      const H8 *weights = (const H8 *)((const int16_t *)layer->weights + channel * 10);
      B16 taps[10];
      for (int tap = 0; tap < 9; tap++) {
        uint64_t eight;
        __builtin_memcpy(&eight, rows[tap / 3] + (position + tap % 3) * channels + channel, 8);
        taps[tap] = (B16)(uint64_t __attribute__((vector_size(16)))){eight, 0};
      }
      taps[9] = (B16){0};
      for (int pair = 0; pair < 5; pair++) {
        const B16 a = taps[2 * pair], b = taps[2 * pair + 1], zero = {0};
        const B16 bytes = SHUFFLE16(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const I4 first = (I4)SHUFFLE16(bytes, zero, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const I4 second = (I4)SHUFFLE16(bytes, zero, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        low += dot_pairs(first, weights[2 * pair]);
        high += dot_pairs(second, weights[2 * pair + 1]);
      }
      ((I4Unaligned *)(sums + position * channels + channel))[0] = low;
      ((I4Unaligned *)(sums + position * channels + channel))[1] = high;
    }
}
