// 16x16 pixels: taken from and given to interleaved rows, to Y, Cb and Cr at 4:2:0 and back.
#pragma once
#include "dct.h"
#include "kernel.h"

#define SIDE 16

/** A row of 16 pixels by channel. */
typedef struct {
  B16 r, g, b;
} Row;

INLINE Row load_row(const uint8_t *from, int pixel_bytes) {
  const B16 x = load_bytes(from), y = load_bytes(from + 16), z = load_bytes(from + 32);
  if (pixel_bytes == 3) {
    const B16 r = SHUFFLE16(x, y, 0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 0, 0, 0, 0, 0);
    const B16 g = SHUFFLE16(x, y, 1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 0, 0, 0, 0, 0);
    const B16 b = SHUFFLE16(x, y, 2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 0, 0, 0, 0, 0, 0);
    return (Row){SHUFFLE16(r, z, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17, 20, 23, 26, 29),
                 SHUFFLE16(g, z, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 18, 21, 24, 27, 30),
                 SHUFFLE16(b, z, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 19, 22, 25, 28, 31)};
  }
  const B16 w = load_bytes(from + 48);
  // Four pixels each to four bytes of r, g, b, alpha.
  const B16 a = SHUFFLE16(x, y, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
  const B16 b = SHUFFLE16(z, w, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
  const B16 c = SHUFFLE16(x, y, 2, 6, 10, 14, 18, 22, 26, 30, 2, 6, 10, 14, 18, 22, 26, 30);
  const B16 d = SHUFFLE16(z, w, 2, 6, 10, 14, 18, 22, 26, 30, 2, 6, 10, 14, 18, 22, 26, 30);
  return (Row){SHUFFLE16(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
               SHUFFLE16(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31),
               SHUFFLE16(c, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)};
}

/** `alpha`: pixels whose fourth bytes are taken; null for 255. */
INLINE void store_row(uint8_t *to, int pixel_bytes, Row row, const uint8_t *alpha) {
  if (pixel_bytes == 3) {
    const B16 a = SHUFFLE16(row.r, row.g, 0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5);
    const B16 b = SHUFFLE16(row.r, row.g, 21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26);
    const B16 c = SHUFFLE16(row.r, row.g, 0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0);
    store_bytes(to, SHUFFLE16(a, row.b, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15));
    store_bytes(to + 16, SHUFFLE16(b, row.b, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15));
    store_bytes(to + 32, SHUFFLE16(c, row.b, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31));
    return;
  }
  const I4 fourth = splat_bits(0xff000000u);
  const B16 rg[2] = {SHUFFLE16(row.r, row.g, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23),
                     SHUFFLE16(row.r, row.g, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)};
  const B16 bb[2] = {SHUFFLE16(row.b, row.b, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7),
                     SHUFFLE16(row.b, row.b, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15)};
  for (int i = 0; i < 4; i++) {
    const H8 a = (H8)rg[i >> 1], b = (H8)bb[i >> 1];
    const I4 four = i & 1 ? (I4)SHUFFLE8(a, b, 4, 12, 5, 13, 6, 14, 7, 15) : (I4)SHUFFLE8(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
    const I4 kept = alpha ? (I4)load_bytes(alpha + 16 * i) & fourth : fourth;
    store_bytes(to + 16 * i, (B16)((four & ~fourth) | kept));
  }
}

/** 16x16 pixels of a picture; where they reach beyond it, a copy that repeats its last column and row. */
typedef struct {
  const uint8_t *samples;
  ptrdiff_t stride;
  uint8_t copy[SIDE * SIDE * 4];
} Cell;

INLINE void take_cell(const jpegpre_pixels *from, int left, int top, Cell *cell) {
  const int bytes = from->pixel_bytes, width = from->width, height = from->height;
  cell->samples = from->samples + top * from->stride + (ptrdiff_t)left * bytes;
  cell->stride = from->stride;
  if (left + SIDE <= width && top + SIDE <= height) return;
  for (int y = 0; y < SIDE; y++) {
    const int row = top + y < height ? top + y : height - 1;
    for (int x = 0; x < SIDE; x++) {
      const int column = left + x < width ? left + x : width - 1;
      __builtin_memcpy(cell->copy + (y * SIDE + x) * bytes, from->samples + row * from->stride + (ptrdiff_t)column * bytes,
                       (size_t)bytes);
    }
  }
  cell->samples = cell->copy;
  cell->stride = SIDE * bytes;
}

INLINE F8 luma_of(F8 r, F8 g, F8 b) { return add(add(times(r, 0.299f), times(g, 0.587f)), times(b, 0.114f)); }

INLINE void luma_of_row(Row row, F8 y[2]) {
  F8 r[2], g[2], b[2];
  from_bytes(row.r, r), from_bytes(row.g, g), from_bytes(row.b, b);
  for (int i = 0; i < 2; i++) y[i] = luma_of(r[i], g[i], b[i]);
}

/** Sums of neighbours. */
INLINE U8 pair_sums(B16 a) { return ((U8)a & 255) + ((U8)a >> 8); }

/** Of two rows of one channel, the 8 sums of 2x2 pixels. */
INLINE F8 cell_sums(B16 upper, B16 lower) { return from_shorts((H8)(pair_sums(upper) + pair_sums(lower))); }

INLINE F8 above(F8 y) { return most(sub(y, splat(254.5f)), splat(0)); }
INLINE F8 beneath(F8 y) { return most(sub(splat(0.5f), y), splat(0)); }

/** From the sum over a block of what is half a level for white, or for black: nothing up to 6 pixels of 64, 1 from 18 on. */
INLINE float share_of(F8 sum) {
  const float share = total(sum) * (1.0f / 6) - 0.5f;
  return share < 0 ? 0 : share > 1 ? 1 : share;
}

/**
 * White and black of a block of luma beyond 0 and 255 by half of `overshoot`, where decoders cut off what quantization adds:
 * jpegpre_tf/ops/transform/picture_dct.py.
 */
INLINE void raise_and_lower(float *y, float overshoot) {
  F8 whites = splat(0), blacks = splat(0);
  for (int row = 0; row < 8; row++) {
    const F8 samples = load(y + row * SIDE);
    whites = add(whites, above(samples));
    blacks = add(blacks, beneath(samples));
  }
  const float raised = overshoot * share_of(whites), lowered = overshoot * share_of(blacks);
  if (raised == 0 && lowered == 0) return;
  for (int row = 0; row < 8; row++) {
    const F8 samples = load(y + row * SIDE);
    store(y + row * SIDE, add(samples, sub(times(above(samples), raised), times(beneath(samples), lowered))));
  }
}

/** Steps of a cell: four blocks of Y, rows of blocks `row_stride` numbers apart; then Cb's and Cr's. `overshoot`: see above. */
INLINE void forward_cell(const Cell *cell, int pixel_bytes, const Component *luma, const Component *chroma, float overshoot,
                         float *y_steps, ptrdiff_t row_stride, float *chroma_steps) {
  float y[SIDE * SIDE], cb[64], cr[64];
  for (int row = 0; row < SIDE; row += 2) {
    Row pixels[2];
    for (int below = 0; below < 2; below++) {
      const Row p = pixels[below] = load_row(cell->samples + (row + below) * cell->stride, pixel_bytes);
      float *to = y + (row + below) * SIDE;
      F8 both_halves[2];
      luma_of_row(p, both_halves);
      store(to, both_halves[0]);
      store(to + 8, both_halves[1]);
    }
    const F8 r = cell_sums(pixels[0].r, pixels[1].r), g = cell_sums(pixels[0].g, pixels[1].g);
    const F8 b = cell_sums(pixels[0].b, pixels[1].b);
    store(cb + row * 4, add(add(times(r, -0.168735892f / 4), times(g, -0.331264108f / 4)), times(b, 0.125f)));
    store(cr + row * 4, add(add(times(r, 0.125f), times(g, -0.418687589f / 4)), times(b, -0.081312411f / 4)));
  }
  for (int block = 0; block < 4; block++) {
    float *samples = y + (block >> 1) * 8 * SIDE + (block & 1) * 8;
    if (overshoot > 0) raise_and_lower(samples, overshoot);
    to_steps(samples, SIDE, luma, y_steps + (block >> 1) * row_stride + (block & 1) * 64);
  }
  to_steps(cb, 8, chroma, chroma_steps);
  to_steps(cr, 8, chroma, chroma_steps + 64);
}

/** What is added to R, G and B for Cb and Cr. */
INLINE void color_of(F8 cb, F8 cr, F8 color[3]) {
  color[0] = times(cr, 1.402f);
  color[1] = add(times(cb, -0.344136286f), times(cr, -0.714136286f));
  color[2] = times(cb, 1.772f);
}

INLINE I8 level_of(F8 sample) { return whole(clipped(sample, splat(0), splat(255)), 0); }

INLINE B16 sum_of(B16 old, const F8 y[2], F8 color) {
  F8 olds[2];
  from_bytes(old, olds);
  return bytes_of(level_of(add(olds[0], add(y[0], twice_low(color)))), level_of(add(olds[1], add(y[1], twice_high(color)))));
}

INLINE float positive(float value) { return value > 0 ? value : 0; }

/** How far samples are within reach of white or black, in levels. */
INLINE F8 beyond_of(F8 y, float reach) {
  return most(sub(magnitude(sub(y, splat(127.5f))), splat(127.5f - reach)), splat(0));
}

/**
 * A factor on the changes of one block of luma: 0 if white or black is in reach of 20 or more of its pixels, 1 if of 19 or fewer:
 * jpegpre_tf/ops/transform/picture_dct.py. A pixel at half the reach counts half.
 */
INLINE float headroom_of(F8 sum, float reach) { return positive(1 - positive(total(sum) / reach - 19)); }

/** Writes a cell: rows of samples of Y's four blocks, Cb and Cr, added to `cell`'s pixels. */
INLINE void write_cell(const Cell *cell, int cell_bytes, const jpegpre_pixels *to, int left, int top, const float *luma,
                       ptrdiff_t row_stride, const float *chroma, const float *reach, ptrdiff_t reach_stride) {
  const int bytes = to->pixel_bytes;
  float headroom[4];
  Row olds[SIDE];
  for (int below = 0; below < 2; below++) {
    F8 sums[2] = {splat(0), splat(0)};
    for (int row = 8 * below; row < 8 * below + 8; row++) {
      F8 y[2];
      luma_of_row(olds[row] = load_row(cell->samples + row * cell->stride, cell_bytes), y);
      for (int right = 0; right < 2; right++) sums[right] = add(sums[right], beyond_of(y[right], reach[below * reach_stride + right]));
    }
    for (int right = 0; right < 2; right++) headroom[2 * below + right] = headroom_of(sums[right], reach[below * reach_stride + right]);
  }
  const float chroma_headroom = positive(headroom[0] + headroom[1] + headroom[2] + headroom[3] - 3);
  uint8_t partial[SIDE * SIDE * 4];
  const int is_whole = left + SIDE <= to->width && top + SIDE <= to->height;
  uint8_t *at = is_whole ? to->samples + top * to->stride + (ptrdiff_t)left * bytes : partial;
  const ptrdiff_t stride = is_whole ? to->stride : SIDE * bytes;
  for (int row = 0; row < SIDE; row++) {
    const float *samples = luma + (row >> 3) * row_stride + (row & 7) * 8;
    const F8 cb = times(load(chroma + (row >> 1) * 8), chroma_headroom), cr = times(load(chroma + 64 + (row >> 1) * 8), chroma_headroom);
    const F8 y[2] = {times(load(samples), headroom[(row >> 3) * 2]), times(load(samples + 64), headroom[(row >> 3) * 2 + 1])};
    const Row old = olds[row];
    F8 color[3];
    color_of(cb, cr, color);
    const Row result = {sum_of(old.r, y, color[0]), sum_of(old.g, y, color[1]), sum_of(old.b, y, color[2])};
    store_row(at + row * stride, bytes, result, cell_bytes == 4 ? cell->samples + row * cell->stride : NULL);
  }
  if (is_whole) return;
  const int columns = to->width - left < SIDE ? to->width - left : SIDE, rows = to->height - top < SIDE ? to->height - top : SIDE;
  for (int row = 0; row < rows; row++)
    __builtin_memcpy(to->samples + (top + row) * to->stride + (ptrdiff_t)left * bytes, partial + row * stride, (size_t)(columns * bytes));
}
