// The DCT of Arai, Agui and Nakajima, whose results lack a factor per coefficient: plan.c's tables have it.
//
// Coefficients of a block lie transposed, [horizontal][vertical frequency]: that saves two transpositions.
#pragma once
#include "kernel.h"
#include "simd.h"

/** Along the first index. */
INLINE void dct(F8 x[8]) {
  const F8 s07 = add(x[0], x[7]), d07 = sub(x[0], x[7]), s16 = add(x[1], x[6]), d16 = sub(x[1], x[6]);
  const F8 s25 = add(x[2], x[5]), d25 = sub(x[2], x[5]), s34 = add(x[3], x[4]), d34 = sub(x[3], x[4]);

  const F8 a = add(s07, s34), b = add(s16, s25), c = sub(s16, s25), d = sub(s07, s34);
  const F8 e = times(add(c, d), 0.707106781f);
  x[0] = add(a, b);
  x[4] = sub(a, b);
  x[2] = add(d, e);
  x[6] = sub(d, e);

  const F8 f = add(d34, d25), g = add(d25, d16), h = add(d16, d07);
  const F8 rotation = times(sub(f, h), 0.382683433f);
  const F8 low = add(times(f, 0.541196100f), rotation), high = add(times(h, 1.306562965f), rotation);
  const F8 middle = times(g, 0.707106781f);
  const F8 plus = add(d07, middle), minus = sub(d07, middle);
  x[5] = add(minus, low);
  x[3] = sub(minus, low);
  x[1] = add(plus, high);
  x[7] = sub(plus, high);
}

/** Its inverse. */
INLINE void inverse_dct(F8 x[8]) {
  const F8 a = add(x[0], x[4]), b = sub(x[0], x[4]), c = add(x[2], x[6]);
  const F8 d = sub(times(sub(x[2], x[6]), 1.414213562f), c);
  const F8 even0 = add(a, c), even3 = sub(a, c), even1 = add(b, d), even2 = sub(b, d);

  const F8 e = add(x[5], x[3]), f = sub(x[5], x[3]), g = add(x[1], x[7]), h = sub(x[1], x[7]);
  const F8 odd7 = add(g, e);
  const F8 rotation = times(add(f, h), 1.847759065f);
  const F8 odd6 = sub(sub(rotation, times(f, 2.613125930f)), odd7);
  const F8 odd5 = sub(times(sub(g, e), 1.414213562f), odd6);
  const F8 odd4 = sub(sub(rotation, times(h, 1.082392200f)), odd5);

  x[0] = add(even0, odd7);
  x[7] = sub(even0, odd7);
  x[1] = add(even1, odd6);
  x[6] = sub(even1, odd6);
  x[2] = add(even2, odd5);
  x[5] = sub(even2, odd5);
  x[3] = add(even3, odd4);
  x[4] = sub(even3, odd4);
}

/** One block of samples, rows `stride` numbers apart, to steps. */
INLINE void to_steps(const float *samples, int stride, const Component *component, float *steps) {
  F8 x[8];
  for (int i = 0; i < 8; i++) x[i] = load(samples + i * stride);
  dct(x);
  transpose(x);
  dct(x);
  for (int i = 0; i < 8; i++) store(steps + 8 * i, mul(x[i], load(component->per_level + 8 * i)));
  steps[0] -= component->middle;
}

/** Scaled coefficients of a block to samples, in their place. */
INLINE void to_samples(F8 x[8], float *samples) {
  inverse_dct(x);
  transpose(x);
  inverse_dct(x);
  for (int i = 0; i < 8; i++) store(samples + 8 * i, x[i]);
}
