// What the networks see of a block's steps, and what becomes of the steps by the gates.
#pragma once
#include "dct.h"
#include "kernel.h"

// Six low coefficients lie beyond the vertical frequencies 0..3: layout.c's MOVED. They take the places of six that are not low.
#define FOR_MOVED(act) act(23, 4) act(26, 5) act(27, 6) act(29, 12) act(30, 13) act(31, 20)

/** The 32 low ones of 64 bytes. */
INLINE void pick_low(const uint8_t *from, uint8_t *to) {
  for (int i = 0; i < 8; i++) __builtin_memcpy(to + 4 * i, from + 8 * i, 4);
#define PICK(low, coefficient) to[low] = from[coefficient];
  FOR_MOVED(PICK)
#undef PICK
}

/** Back; what is not low is left or wrong, and has a factor of 0. */
INLINE void spread_low(const uint8_t *from, uint8_t *to) {
  for (int i = 0; i < 8; i++) __builtin_memcpy(to + 8 * i, from + 4 * i, 4);
#define SPREAD(low, coefficient) to[coefficient] = from[low];
  FOR_MOVED(SPREAD)
#undef SPREAD
}

INLINE I8 code_of(F8 value) { return whole(value, 0); }  // at most 2^15 * 64: see model_check.c

/** Of the steps of one block its 96 features: |steps| up to 2, and |steps| / 8 up to 2, in units of `1 / per_step`. */
INLINE void features_of(const float *steps, float per_step, uint8_t *codes) {
  uint8_t coarse[64];
  for (int i = 0; i < 64; i += 16) {
    const F8 a = magnitude(load(steps + i)), b = magnitude(load(steps + i + 8));
    store_bytes(codes + i, bytes_of(code_of(times(a, per_step)), code_of(times(b, per_step))));
    store_bytes(coarse + i, bytes_of(code_of(times(a, per_step * 0.125f)), code_of(times(b, per_step * 0.125f))));
  }
  pick_low(coarse, codes + 64);
}

/** Means over 2x2 blocks of the features before they are quantized; `row_stride` numbers between two rows of blocks. */
INLINE void mean_features(const float *steps, ptrdiff_t row_stride, float per_step, uint8_t *codes) {
  uint8_t coarse[64];
  const F8 top = splat(2);
  const float quarter = 0.25f * per_step;
  for (int i = 0; i < 64; i += 16) {
    F8 fine[2], rough[2];
    for (int half = 0; half < 2; half++) {
      const float *at = steps + i + 8 * half;
      const float *blocks[4] = {at, at + 64, at + row_stride, at + row_stride + 64};
      for (int block = 0; block < 4; block++) {
        const F8 size = magnitude(load(blocks[block]));
        const F8 a = least(size, top), b = least(times(size, 0.125f), top);
        fine[half] = block ? add(fine[half], a) : a;
        rough[half] = block ? add(rough[half], b) : b;
      }
    }
    store_bytes(codes + i, bytes_of(code_of(times(fine[0], quarter)), code_of(times(fine[1], quarter))));
    store_bytes(coarse + i, bytes_of(code_of(times(rough[0], quarter)), code_of(times(rough[1], quarter))));
  }
  pick_low(coarse, codes + 64);
}

/** The gates of one block: codes of logits, and what these are as gates. */
typedef struct {
  const uint8_t *logits, *of_code;
} Gates;

/** Eight gates times the spans that one of them stands for. */
INLINE F8 span_of(const uint8_t *logits, const uint8_t *of_code, const float *span) {
  uint64_t eight = 0;
  for (int i = 7; i >= 0; i--) eight = eight << 8 | of_code[logits[i]];
  return mul(from_low_bytes((B16)(uint64_t __attribute__((vector_size(16)))){eight, 0}), load(span));
}

/**
 * The samples of one block's changes, which replace its steps: ramps of jpegpre_tf/ops/quantization/dead_zone.py, in 1/60 step.
 *
 * Returns to how far from white and black the changes reach, in levels, less what no change has.
 */
INLINE float edit_block(const Component *component, float strength, Gates gates, float *steps) {
  // From this strength on coefficients that the encoder rounds down anyway are moved too: layers/dead_zone.py.
  const float amount = strength * 8 < 1 ? strength * 8 : 1;
  const F8 zero = splat(0), top = splat(6), target = splat(1.5f - 0.2f * amount), below = splat(0.2f * amount - 1.5f);
  // Whatever its gate, a smaller step goes to 0 by all of the ramp.
  const F8 least_open = splat(30 * amount - 6);
  uint8_t ones[64] = {0};
  spread_low(gates.logits + 64, ones);
  F8 x[8], sum = zero;
  for (int i = 0; i < 8; i++) {
    const F8 step = load(steps + 8 * i), size = times(magnitude(step), 60);
    F8 change;
    if (is_any(mask_at_least(size, least_open))) {
      const F8 zero_below = add(span_of(gates.logits + 8 * i, gates.of_code, component->zero_ramp + 8 * i), splat(30 * amount));
      change = mul(clipped(sub(zero_below, size), zero, top), step);
      if (is_any(mask_at_least(magnitude(step), target))) {
        const F8 one_below = add(span_of(ones + 8 * i, gates.of_code, component->one_ramp + 8 * i), splat(90));
        const F8 beyond = sub(step, clipped(step, below, target));
        change = add(change, mul(clipped(sub(one_below, size), zero, top), times(beyond, 1.25f)));
      }
    } else change = mul(top, step);
    x[i] = mul(change, load(component->change_levels + 8 * i));
    sum = add(sum, mul(magnitude(change), load(component->reaches + 8 * i)));
  }
  to_samples(x, steps);
  return total(sum);
}

/** One block quantized by the gates. */
INLINE void quantize_block(const Component *component, Gates gates, const float *steps, F8 x[8]) {
  uint8_t ones[64] = {0};
  spread_low(gates.logits + 64, ones);
  const F8 one = splat(1), half = splat(0.5f), middle = splat(1.5f);
  for (int i = 0; i < 8; i++) {
    const F8 step = load(steps + 8 * i), size = magnitude(step);
    x[i] = splat(0);
    // Gates move thresholds up alone: of most rows of a block nothing reaches the lowest.
    if (!is_any(mask_at_least(size, half))) continue;
    F8 quantized = one;
    if (is_any(mask_at_least(size, middle))) {
      const F8 is_more = mask_at_least(size, add(span_of(ones + 8 * i, gates.of_code, component->one_span + 8 * i), middle));
      quantized = add(one, both(is_more, sub(whole_below(add(size, half)), one)));
    }
    const F8 is_kept = mask_at_least(size, add(span_of(gates.logits + 8 * i, gates.of_code, component->zero_span + 8 * i), half));
    x[i] = either(both(is_kept, quantized), sign_of(step));
  }
}

/** What it is quantized to, in natural order. */
INLINE void decide_block(const Component *component, Gates gates, const float *steps, int16_t *to) {
  F8 x[8];
  quantize_block(component, gates, steps, x);
  transpose(x);
  for (int i = 0; i < 8; i++) store_shorts(to + 8 * i, shorts_of(whole(x[i], 0)));
}
