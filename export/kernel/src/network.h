// The gate networks on up to CHUNK positions at once.
#pragma once
#include "dot.h"

/** What one chunk takes. */
typedef struct {
  _Alignas(64) uint8_t features[CHUNK * MOST_DEPTH];
  _Alignas(64) uint8_t x[CHUNK * FEATURES];
  _Alignas(64) uint8_t hidden[CHUNK * MOST_OUTPUTS];
  _Alignas(64) uint8_t logits[CHUNK * MOST_OUTPUTS];
  _Alignas(64) int32_t sums[CHUNK * MOST_OUTPUTS];
} Work;

/** What follows a product: nothing, a term or a factor per channel, or another activation to be added. */
typedef enum { PLAIN, SHIFTED, SCALED, ADDED } Finish;

/** Results less their zero point, neither rounded nor cut off. Below 2^22, where rounding ends: model_check.c. */
INLINE F8 finished(const Layer *layer, Finish finish, const int32_t *sums, int output, const float *condition, const uint8_t *other) {
  const F8 exact = mul(from_ints(sums + output), load(layer->scale + output));
  const F8 cut = clipped(exact, splat(layer->own_low), splat(layer->own_high));
  if (finish == PLAIN) return cut;
  const F8 own = rounded(cut);
  if (finish == SCALED) return mul(own, load(condition + output));
  F8 added;
  if (finish == SHIFTED) added = load(condition + output);
  else {
    uint64_t eight;
    __builtin_memcpy(&eight, other + output, 8);
    const F8 codes = from_low_bytes((B16)(uint64_t __attribute__((vector_size(16)))){eight, 0});
    added = times(sub(codes, splat((float)layer->other_zero)), layer->other_factor);
  }
  return add(times(own, layer->own_factor), added);
}

/** Codes of a layer's results from its sums, [position][outputs]; `other` likewise. */
INLINE void finish_layer(const Layer *layer, Finish finish, const int32_t *sums, int positions, const float *condition,
                         const uint8_t *other, uint8_t *to) {
  const int outputs = layer->outputs;
  for (int position = 0; position < positions; position++, sums += outputs, to += outputs) {
    for (int output = 0; output < outputs; output += 16) {
      const F8 low = finished(layer, finish, sums, output, condition, other);
      const F8 high = finished(layer, finish, sums, output + 8, condition, other);
      store_bytes(to + output, bytes_of(whole(low, layer->zero), whole(high, layer->zero)));
    }
    if (finish == ADDED) other += outputs;
  }
}

/** From features to the first activations. */
static void run_input(const Network *network, const Conditions *conditions, int positions, Work *work, uint8_t *to) {
  product(&network->input, work->features, positions, work->sums);
  finish_layer(&network->input, SHIFTED, work->sums, positions, conditions->shift, NULL, to);
}

/** The block that sees neighbours, to `work->x`; `rows` are of activations, at the position left of the first. */
static void run_spatial(const Network *network, const uint8_t *const rows[3], int positions, Work *work) {
  const Block *block = &network->blocks[0];
  product_3x3(&block->expand, rows, positions, work->sums);
  finish_layer(&block->expand, PLAIN, work->sums, positions, NULL, NULL, work->hidden);
  product(&block->project, work->hidden, positions, work->sums);
  finish_layer(&block->project, ADDED, work->sums, positions, NULL, rows[1] + network->channels, work->x);
}

/** From `work->x` to codes of logits; what these are as gates `Network` says. */
static void run_rest(const Network *network, const Conditions *conditions, int positions, Work *work) {
  for (int i = network->spatial_count; i < network->block_count; i++) {
    const Block *block = &network->blocks[i];
    product(&block->expand, work->x, positions, work->sums);
    finish_layer(&block->expand, SCALED, work->sums, positions, conditions->factors[i], NULL, work->hidden);
    product(&block->project, work->hidden, positions, work->sums);
    finish_layer(&block->project, ADDED, work->sums, positions, NULL, work->x, work->x);
  }
  product(&network->logits, work->x, positions, work->sums);
  finish_layer(&network->logits, PLAIN, work->sums, positions, NULL, NULL, work->logits);
}
