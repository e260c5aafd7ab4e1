// Pixels to quantisation steps of the DCT of Y, Cb and Cr at 4:2:0, and changes of those back to pixels.
//
// Coefficients of a block lie transposed (columns' frequency first): that saves two transpositions. The DCT is that of Arai,
// Agui and Nakajima, whose results lack a factor per coefficient; the tables that kernel.ts makes have it.
#include "kernel.h"

#define HALF 2  // vectors of a row of a block

INLINE v128_t f32(float value) { return wasm_f32x4_splat(value); }
INLINE v128_t add(v128_t a, v128_t b) { return wasm_f32x4_add(a, b); }
INLINE v128_t sub(v128_t a, v128_t b) { return wasm_f32x4_sub(a, b); }
INLINE v128_t mul(v128_t a, float b) { return wasm_f32x4_mul(a, wasm_f32x4_splat(b)); }

/** DCT along the first index; x[i * stride]. */
INLINE void dct(v128_t *x, int stride) {
  const v128_t s07 = add(x[0], x[7 * stride]), d07 = sub(x[0], x[7 * stride]);
  const v128_t s16 = add(x[stride], x[6 * stride]), d16 = sub(x[stride], x[6 * stride]);
  const v128_t s25 = add(x[2 * stride], x[5 * stride]), d25 = sub(x[2 * stride], x[5 * stride]);
  const v128_t s34 = add(x[3 * stride], x[4 * stride]), d34 = sub(x[3 * stride], x[4 * stride]);

  const v128_t a = add(s07, s34), b = add(s16, s25), c = sub(s16, s25), d = sub(s07, s34);
  const v128_t e = mul(add(c, d), 0.707106781f);
  x[0] = add(a, b);
  x[4 * stride] = sub(a, b);
  x[2 * stride] = add(d, e);
  x[6 * stride] = sub(d, e);

  const v128_t f = add(d34, d25), g = add(d25, d16), h = add(d16, d07);
  const v128_t rotation = mul(sub(f, h), 0.382683433f);
  const v128_t low = add(mul(f, 0.541196100f), rotation), high = add(mul(h, 1.306562965f), rotation);
  const v128_t middle = mul(g, 0.707106781f);
  const v128_t plus = add(d07, middle), minus = sub(d07, middle);
  x[5 * stride] = add(minus, low);
  x[3 * stride] = sub(minus, low);
  x[stride] = add(plus, high);
  x[7 * stride] = sub(plus, high);
}

/** Its inverse. */
INLINE void inverse_dct(v128_t *x, int stride) {
  const v128_t a = add(x[0], x[4 * stride]), b = sub(x[0], x[4 * stride]);
  const v128_t c = add(x[2 * stride], x[6 * stride]);
  const v128_t d = sub(mul(sub(x[2 * stride], x[6 * stride]), 1.414213562f), c);
  const v128_t even0 = add(a, c), even3 = sub(a, c), even1 = add(b, d), even2 = sub(b, d);

  const v128_t e = add(x[5 * stride], x[3 * stride]), f = sub(x[5 * stride], x[3 * stride]);
  const v128_t g = add(x[stride], x[7 * stride]), h = sub(x[stride], x[7 * stride]);
  const v128_t odd7 = add(g, e);
  const v128_t rotation = mul(add(f, h), 1.847759065f);
  const v128_t odd6 = sub(sub(rotation, mul(f, 2.613125930f)), odd7);
  const v128_t odd5 = sub(mul(sub(g, e), 1.414213562f), odd6);
  const v128_t odd4 = sub(sub(rotation, mul(h, 1.082392200f)), odd5);

  x[0] = add(even0, odd7);
  x[7 * stride] = sub(even0, odd7);
  x[stride] = add(even1, odd6);
  x[6 * stride] = sub(even1, odd6);
  x[2 * stride] = add(even2, odd5);
  x[5 * stride] = sub(even2, odd5);
  x[3 * stride] = add(even3, odd4);
  x[4 * stride] = sub(even3, odd4);
}

INLINE void transpose4(v128_t *a, v128_t *b, v128_t *c, v128_t *d) {
  const v128_t ab_low = wasm_i32x4_shuffle(*a, *b, 0, 4, 1, 5), ab_high = wasm_i32x4_shuffle(*a, *b, 2, 6, 3, 7);
  const v128_t cd_low = wasm_i32x4_shuffle(*c, *d, 0, 4, 1, 5), cd_high = wasm_i32x4_shuffle(*c, *d, 2, 6, 3, 7);
  *a = wasm_i64x2_shuffle(ab_low, cd_low, 0, 2);
  *b = wasm_i64x2_shuffle(ab_low, cd_low, 1, 3);
  *c = wasm_i64x2_shuffle(ab_high, cd_high, 0, 2);
  *d = wasm_i64x2_shuffle(ab_high, cd_high, 1, 3);
}

INLINE void transpose(v128_t x[16]) {
  transpose4(&x[0], &x[2], &x[4], &x[6]);
  transpose4(&x[1], &x[3], &x[5], &x[7]);
  transpose4(&x[8], &x[10], &x[12], &x[14]);
  transpose4(&x[9], &x[11], &x[13], &x[15]);
  for (int i = 0; i < 4; i++) {
    const v128_t upper = x[2 * i + 1];
    x[2 * i + 1] = x[2 * i + 8];
    x[2 * i + 8] = upper;
  }
}

/** One block of samples, rows `stride` numbers apart, to steps. */
INLINE void to_steps(const float *samples, int stride, const float *per_level, float *steps) {
  v128_t x[16];
  for (int i = 0; i < 16; i++) x[i] = wasm_v128_load(samples + (i >> 1) * stride + 4 * (i & 1));
  dct(x, HALF);
  dct(x + 1, HALF);
  transpose(x);
  dct(x, HALF);
  dct(x + 1, HALF);
  for (int i = 0; i < 16; i++) wasm_v128_store(steps + 4 * i, wasm_f32x4_mul(x[i], wasm_v128_load(per_level + 4 * i)));
}

INLINE float positive(float value) { return value > 0 ? value : 0; }

INLINE float total(v128_t x) {
  return wasm_f32x4_extract_lane(x, 0) + wasm_f32x4_extract_lane(x, 1) + wasm_f32x4_extract_lane(x, 2) + wasm_f32x4_extract_lane(x, 3);
}

/** Red is at 0, green at 8, blue at 16. */
INLINE v128_t channel(v128_t pixels, int shift) { return wasm_v128_and(wasm_u32x4_shr(pixels, shift), wasm_i32x4_const_splat(255)); }

INLINE v128_t luma_of(v128_t r, v128_t g, v128_t b) {
  return add(add(mul(wasm_f32x4_convert_i32x4(r), 0.299f), mul(wasm_f32x4_convert_i32x4(g), 0.587f)),
             mul(wasm_f32x4_convert_i32x4(b), 0.114f));
}

/** 16 rows of pixels to steps: luma in two rows of blocks, `width / 8` blocks each, chroma as 64 of Cb, 64 of Cr. */
EXPORT(forward)
void forward(const uint32_t *pixels, int width, const float *luma_per_level, const float *chroma_per_level, float *luma,
             float *chroma) {
  const int columns = width / 8;
  for (int left = 0; left < width; left += 16, luma += 128, chroma += 128) {
    float y[16 * 16], cb[64], cr[64];
    for (int row = 0; row < 16; row += 2)
      for (int column = 0; column < 16; column += 8) {
        v128_t sums[3][2];  // of two rows; of 4 columns each
        for (int half = 0; half < 2; half++)
          for (int below = 0; below < 2; below++) {
            const v128_t p = wasm_v128_load(pixels + (row + below) * width + left + column + 4 * half);
            const v128_t r = channel(p, 0), g = channel(p, 8), b = channel(p, 16);
            wasm_v128_store(y + (row + below) * 16 + column + 4 * half, luma_of(r, g, b));
            sums[0][half] = below ? wasm_i32x4_add(sums[0][half], r) : r;
            sums[1][half] = below ? wasm_i32x4_add(sums[1][half], g) : g;
            sums[2][half] = below ? wasm_i32x4_add(sums[2][half], b) : b;
          }
        v128_t mean[3];  // times 4
        for (int i = 0; i < 3; i++)
          mean[i] = wasm_f32x4_convert_i32x4(wasm_i32x4_add(wasm_i32x4_shuffle(sums[i][0], sums[i][1], 0, 2, 4, 6),
                                                            wasm_i32x4_shuffle(sums[i][0], sums[i][1], 1, 3, 5, 7)));
        const int at = row * 4 + column / 2;
        wasm_v128_store(cb + at, add(add(mul(mean[0], -0.168735892f / 4), mul(mean[1], -0.331264108f / 4)), mul(mean[2], 0.125f)));
        wasm_v128_store(cr + at, add(add(mul(mean[0], 0.125f), mul(mean[1], -0.418687589f / 4)), mul(mean[2], -0.081312411f / 4)));
      }
    for (int block = 0; block < 4; block++) {
      const int to = (block >> 1) * columns + (block & 1);
      to_steps(y + (block >> 1) * 128 + (block & 1) * 8, 16, luma_per_level, luma + to * 64);
    }
    to_steps(cb, 8, chroma_per_level, chroma);
    to_steps(cr, 8, chroma_per_level, chroma + 64);
  }
}

/**
 * What the changes of blocks' steps change in their samples, which replaces them.
 *
 * @param reach To how far from white and black each block's changes reach, in levels; null if nobody wants it.
 */
EXPORT(decided_samples)
void decided_samples(const Decision *decision, const uint8_t *codes, float *steps, int blocks, float *reach) {
  // From this strength on coefficients that the encoder rounds down anyway are moved too: layers/dead_zone.py.
  const float full = decision->strength * 8;
  const float amount = full < 1 ? full : 1;
  const v128_t zero = f32(0), most = f32(6), target = f32(1.5f - 0.2f * amount), zero_base = f32(30 * amount), one_base = f32(90);
  const float *zeros = decision->zero_above, *ones = decision->one_above;
  for (; blocks > 0; blocks--, codes += 128, steps += 64) {
    v128_t sum = zero;
    v128_t x[16];
    for (int i = 0; i < 16; i++) {
      const v128_t step = wasm_v128_load(steps + 4 * i);
      const uint8_t *code = codes + 4 * i, *second = code + 64;
      const v128_t zero_above = wasm_f32x4_make(zeros[code[0]], zeros[code[1]], zeros[code[2]], zeros[code[3]]);
      const v128_t one_above = wasm_f32x4_make(ones[second[0]], ones[second[1]], ones[second[2]], ones[second[3]]);
      const v128_t magnitude = mul(wasm_f32x4_abs(step), 60);
      const v128_t to_zero = clipped(sub(add(zero_above, zero_base), magnitude), zero, most);
      const v128_t to_one = clipped(sub(add(one_above, one_base), magnitude), zero, most);
      const v128_t beyond = sub(step, clipped(step, wasm_f32x4_neg(target), target));
      const v128_t change = add(wasm_f32x4_mul(to_zero, step), wasm_f32x4_mul(to_one, mul(beyond, 1.25f)));
      x[i] = wasm_f32x4_mul(change, wasm_v128_load(decision->levels + 4 * i));
      if (reach) sum = add(sum, wasm_f32x4_mul(wasm_f32x4_abs(change), wasm_v128_load(decision->reaches + 4 * i)));
    }
    if (reach) *reach++ = total(sum) + decision->least_reach;
    inverse_dct(x, HALF);
    inverse_dct(x + 1, HALF);
    transpose(x);
    inverse_dct(x, HALF);
    inverse_dct(x + 1, HALF);
    for (int i = 0; i < 16; i++) wasm_v128_store(steps + 4 * i, x[i]);
  }
}

/**
 * A factor on the changes of one block of luma: 0 if white or black is in reach of more than `most` of its pixels, and one, 1 if
 * of fewer than `most`: jpegpre_tf/ops/picture_dct.py. A pixel at half the reach counts half.
 */
INLINE float headroom_of(const uint32_t *pixels, int width, float reach, float most) {
  const v128_t inner = f32(127.5f - reach);
  v128_t sum = f32(0);
  for (int i = 0; i < 16; i++) {
    const v128_t p = wasm_v128_load(pixels + (i >> 1) * width + 4 * (i & 1));
    const v128_t from_middle = wasm_f32x4_abs(sub(luma_of(channel(p, 0), channel(p, 8), channel(p, 16)), f32(127.5f)));
    sum = add(sum, wasm_f32x4_pmax(f32(0), sub(from_middle, inner)));
  }
  return positive(1 - positive(total(sum) / reach - most));
}

INLINE v128_t changed(v128_t pixels, int shift, v128_t change) {
  const v128_t old = wasm_f32x4_convert_i32x4(channel(pixels, shift));
  return wasm_i32x4_shl(whole(clipped(add(old, change), f32(0), f32(255))), shift);
}

/**
 * Adds changes of samples to 16 rows of pixels, where these can hold them; layout as in `forward`. Alpha stays.
 *
 * @param reach Of each block of luma.
 */
EXPORT(apply)
void apply(uint32_t *pixels, int width, const float *luma, const float *chroma, const float *reach, float most_in_reach) {
  const int columns = width / 8;
  for (int left = 0; left < width; left += 16, luma += 128, chroma += 128, reach += 2) {
    float headroom[4], chroma_headroom = -3;  // chroma's is 1 where all four have it, else 0
    for (int block = 0; block < 4; block++) {
      const uint32_t *first = pixels + (block >> 1) * 8 * width + left + (block & 1) * 8;
      headroom[block] = headroom_of(first, width, reach[(block >> 1) * columns + (block & 1)], most_in_reach);
      chroma_headroom += headroom[block];
    }
    chroma_headroom = positive(chroma_headroom);
    for (int row = 0; row < 16; row++)
      for (int column = 0; column < 16; column += 8) {
        const int below = row >> 3, right = column >> 3;
        const float *y = luma + (below * columns + right) * 64 + (row & 7) * 8;
        const v128_t cb4 = mul(wasm_v128_load(chroma + (row >> 1) * 8 + (column >> 1)), chroma_headroom);
        const v128_t cr4 = mul(wasm_v128_load(chroma + 64 + (row >> 1) * 8 + (column >> 1)), chroma_headroom);
        for (int half = 0; half < 2; half++) {
          const v128_t dy = mul(wasm_v128_load(y + 4 * half), headroom[2 * below + right]);
          const v128_t cb = half ? wasm_i32x4_shuffle(cb4, cb4, 2, 2, 3, 3) : wasm_i32x4_shuffle(cb4, cb4, 0, 0, 1, 1);
          const v128_t cr = half ? wasm_i32x4_shuffle(cr4, cr4, 2, 2, 3, 3) : wasm_i32x4_shuffle(cr4, cr4, 0, 0, 1, 1);
          uint32_t *at = pixels + row * width + left + column + 4 * half;
          const v128_t p = wasm_v128_load(at);
          const v128_t r = changed(p, 0, add(dy, mul(cr, 1.402f)));
          const v128_t g = changed(p, 8, add(add(dy, mul(cb, -0.344136286f)), mul(cr, -0.714136286f)));
          const v128_t b = changed(p, 16, add(dy, mul(cb, 1.772f)));
          const v128_t alpha = wasm_v128_and(p, wasm_i32x4_const_splat(0xff000000));
          wasm_v128_store(at, wasm_v128_or(wasm_v128_or(r, g), wasm_v128_or(b, alpha)));
        }
      }
  }
}
