// Quantized coefficients to the carrier's pixels, two registers of blocks at a time, one in each lane.
//
// jpegpre_tf/jpeg/carriers/carrier.py has the same operations in the same order: the same samples come out.
#pragma once
#include "pixels.h"

#define MOST_LEVELS 8192  // unrounded samples are cut here: nothing of that size is seen

// As wide as registers are: eight accumulators of 256 bits would be sixteen of 128.
#if defined(__AVX2__)
typedef F8 V;
INLINE V splat_v(float value) { return splat(value); }
#else
typedef F4 V;
INLINE V splat_v(float value) { return splat4(value); }
#endif
#define V_LANES ((int)(sizeof(V) / sizeof(float)))
#define BATCH (2 * V_LANES)  // blocks
#define CELLS (BATCH / 2)    // at a time: two batches of Y, one of Cb and Cr
#define CHROMA_WIDTH (CELLS * 8)
typedef V VUnaligned __attribute__((aligned(4), may_alias));

INLINE int has_bits(H8 numbers) {
  int64_t both[2];
  __builtin_memcpy(both, &numbers, sizeof both);
  return (both[0] | both[1]) != 0;
}

/** Samples by lane, unrounded, of eight blocks. */
INLINE void blocks_to_samples(const Shaping *shaping, const int16_t *const blocks[8], float samples[64][BATCH], int first) {
  F8 x[8];
  for (int row = 0; row < 8; row++) {
    H8 numbers[8], all = {0};
    for (int lane = 0; lane < 8; lane++) all |= numbers[lane] = load_shorts(blocks[lane] + 8 * row);
    if (!has_bits(all)) {  // as most rows of high frequencies
      for (int k = 0; k < 8; k++) store(samples[8 * row + k] + first, splat(0));
      continue;
    }
    for (int lane = 0; lane < 8; lane++) x[lane] = from_shorts(numbers[lane]);
    transpose(x);
    for (int k = 0; k < 8; k++) store(samples[8 * row + k] + first, times(x[k], shaping->levels[8 * row + k]));
  }
  for (int column = 0; column < 8; column++) {
    for (int row = 0; row < 8; row++) x[row] = load(samples[8 * row + column] + first);
    inverse_dct(x);
    for (int row = 0; row < 8; row++) store(samples[8 * row + column] + first, x[row]);
  }
  for (int row = 0; row < 8; row++) {
    for (int column = 0; column < 8; column++) x[column] = load(samples[8 * row + column] + first);
    inverse_dct(x);
    for (int column = 0; column < 8; column++)
      store(samples[8 * row + column] + first, clipped(add(x[column], splat(128)), splat(-MOST_LEVELS), splat(MOST_LEVELS)));
  }
}

INLINE V rounded_v(V value) { return (value + splat_v(ROUNDER)) - splat_v(ROUNDER); }
INLINE V load_v(const float *from) { return *(const VUnaligned *)from; }
INLINE void store_v(float *to, V value) { *(VUnaligned *)to = value; }

/**
 * Rounds the samples in place, the last ones first; errors are passed on to those that are rounded after them.
 *
 * Two registers at once: each error has to wait for the one before, and then the other's sums are there to be made.
 */
static void round_samples(const Shaping *shaping, float samples[64][BATCH]) {
  _Alignas(32) float errors[64][BATCH];
  const float *weight = shaping->weights;
  for (int first = 64 - SHAPED; first >= 0; first -= SHAPED) {
    V left[SHAPED][2];
    for (int k = 0; k < SHAPED; k++)
      for (int half = 0; half < 2; half++) left[k][half] = load_v(samples[first + k] + half * V_LANES);
    for (int error = 63; error >= first + SHAPED; error--, weight += SHAPED) {
      const V sizes[2] = {load_v(errors[error]), load_v(errors[error] + V_LANES)};
      for (int k = 0; k < SHAPED; k++)
        for (int half = 0; half < 2; half++) left[k][half] -= splat_v(weight[k]) * sizes[half];
    }
#pragma GCC unroll 8
    for (int own = SHAPED - 1; own >= 0; own--) {
      V found[2];
      for (int half = 0; half < 2; half++) {
        float *sample = samples[first + own] + half * V_LANES;
        const V nearest = rounded_v(left[own][half]);
        found[half] = nearest - load_v(sample);
        store_v(sample, nearest);
        store_v(errors[first + own] + half * V_LANES, found[half]);
      }
#pragma GCC unroll 8
      for (int k = 0; k < own; k++)
        for (int half = 0; half < 2; half++) left[k][half] -= splat_v(weight[k]) * found[half];
      weight += own;
    }
  }
}

/** Whole samples of a batch's blocks side by side, `stride` numbers a row. */
static void render_blocks(const Shaping *shaping, const int16_t *const blocks[BATCH], int16_t *to, ptrdiff_t stride) {
  _Alignas(32) float samples[64][BATCH];
  for (int first = 0; first < BATCH; first += 8) blocks_to_samples(shaping, blocks + first, samples, first);
  round_samples(shaping, samples);
  for (int row = 0; row < 8; row++)
    for (int first = 0; first < BATCH; first += 8) {
      F8 x[8];
      for (int k = 0; k < 8; k++) x[k] = load(samples[8 * row + k] + first);
      transpose(x);
      for (int lane = 0; lane < 8; lane++) store_shorts(to + row * stride + 8 * (first + lane), shorts_of(whole(x[lane], 0)));
    }
}

/** Some cells of a row of work: their samples, and what chroma adds to R, G and B. */
typedef struct {
  _Alignas(32) int16_t luma[SIDE][CELLS * SIDE];
  _Alignas(32) int16_t chroma[8][2 * CHROMA_WIDTH];  // Cb's blocks, then Cr's
  _Alignas(32) int16_t color[3][8][CHROMA_WIDTH];
} Strip;

/**
 * Blocks of Y of a row of work; beyond the picture those that cost fewest bits: the DC of the block before, as
 * jpegpre_tf/jpeg/carriers/carrier.py's `whole_mcus` has them.
 */
INLINE void find_luma(const jpegpre_coefficients *from, int band, int first_cell, int count, int16_t spare[2][2 * CELLS][64],
                      const int16_t *blocks[2][2 * CELLS]) {
  const int columns = (from->width + 7) / 8, rows = (from->height + 7) / 8;
  for (int below = 0; below < 2; below++)
    for (int i = 0; i < 2 * CELLS; i++) {
      const int at = i < 2 * count ? i : 2 * count - 1, row = 2 * band + below, column = 2 * first_cell + at;
      if (row < rows && column < columns) {
        blocks[below][i] = from->luma + ((ptrdiff_t)row * columns + column) * 64;
        continue;
      }
      const int16_t *before = row < rows ? blocks[below][at - (at == i)] : blocks[0][at | 1];
      __builtin_memset(spare[below][i], 0, sizeof spare[below][i]);
      spare[below][i][0] = before[0];
      blocks[below][i] = spare[below][i];
    }
}

INLINE void render_chroma(const Shaping *shaping, const jpegpre_coefficients *from, int band, int first_cell, int count, Strip *strip) {
  const int columns = (from->width + SIDE - 1) / SIDE;
  const int16_t *blocks[BATCH];
  for (int i = 0; i < CELLS; i++) {
    const ptrdiff_t at = ((ptrdiff_t)band * columns + first_cell + (i < count ? i : count - 1)) * 64;
    blocks[i] = from->cb + at;
    blocks[CELLS + i] = from->cr + at;
  }
  render_blocks(shaping, blocks, strip->chroma[0], 2 * CHROMA_WIDTH);
  // libjpeg's whole numbers for YCbCr to RGB: jpegpre_tf/jpeg/transform/color.py. At most 8200 * 116130 < 2^31.
  for (int row = 0; row < 8; row++)
    for (int i = 0; i < CHROMA_WIDTH; i++) {
      const int32_t cb = strip->chroma[row][i] - 128, cr = strip->chroma[row][CHROMA_WIDTH + i] - 128;
      strip->color[0][row][i] = (int16_t)((91881 * cr + 32768) >> 16);
      strip->color[1][row][i] = (int16_t)((-22554 * cb - 46802 * cr + 32768) >> 16);
      strip->color[2][row][i] = (int16_t)((116130 * cb + 32768) >> 16);
    }
}

/** Twice each of the lower or upper four. */
INLINE H8 twice_shorts(const int16_t *from, int upper) {
  const H8 a = load_shorts(from);
  return upper ? (H8)SHUFFLE8(a, a, 4, 4, 5, 5, 6, 6, 7, 7) : (H8)SHUFFLE8(a, a, 0, 0, 1, 1, 2, 2, 3, 3);
}

/** Counts what is cut at 0 or 255 of eight pixels, given the least and the largest of their channels. */
INLINE void count_cuts(H8 least, H8 largest, jpegpre_cuts *cuts) {
  const H8 none = {0}, top = none + 255;
  const H8 excess = most_shorts(none - least, largest - top);
  int16_t numbers[8];
  if (!has_bits(excess > none)) return;
  store_shorts(numbers, excess);
  for (int i = 0; i < 8; i++)
    if (numbers[i] > 0) {
      cuts->cut += numbers[i] > 1;
      cuts->squares += numbers[i] * numbers[i];
    }
}

/** RGB of one cell, to pixels that hold all of it. */
INLINE void write_color(const Strip *strip, int cell, uint8_t *to, ptrdiff_t stride, int pixel_bytes, jpegpre_cuts *cuts) {
  for (int row = 0; row < SIDE; row++) {
    H8 channels[3][2];
    for (int half = 0; half < 2; half++) {
      const H8 y = load_shorts(strip->luma[row] + cell * SIDE + 8 * half);
      for (int i = 0; i < 3; i++) channels[i][half] = y + twice_shorts(strip->color[i][row >> 1] + cell * 8, half);
    }
    H8 all = {0};
    for (int i = 0; i < 3; i++) all |= channels[i][0] | channels[i][1];
    // Bits beyond the lower eight: something is below 0 or above 255.
    for (int half = 0; half < 2 && cuts && has_bits(all & ~255); half++) {
      const H8 r = channels[0][half], g = channels[1][half], b = channels[2][half];
      count_cuts(least_shorts(least_shorts(r, g), b), most_shorts(most_shorts(r, g), b), cuts);
    }
    if (!to) continue;
    const Row pixels = {packed(channels[0][0], channels[0][1]), packed(channels[1][0], channels[1][1]),
                        packed(channels[2][0], channels[2][1])};
    store_row(to + row * stride, pixel_bytes, pixels, NULL);
  }
}

/** Y alone of a block, to pixels of one byte. */
INLINE void write_gray(const int16_t *from, ptrdiff_t from_stride, uint8_t *to, ptrdiff_t stride, jpegpre_cuts *cuts) {
  for (int row = 0; row < 8; row++) {
    const H8 y = load_shorts(from + row * from_stride);
    const B16 bytes = packed(y, y);
    if (cuts) count_cuts(y, y, cuts);
    if (to) __builtin_memcpy(to + row * stride, &bytes, 8);
  }
}

/** One row of work; `to` is where its pixels begin, or null, and `cuts` may be. */
static void render_band(const jpegpre_renderer *renderer, const jpegpre_coefficients *from, int band, uint8_t *to, ptrdiff_t stride,
                        int pixel_bytes, jpegpre_cuts *cuts) {
  const int cells = (from->width + SIDE - 1) / SIDE, columns = (from->width + 7) / 8, rows = (from->height + 7) / 8;
  Strip strip;
  int16_t spare[2][2 * CELLS][64];
  for (int first = 0; first < cells; first += CELLS) {
    const int count = cells - first < CELLS ? cells - first : CELLS;
    const int16_t *blocks[2][2 * CELLS];
    find_luma(from, band, first, count, spare, blocks);
    for (int below = 0; below < 2; below++)
      if (from->cb || 2 * band + below < rows) render_blocks(&renderer->luma, blocks[below], strip.luma[8 * below], CELLS * SIDE);
    if (from->cb) {
      render_chroma(&renderer->chroma, from, band, first, count, &strip);
      for (int i = 0; i < count; i++)
        write_color(&strip, i, to ? to + (ptrdiff_t)(first + i) * SIDE * pixel_bytes : NULL, stride, pixel_bytes, cuts);
      if (cuts) cuts->pixels += (int64_t)count * SIDE * SIDE;
      continue;
    }
    for (int below = 0; below < 2 && 2 * band + below < rows; below++)
      for (int i = 0; i < 2 * count && 2 * first + i < columns; i++) {
        write_gray(strip.luma[8 * below] + 8 * i, CELLS * SIDE, to ? to + 8 * below * stride + (2 * first + i) * 8 : NULL, stride, cuts);
        if (cuts) cuts->pixels += 64;
      }
  }
}

static void render(const jpegpre_renderer *renderer, const jpegpre_coefficients *from, const jpegpre_pixels *to, jpegpre_cuts *cuts,
                   int first, int end) {
  for (int band = first; band < end; band++)
    render_band(renderer, from, band, to ? to->samples + (ptrdiff_t)band * SIDE * to->stride : NULL, to ? to->stride : 0,
                to ? to->pixel_bytes : 0, cuts);
}
