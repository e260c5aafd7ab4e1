// Int8 3x3 convolutions by Winograd's F(2x2, 3x3): 16 products for 4 results where the plain way takes 36.
//
// Exact: the weights' transform is kept times 4, in int16 (at most 9 * 127), the input's is at most 4 * 255, and for up to 192
// channels the sums of 9 products fit int32.
#include "products.h"

#define TILES 16  // at once: what they take stays in the cache

/** Of one 4x4 patch to 16 numbers, for 8 channels. Rows of the patch are `row_stride`, columns `depth` numbers apart. */
INLINE void transform_patch(const int16_t *patch, int row_stride, int depth, int16_t *to, int to_stride) {
  v128_t rows[4][4];
  for (int j = 0; j < 4; j++) {
    v128_t d[4];
    for (int i = 0; i < 4; i++) d[i] = wasm_v128_load(patch + i * row_stride + j * depth);
    rows[0][j] = wasm_i16x8_sub(d[0], d[2]);
    rows[1][j] = wasm_i16x8_add(d[1], d[2]);
    rows[2][j] = wasm_i16x8_sub(d[2], d[1]);
    rows[3][j] = wasm_i16x8_sub(d[1], d[3]);
  }
  for (int i = 0; i < 4; i++, to += 4 * to_stride) {
    wasm_v128_store(to, wasm_i16x8_sub(rows[i][0], rows[i][2]));
    wasm_v128_store(to + to_stride, wasm_i16x8_add(rows[i][1], rows[i][2]));
    wasm_v128_store(to + 2 * to_stride, wasm_i16x8_sub(rows[i][2], rows[i][1]));
    wasm_v128_store(to + 3 * to_stride, wasm_i16x8_sub(rows[i][1], rows[i][3]));
  }
}

/** Of 16 sums, `stride` numbers apart, to the sums of the 2x2 positions, row by row. */
INLINE void transform_sums(const int32_t *sums, int stride, v128_t bias, v128_t *results[4]) {
  v128_t columns[2][4];
  for (int j = 0; j < 4; j++) {
    v128_t m[4];
    for (int i = 0; i < 4; i++) m[i] = wasm_v128_load(sums + (4 * i + j) * stride);
    columns[0][j] = wasm_i32x4_add(wasm_i32x4_add(m[0], m[1]), m[2]);
    columns[1][j] = wasm_i32x4_sub(wasm_i32x4_sub(m[1], m[2]), m[3]);
  }
  for (int i = 0; i < 2; i++) {
    const v128_t *c = columns[i];
    const v128_t left = wasm_i32x4_add(wasm_i32x4_add(c[0], c[1]), c[2]), right = wasm_i32x4_sub(wasm_i32x4_sub(c[1], c[2]), c[3]);
    *results[2 * i] = wasm_i32x4_add(wasm_i32x4_shr(left, 2), bias);
    *results[2 * i + 1] = wasm_i32x4_add(wasm_i32x4_shr(right, 2), bias);
  }
}

/**
 * Two rows of positions, `2 * tiles` each; ReLU, then times a factor per output.
 *
 * `input` is the position above and left of the first, rows of it are `row_stride` numbers apart; the weights have 16
 * matrices per panel. Takes 16 * TILES * (2 * depth + 64) bytes of `scratch`.
 */
EXPORT(product_3x3_scaled)
void product_3x3_scaled(const Product *p, const int16_t *input, int row_stride, int16_t *to, int tiles, int16_t *scratch) {
  const int depth = p->depth;
  int32_t *sums = (int32_t *)(scratch + 16 * TILES * depth);
  for (int start = 0; start < tiles; start += TILES) {
    const int count = tiles - start < TILES ? tiles - start : TILES;
    for (int tile = 0; tile < count; tile++)
      for (int channel = 0; channel < depth; channel += 8)
        transform_patch(input + 2 * (start + tile) * depth + channel, row_stride, depth, scratch + tile * depth + channel,
                        TILES * depth);
    for (int output = 0; output < p->outputs; output += PANEL) {
      for (int matrix = 0; matrix < 16; matrix++) {
        const int16_t *values = scratch + matrix * TILES * depth;
        const int16_t *weights = p->weights + 16 * output * depth + matrix * PANEL * depth;
        int32_t *at = sums + matrix * TILES * PANEL;
        // An odd last tile takes a stale neighbour along: cheaper than code of its own.
        for (int tile = 0; tile < count; tile += MOST_ROWS) {
          v128_t found[MOST_ROWS][VECTORS];
          accumulate(values + tile * depth, depth, depth, weights, 0, MOST_ROWS, found);
          for (int r = 0; r < MOST_ROWS; r++)
            for (int v = 0; v < VECTORS; v++) wasm_v128_store(at + (tile + r) * PANEL + 4 * v, found[r][v]);
        }
      }
      for (int tile = 0; tile < count; tile++) {
        v128_t found[4][VECTORS];
        for (int v = 0; v < VECTORS; v++) {
          v128_t *results[4] = {&found[0][v], &found[1][v], &found[2][v], &found[3][v]};
          transform_sums(sums + tile * PANEL + 4 * v, TILES * PANEL, wasm_v128_load(p->bias + output + 4 * v), results);
        }
        int16_t *at = to + 2 * (start + tile) * p->outputs + output;
        const int below = 2 * tiles * p->outputs;
        finish_scaled(found[0], output, p, at, at);
        finish_scaled(found[1], output, p, at + p->outputs, at);
        finish_scaled(found[2], output, p, at + below, at);
        finish_scaled(found[3], output, p, at + below + p->outputs, at);
      }
    }
  }
}
