// One build of everything that runs per pixel, for one set of instructions: LEVEL, LEVEL_NAME, LEVEL_PRODUCTS and the compiler's
// options say which.
#include <string.h>

#include "carrier.h"
#include "decision.h"
#include "network.h"
#include "pixels.h"

// Rows of blocks whose first activations are kept: five are needed at once.
#define RING 6

/**
 * One call's state: a sweep of rows of work, two rows of blocks of Y each. Those of one are finished when the next one's first
 * activations, which a 3x3 convolution needs, are there. So what is kept grows with the picture's width alone.
 */
typedef struct {
  const jpegpre_plan *plan;
  const jpegpre_pixels *from;
  const Target *to;
  int columns, rows;  // blocks of Y
  jpegpre_coefficients bands[2];  // carrier: of the row of work whose chroma is decided and the one that is finished
  // Steps, then samples; of the row of work that is started and the one that is finished.
  float *luma[2], *chroma[2];
  uint8_t *activations[RING], *outside;  // a position more on either side
  float *reach;
  Work work;
} Sweep;

static int prepare(Sweep *sweep, Arena *arena) {
  const Network *network = &sweep->plan->kernel->luma;
  const size_t columns = (size_t)sweep->columns, positions = columns + 2, row_size = positions * (size_t)network->channels;
  for (int i = 0; i < 2; i++) {
    sweep->luma[i] = arena_get(arena, 2 * columns * 64, sizeof(float));
    sweep->chroma[i] = arena_get(arena, columns / 2 * 128, sizeof(float));
    if (!sweep->luma[i] || !sweep->chroma[i]) return 0;
  }
  for (int i = 0; i <= RING; i++) {
    uint8_t *row = arena_get(arena, row_size, 1);
    if (!row) return 0;
    memset(row, network->padding, row_size);
    *(i < RING ? &sweep->activations[i] : &sweep->outside) = row;
  }
  for (int i = 0; sweep->to->kind == CARRIER && i < 2; i++) {
    jpegpre_coefficients *band = &sweep->bands[i];
    int16_t *numbers = arena_get(arena, columns * 3 * 64, sizeof *numbers);
    if (!numbers) return 0;
    *band = (jpegpre_coefficients){numbers, numbers + columns * 2 * 64, numbers + columns * 5 / 2 * 64, sweep->from->width, SIDE};
  }
  sweep->reach = arena_get(arena, 2 * columns, sizeof(float));
  return sweep->reach != NULL;
}

static int chunk_size(int start, int count) { return count - start < CHUNK ? count - start : CHUNK; }

/** First activations of a row of blocks, from the position left of the picture on. */
static uint8_t *activations_of(const Sweep *sweep, int row) {
  return row < 0 || row >= sweep->rows ? sweep->outside : sweep->activations[row % RING];
}

static void forward(Sweep *sweep, int band) {
  const jpegpre_plan *plan = sweep->plan;
  // Edited pixels cannot lie beyond white and black.
  const float overshoot = sweep->to->kind == EDIT ? 0 : plan->overshoot;
  for (int column = 0; column < sweep->columns; column += 2) {
    Cell cell;
    take_cell(sweep->from, column * 8, band * SIDE, &cell);
    forward_cell(&cell, sweep->from->pixel_bytes, &plan->luma, &plan->chroma, overshoot, sweep->luma[band & 1] + column * 64,
                 (ptrdiff_t)sweep->columns * 64, sweep->chroma[band & 1] + column * 64);
  }
}

static void start_luma(Sweep *sweep, int row) {
  const Network *network = &sweep->plan->kernel->luma;
  const float *steps = sweep->luma[row >> 1 & 1] + (row & 1) * (ptrdiff_t)sweep->columns * 64;
  uint8_t *to = activations_of(sweep, row) + network->channels;
  for (int start = 0; start < sweep->columns; start += CHUNK) {
    const int count = chunk_size(start, sweep->columns);
    for (int i = 0; i < count; i++) features_of(steps + (start + i) * 64, network->per_step, sweep->work.features + i * FEATURES);
    run_input(network, &sweep->plan->luma_conditions, count, &sweep->work, to + start * network->channels);
  }
}

/** Where the decisions on a row of work go, and which row of theirs it is. */
static const jpegpre_coefficients *decisions_on(const Sweep *sweep, int band, int *row) {
  *row = sweep->to->kind == CARRIER ? 0 : band;
  return sweep->to->kind == CARRIER ? &sweep->bands[band & 1] : &sweep->to->coefficients;
}

/** Decisions on Cb and Cr; for edits their steps become samples. */
static void run_chroma(Sweep *sweep, int band) {
  const jpegpre_plan *plan = sweep->plan;
  const Network *network = &plan->kernel->chroma;
  const int cells = sweep->columns / 2;
  Work *work = &sweep->work;
  int row;
  const jpegpre_coefficients *to = decisions_on(sweep, band, &row);
  for (int start = 0; start < cells; start += CHUNK) {
    const int count = chunk_size(start, cells);
    float *steps = sweep->chroma[band & 1] + start * 128;
    const float *luma = sweep->luma[band & 1] + start * 128;
    for (int i = 0; i < count; i++) {
      uint8_t *features = work->features + i * 3 * FEATURES;
      features_of(steps + i * 128, network->per_step, features);
      features_of(steps + i * 128 + 64, network->per_step, features + FEATURES);
      mean_features(luma + i * 128, (ptrdiff_t)sweep->columns * 64, network->per_step, features + 2 * FEATURES);
    }
    run_input(network, &plan->chroma_conditions, count, work, work->x);
    run_rest(network, &plan->chroma_conditions, count, work);
    for (int i = 0; i < 2 * count; i++) {
      const Gates gates = {work->logits + i * FEATURES, network->gates};
      const ptrdiff_t at = ((ptrdiff_t)row * cells + start + i / 2) * 64;
      if (sweep->to->kind == EDIT) edit_block(&plan->chroma, plan->strength, gates, steps + i * 64);
      else decide_block(&plan->chroma, gates, steps + i * 64, (i & 1 ? to->cr : to->cb) + at);
    }
  }
}

static void run_luma(const Network *network, const Conditions *conditions, const uint8_t *const rows[3], int count, Work *work) {
  if (network->spatial_count) run_spatial(network, rows, count, work);
  else memcpy(work->x, rows[1] + network->channels, (size_t)(count * network->channels));
  run_rest(network, conditions, count, work);
}

/** Decisions on one row of blocks of Y: `edit_block` or `decide_block` for each. */
static void decide_luma(Sweep *sweep, int row, float *luma) {
  const jpegpre_plan *plan = sweep->plan;
  const Network *network = &plan->kernel->luma;
  int band;
  const jpegpre_coefficients *to = decisions_on(sweep, row >> 1, &band);
  const int columns = (sweep->from->width + 7) / 8, to_row = 2 * band + (row & 1);
  for (int start = 0; start < sweep->columns; start += CHUNK) {
    const int count = chunk_size(start, sweep->columns);
    const uint8_t *rows[3];
    for (int i = 0; i < 3; i++) rows[i] = activations_of(sweep, row - 1 + i) + start * network->channels;
    run_luma(network, &plan->luma_conditions, rows, count, &sweep->work);
    for (int i = 0; i < count; i++) {
      float *steps = luma + (start + i) * 64;
      const Gates gates = {sweep->work.logits + i * FEATURES, network->gates};
      if (sweep->to->kind == EDIT)
        // Reach of no change: an eighth, because float16 has nothing between 254.875 and 255.
        sweep->reach[(row & 1) * sweep->columns + start + i] = edit_block(&plan->luma, plan->strength, gates, steps) + 0.125f;
      else if (start + i < columns) decide_block(&plan->luma, gates, steps, to->luma + ((ptrdiff_t)to_row * columns + start + i) * 64);
    }
  }
}

/** From first activations to decisions, and to pixels. */
static void finish_band(Sweep *sweep, int band) {
  const ptrdiff_t row_stride = (ptrdiff_t)sweep->columns * 64;
  const int rows = (sweep->from->height + 7) / 8;  // those that show something; decisions are made on no others
  float *luma = sweep->luma[band & 1];
  for (int below = 0; below < 2; below++)
    if (sweep->to->kind == EDIT || 2 * band + below < rows) decide_luma(sweep, 2 * band + below, luma + below * row_stride);
  const jpegpre_pixels *to = &sweep->to->pixels;
  if (sweep->to->kind == CARRIER) {
    sweep->bands[band & 1].height = 8 * (rows - 2 * band < 2 ? rows - 2 * band : 2);
    render_band(&sweep->plan->renderer, &sweep->bands[band & 1], 0, to->samples + (ptrdiff_t)band * SIDE * to->stride, to->stride,
                to->pixel_bytes, sweep->to->cuts);
  }
  for (int column = 0; sweep->to->kind == EDIT && column < sweep->columns; column += 2) {
    Cell cell;
    take_cell(sweep->from, column * 8, band * SIDE, &cell);
    write_cell(&cell, sweep->from->pixel_bytes, to, column * 8, band * SIDE, luma + column * 64, row_stride, sweep->chroma[band & 1] + column * 64,
               sweep->reach + column, sweep->columns);
  }
}

static int run(const jpegpre_plan *plan, const jpegpre_pixels *from, const Target *to, int first, int end) {
  Arena arena = {0};
  Sweep *sweep = arena_get(&arena, 1, sizeof *sweep);
  const int bands = (from->height + SIDE - 1) / SIDE;
  const int has_chroma = to->kind != INTEGERS || to->coefficients.cb;
  int is_ready = 0;
  if (sweep) {
    sweep->plan = plan, sweep->from = from, sweep->to = to;
    sweep->columns = (from->width + SIDE - 1) / SIDE * 2;
    sweep->rows = 2 * bands;
    is_ready = prepare(sweep, &arena);
  }
  // The rows of work above and below give one row of first activations each.
  for (int band = first > 0 ? first - 1 : 0; is_ready && band <= end && band < bands; band++) {
    forward(sweep, band);
    if (band >= first && band < end && has_chroma) run_chroma(sweep, band);
    if (band >= first) start_luma(sweep, 2 * band);
    if (band < end) start_luma(sweep, 2 * band + 1);
    if (band > first) finish_band(sweep, band - 1);
    if (band + 1 == end && end == bands) finish_band(sweep, band);
  }
  arena_free(&arena);
  return is_ready ? JPEGPRE_OK : JPEGPRE_NO_MEMORY;
}

/** Features and gates of one position from the model's order to the kernel's, or back. */
static void reorder(const uint8_t *from, int count, int to_kernel, uint8_t *to) {
  for (int i = 0; i < count; i++) {
    const int model = i / FEATURES * FEATURES + model_channel(i % FEATURES);
    to[to_kernel ? i : model] = from[to_kernel ? model : i];
  }
}

static int gates(const jpegpre_plan *plan, int is_chroma, const uint8_t *features, int rows, int columns, uint8_t *result) {
  const Network *network = is_chroma ? &plan->kernel->chroma : &plan->kernel->luma;
  const Conditions *conditions = is_chroma ? &plan->chroma_conditions : &plan->luma_conditions;
  const int inputs = is_chroma ? 3 * FEATURES : FEATURES, outputs = is_chroma ? 2 * FEATURES : FEATURES;
  const size_t stride = ((size_t)columns + 2) * (size_t)network->channels;
  Arena arena = {0};
  Work *work = arena_get(&arena, 1, sizeof *work);
  uint8_t *plane = arena_get(&arena, (size_t)rows + 2, stride);
  if (!work || !plane) return arena_free(&arena), JPEGPRE_NO_MEMORY;
  memset(plane, network->padding, ((size_t)rows + 2) * stride);
  for (int row = 0; row < rows; row++)
    for (int start = 0; start < columns; start += CHUNK) {
      const int count = chunk_size(start, columns);
      const uint8_t *from = features + ((size_t)row * (size_t)columns + (size_t)start) * (size_t)inputs;
      for (int i = 0; i < count; i++) reorder(from + i * inputs, inputs, 1, work->features + i * inputs);
      run_input(network, conditions, count, work, plane + (size_t)(row + 1) * stride + (size_t)((start + 1) * network->channels));
    }
  for (int row = 0; row < rows; row++)
    for (int start = 0; start < columns; start += CHUNK) {
      const int count = chunk_size(start, columns);
      const uint8_t *of[3];
      for (int i = 0; i < 3; i++) of[i] = plane + (size_t)(row + i) * stride + (size_t)(start * network->channels);
      run_luma(network, conditions, of, count, work);
      uint8_t *to = result + ((size_t)row * (size_t)columns + (size_t)start) * (size_t)outputs;
      for (int i = 0; i < count * outputs; i++) work->logits[i] = network->gates[work->logits[i]];
      for (int i = 0; i < count; i++) reorder(work->logits + i * outputs, outputs, 0, to + i * outputs);
    }
  arena_free(&arena);
  return JPEGPRE_OK;
}

#if LEVEL_PRODUCTS == 4
/** V8's baseline compiler in Node.js 20, where relaxed SIMD is an experiment, takes wrong products. */
static int are_products_right(void) {
  enum { DEPTH = 64, OUTPUTS = 2 * PANEL };
  _Alignas(64) uint8_t weights[DEPTH * OUTPUTS], codes[CHUNK * DEPTH];
  _Alignas(64) int32_t sums[CHUNK * OUTPUTS], bias[OUTPUTS] = {0};
  uint32_t state = 1;
  for (int i = 0; i < DEPTH * OUTPUTS; i++) weights[i] = (state = state * 1664525 + 1013904223) >> 25;
  for (int i = 0; i < CHUNK * DEPTH; i++) codes[i] = (state = state * 1664525 + 1013904223) >> 24;
  const Layer layer = {.depth = DEPTH, .outputs = OUTPUTS, .weights = weights, .bias = bias};
  product(&layer, codes, CHUNK, sums);
  for (int position = 0; position < CHUNK; position++)
    for (int output = 0; output < OUTPUTS; output++) {
      const uint8_t *own = weights + output / PANEL * DEPTH * PANEL + output % PANEL * 4;
      int32_t sum = 0;
      for (int i = 0; i < DEPTH; i++) sum += (own[i / 4 * PANEL * 4 + i % 4] - 64) * (codes[position * DEPTH + i] - 128);
      if (sum != sums[position * OUTPUTS + output]) return 0;
    }
  return 1;
}
#else
#define are_products_right NULL
#endif

extern const Level LEVEL;
const Level LEVEL = {LEVEL_NAME, LEVEL_KIND, run, gates, render, are_products_right};
