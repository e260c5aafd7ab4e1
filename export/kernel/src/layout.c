// Lays a network's weights out for a level of instructions.
#include "kernel.h"
#include "numbers.h"

// The model's order of coefficients: low frequencies first, natural order among those of one sum. Rank of each.
static int rank_of(int coefficient) {
  const int sum = coefficient / 8 + coefficient % 8;
  int rank = 0;
  for (int k = 0; k < 64; k++) {
    const int other = k / 8 + k % 8;
    rank += other < sum || (other == sum && k < coefficient);
  }
  return rank;
}

int low_coefficient(int i) {
  // Vertical frequencies 0..3 of each horizontal one; six of those are not low, and six low ones beyond take their places.
  static const uint8_t MOVED[][2] = {{23, 4}, {26, 5}, {27, 6}, {29, 12}, {30, 13}, {31, 20}};
  for (int k = 0; k < 6; k++)
    if (MOVED[k][0] == i) return MOVED[k][1];
  return (i >> 2) * 8 + (i & 3);
}

int model_channel(int channel) {
  return channel < 64 ? rank_of(natural(channel)) : 64 + rank_of(natural(low_coefficient(channel - 64)));
}

static int unchanged(int channel) { return channel; }
static int components(int channel) { return channel / FEATURES * FEATURES + model_channel(channel % FEATURES); }

typedef int Order(int channel);

static void find_range(const Convolution *convolution, int output, int *low, int *high) {
  *low = *high = 0;
  for (int i = 0; i < convolution->inputs; i++) {
    const int weight = convolution->weights[output * convolution->inputs + i];
    *low = weight < *low ? weight : *low;
    *high = weight > *high ? weight : *high;
  }
}

/** -1 where weights, sums and their scale are kept negative: 64 has no place among -64..63. With -64 beside it, it is a rest. */
static int sign_of(const Convolution *convolution, Products products, int output) {
  int low, high;
  if (products != OFFSET_FOURS || convolution->side != 1) return 1;
  find_range(convolution, output, &low, &high);
  return high == 64 && low > -64 ? -1 : 1;
}

static int fits(const Convolution *convolution, Products products) {
  if (convolution->side == 3 || products == BY_PAIRS || products == BY_FOURS || products == SIGNED_FOURS) return 1;
  if (convolution->inputs % 4) return 0;
  int rests = 0;
  for (int output = 0; output < convolution->outputs; output++) {
    int low, high;
    find_range(convolution, output, &low, &high);
    // Whatever the order of inputs, two of them come together: 255 * 64 * 2 fits int16.
    if (low < -64 || high > 64) return 0;
    const int8_t *weights = convolution->weights + output * convolution->inputs;
    for (int i = 0; low == -64 && i < convolution->inputs; i++) rests += weights[i] == 64;
  }
  return products != OFFSET_FOURS || rests <= MOST_RESTS;
}

int fits_level(const GateNetwork *network, Products products) {
  int all = fits(&network->input, products) && fits(&network->logits, products);
  for (int i = 0; i < network->block_count; i++)
    all = all && fits(&network->blocks[i].expand, products) && fits(&network->blocks[i].project, products);
  return all;
}

/** Returns how many rests there are. */
static int pack(const Convolution *convolution, Products products, Order *inputs, Order *outputs, void *packed, Rest *rests) {
  int rest_count = 0;
  const int group = products == BY_PAIRS ? 2 : 4, depth = convolution->inputs;
  for (int output = 0; output < convolution->outputs; output++) {
    const int sign = sign_of(convolution, products, outputs(output));
    for (int input = 0; input < depth; input++) {
      int weight = sign * convolution->weights[outputs(output) * depth + inputs(input)];
      const int at = (output / PANEL * (depth / group) + input / group) * PANEL * group + output % PANEL * group + input % group;
      if (products == OFFSET_FOURS && weight == 64) {
        weight--;
        rests[rest_count++] = (Rest){(int16_t)output, (int16_t)input};
      }
      if (products == BY_PAIRS) ((int16_t *)packed)[at] = (int16_t)weight;
      else ((int8_t *)packed)[at] = (int8_t)(products == OFFSET_FOURS ? weight + 64 : weight);
    }
  }
  return rest_count;
}

/** Pairs of taps, the tenth 0: [8 channels][pair of taps][channel][2]. */
static void pack_3x3(const Convolution *convolution, int16_t *packed) {
  for (int channel = 0; channel < convolution->outputs; channel++)
    for (int tap = 0; tap < 9; tap++)
      packed[(channel / 8 * 5 + tap / 2) * 16 + channel % 8 * 2 + tap % 2] = convolution->weights[channel * 9 + tap];
}

static int lay_out_layer(const Convolution *convolution, Quantization own, Products products, Order *inputs, Order *outputs,
                         Arena *arena, Layer *layer) {
  const int count = convolution->outputs, taps = convolution->side == 3 ? 9 : convolution->inputs;
  const size_t numbers = (size_t)count * (convolution->side == 3 ? 10 : taps);
  void *weights = arena_get(arena, numbers, 2);
  int32_t *bias = arena_get(arena, (size_t)count, sizeof *bias);
  float *scale = arena_get(arena, (size_t)count, sizeof *scale);
  Rest *rests = arena_get(arena, MOST_RESTS, sizeof *rests);
  if (!weights || !bias || !scale || !rests) return 0;
  int rest_count = 0;
  if (convolution->side == 3) pack_3x3(convolution, weights);
  else rest_count = pack(convolution, products, inputs, outputs, weights, rests);
  const int is_signed = convolution->side == 1 && (products == SIGNED_FOURS || products == OFFSET_FOURS);
  for (int i = 0; i < count; i++) {
    const int output = outputs(i), sign = sign_of(convolution, products, output);
    int32_t sum = 0;
    for (int k = 0; k < taps; k++) sum += convolution->weights[output * taps + k];
    bias[i] = sign * (convolution->bias[output] - (convolution->input.zero - (is_signed ? 128 : 0)) * sum);
    scale[i] = (float)(sign * (double)convolution->input.scale * convolution->scales[output] / own.scale);
  }
  *layer = (Layer){.depth = convolution->inputs, .outputs = count, .weights = weights, .bias = bias, .scale = scale};
  layer->rests = rests;
  layer->rest_count = rest_count;
  layer->own_low = (float)-own.zero;
  layer->own_high = (float)(255 - own.zero);
  layer->zero = own.zero;
  return 1;
}

static void set_result(Layer *layer, Quantization own, Quantization result) {
  layer->own_factor = (float)((double)own.scale / result.scale);
  layer->zero = result.zero;
}

static void set_added(Layer *layer, Quantization own, Quantization other, Quantization result) {
  set_result(layer, own, result);
  layer->other_factor = (float)((double)other.scale / result.scale);
  layer->other_zero = other.zero;
}

int lay_out(const GateNetwork *from, Products products, Arena *arena, Network *to) {
  to->block_count = from->block_count;
  to->spatial_count = from->spatial_count;
  to->channels = from->input.outputs;
  to->padding = from->result.zero;
  to->per_step = (float)(1.0 / from->input.input.scale);
  if (!lay_out_layer(&from->input, from->summed, products, components, unchanged, arena, &to->input)) return 0;
  set_result(&to->input, from->summed, from->result);
  Quantization residual = from->result;
  for (int i = 0; i < from->block_count; i++) {
    const ResidualBlock *block = &from->blocks[i];
    Block *result = &to->blocks[i];
    if (!lay_out_layer(&block->expand, block->rectified, products, unchanged, unchanged, arena, &result->expand)) return 0;
    if (!lay_out_layer(&block->project, block->projected, products, unchanged, unchanged, arena, &result->project)) return 0;
    set_result(&result->expand, block->rectified, block->scaled);
    set_added(&result->project, block->projected, residual, block->result);
    residual = block->result;
  }
  if (!lay_out_layer(&from->logits, from->logit, products, unchanged, components, arena, &to->logits)) return 0;
  for (int code = 0; code < 256; code++) {
    const double logit = bounded((code - from->logit.zero) * (double)from->logit.scale, -60, 60);
    to->gates[code] = (uint8_t)bounded(nearest(256 / (1 + exponential(-logit))), 0, 255);
  }
  return 1;
}
