// What tables and strength make of a network: terms and factors per channel, thresholds and scales per coefficient.
#include <string.h>

#include "kernel.h"
#include "numbers.h"

// Constants of jpegpre_tf/ops/quantization/dead_zone.py and picture_dct.py.
#define CHANGE_UNIT (0.8 / 6)
#define REACH 0.05
// Of jpegpre_tf/models/decision_graph.py.
#define OVERSHOOT 0.55f

/** Codes less their zero point of numbers made from the tables. */
static void hidden_codes(const Hidden *hidden, const double *tables, int *codes) {
  for (int i = 0; i < hidden->outputs; i++) {
    double sum = hidden->bias[i];
    for (int k = 0; k < hidden->inputs; k++) sum += hidden->weights[i * hidden->inputs + k] * tables[k];
    const double units = bounded((sum > 0 ? sum : 0) / hidden->result.scale, -1e6, 1e6);
    codes[i] = (int)bounded(nearest(units), -hidden->result.zero, 255 - hidden->result.zero);
  }
}

/** Values of a condition per channel, times `unit`; null if there is no memory. */
static float *condition_values(const Condition *condition, const double *tables, double unit, Arena *arena) {
  const Convolution *convolution = &condition->convolution;
  int codes[512];
  float *values = arena_get(arena, (size_t)convolution->outputs, sizeof *values);
  if (!values) return NULL;
  hidden_codes(&condition->hidden, tables, codes);
  const Quantization result = condition->result;
  for (int output = 0; output < convolution->outputs; output++) {
    int32_t sum = convolution->bias[output];
    for (int k = 0; k < convolution->inputs; k++) sum += codes[k] * convolution->weights[output * convolution->inputs + k];
    const double scale = (double)convolution->input.scale * convolution->scales[output] / result.scale;
    const double code = bounded(nearest(bounded(sum * scale, -1e6, 1e6)), -result.zero, 255 - result.zero);
    values[output] = (float)(code * result.scale * unit);
  }
  return values;
}

static int lay_out_conditions(const GateNetwork *network, const double *tables, Arena *arena, Conditions *result) {
  result->shift = condition_values(&network->shift, tables, 1.0 / network->result.scale, arena);
  if (!result->shift) return 0;
  for (int i = network->spatial_count; i < network->block_count; i++) {
    const ResidualBlock *block = &network->blocks[i];
    // From codes of relu(expand) to those of the product.
    const double unit = (double)block->rectified.scale / block->scaled.scale;
    result->factors[i] = condition_values(&block->factor, tables, unit, arena);
    if (!result->factors[i]) return 0;
  }
  return 1;
}

const double SCALES[8] = {1.0,
                          1.3870398453221474618,
                          1.3065629648763765279,
                          1.1758756024193587170,
                          1.0,
                          0.78569495838710218127,
                          0.54119610014619698440,
                          0.27589937928294301234};

static void lay_out_component(const uint8_t *table, const Model *model, float strength, Component *to) {
  uint8_t is_low[64] = {0};
  for (int i = 0; i < LOW; i++) is_low[low_coefficient(i)] = 1;
  for (int i = 0; i < 64; i++) {
    const double step = table[natural(i)], factor = SCALES[i >> 3] * SCALES[i & 7];
    // transform.h's DCT gives a coefficient times 8 and this; its inverse takes one divided by 8 and times this.
    to->per_level[i] = (float)(1 / (step * factor * 8));
    to->zero_span[i] = i ? (float)((double)model->zero_span * strength / 256) : 0;
    to->one_span[i] = i && is_low[i] ? (float)((double)model->one_span * strength / 256) : 0;
    to->zero_ramp[i] = 60 * to->zero_span[i];
    to->one_ramp[i] = 60 * to->one_span[i];
    const double change = i ? CHANGE_UNIT * step : 0;
    to->change_levels[i] = (float)(-change * factor / 8);
    to->reaches[i] = (float)(change * REACH);
  }
}

int lay_out_plan(jpegpre_plan *plan, const uint8_t *luma, const uint8_t *chroma, const uint8_t *encoder_luma,
                 const uint8_t *encoder_chroma) {
  const Model *model = &plan->kernel->model;
  double tables[128];
  for (int i = 0; i < 64; i++) {
    const int at = model_channel(i), k = natural(i);
    tables[at] = logarithm(luma[k]) / 2 - 1;
    tables[64 + at] = logarithm(chroma[k]) / 2 - 1;
  }
  if (!lay_out_conditions(&model->luma, tables, &plan->arena, &plan->luma_conditions)) return 0;
  if (!lay_out_conditions(&model->chroma, tables, &plan->arena, &plan->chroma_conditions)) return 0;
  lay_out_component(luma, model, plan->strength, &plan->luma);
  lay_out_component(chroma, model, plan->strength, &plan->chroma);
  if (plan->has_carrier) {
    plan->renderer.level = plan->kernel->level;
    lay_out_shaping(encoder_luma, SCALES, &plan->renderer.luma);
    lay_out_shaping(encoder_chroma, SCALES, &plan->renderer.chroma);
  }
  plan->luma.middle = (float)(1024.0 / luma[0]);
  plan->chroma.middle = 0;
  plan->overshoot = (float)luma[0] * plan->strength * OVERSHOOT * 2;
  return 1;
}
