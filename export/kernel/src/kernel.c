// The functions of jpegpre_kernel.h.
#include "kernel.h"

#include <stdlib.h>
#include <string.h>

#define MOST_SIDE (1 << 20)

const char *jpegpre_status_text(int status) {
  static const char *const TEXTS[] = {
      "done",
      "not enough memory",
      "not an ONNX file, or a damaged one",
      "not an int8 network of this kind",
      "no such level of instructions here for this network",
      "an argument is out of range",
  };
  return status >= 0 && status < (int)(sizeof TEXTS / sizeof *TEXTS) ? TEXTS[status] : "unknown";
}

int jpegpre_interface(void) { return 2; }

const char *jpegpre_level(int index) {
  const Level *level = index < 0 ? NULL : level_at(index);
  return level ? level->name : NULL;
}

static const Level *fitting_level(const Model *model, const char *name) {
  const Level *level;
  for (int i = 0; (level = level_at(i)); i++)
    if ((!name || !strcmp(name, level->name)) && fits_level(&model->luma, level->products) &&
        fits_level(&model->chroma, level->products))
      return level;
  return NULL;
}

int jpegpre_kernel_create(const uint8_t *onnx, size_t size, const char *level, jpegpre_kernel **result, const char **reason) {
  const char *unwanted;
  if (!reason) reason = &unwanted;
  *reason = NULL;
  if (!onnx || !result) return JPEGPRE_BAD_ARGUMENT;
  *result = NULL;
  jpegpre_kernel *kernel = calloc(1, sizeof *kernel);
  if (!kernel) return JPEGPRE_NO_MEMORY;
  int status = read_model(onnx, size, &kernel->arena, &kernel->model, reason);
  if (!status && !(kernel->level = fitting_level(&kernel->model, level))) status = JPEGPRE_NO_LEVEL;
  if (!status && !(lay_out(&kernel->model.luma, kernel->level->products, &kernel->arena, &kernel->luma) &&
                   lay_out(&kernel->model.chroma, kernel->level->products, &kernel->arena, &kernel->chroma)))
    status = JPEGPRE_NO_MEMORY;
  if (status) jpegpre_kernel_destroy(kernel);
  else *result = kernel;
  return status;
}

void jpegpre_kernel_destroy(jpegpre_kernel *kernel) {
  if (!kernel) return;
  arena_free(&kernel->arena);
  free(kernel);
}

const char *jpegpre_kernel_level(const jpegpre_kernel *kernel) { return kernel ? kernel->level->name : NULL; }

static int is_table(const uint8_t *table) { return table && !memchr(table, 0, 64); }

int jpegpre_plan_create(const jpegpre_kernel *kernel, const uint8_t *luma, const uint8_t *chroma, const uint8_t *encoder_luma,
                        const uint8_t *encoder_chroma, float strength, jpegpre_plan **result) {
  if (!result) return JPEGPRE_BAD_ARGUMENT;
  *result = NULL;
  const int has_carrier = encoder_luma && encoder_chroma;
  if (!kernel || !is_table(luma) || !is_table(chroma) || !(strength >= 0 && strength <= 1)) return JPEGPRE_BAD_ARGUMENT;
  if (has_carrier ? !is_table(encoder_luma) || !is_table(encoder_chroma) : encoder_luma || encoder_chroma) return JPEGPRE_BAD_ARGUMENT;
  jpegpre_plan *plan = calloc(1, sizeof *plan);
  if (!plan) return JPEGPRE_NO_MEMORY;
  plan->kernel = kernel;
  plan->strength = strength;
  plan->has_carrier = has_carrier;
  if (!lay_out_plan(plan, luma, chroma, encoder_luma, encoder_chroma)) return jpegpre_plan_destroy(plan), JPEGPRE_NO_MEMORY;
  *result = plan;
  return JPEGPRE_OK;
}

void jpegpre_plan_destroy(jpegpre_plan *plan) {
  if (!plan) return;
  arena_free(&plan->arena);
  free(plan);
}

static int is_size(int32_t width, int32_t height) {
  return width >= 1 && width <= MOST_SIDE && height >= 1 && height <= MOST_SIDE;
}

static int are_samples(const jpegpre_pixels *pixels) {
  return pixels && pixels->samples && is_size(pixels->width, pixels->height) &&
         pixels->stride >= (ptrdiff_t)pixels->width * pixels->pixel_bytes;
}

static int are_pixels(const jpegpre_pixels *pixels) {
  return are_samples(pixels) && (pixels->pixel_bytes == 3 || pixels->pixel_bytes == 4);
}

static int is_work(const jpegpre_pixels *from, int32_t first, int32_t end) {
  return are_pixels(from) && first >= 0 && first <= end && end <= (from->height + 15) / 16;
}

static int run(const jpegpre_plan *plan, const jpegpre_pixels *from, Target target, int32_t first, int32_t end) {
  return first == end ? JPEGPRE_OK : plan->kernel->level->run(plan, from, &target, first, end);
}

int jpegpre_edit(const jpegpre_plan *plan, const jpegpre_pixels *from, const jpegpre_pixels *to, int32_t first, int32_t end) {
  if (!plan || !is_work(from, first, end) || !are_pixels(to)) return JPEGPRE_BAD_ARGUMENT;
  if (from->width != to->width || from->height != to->height) return JPEGPRE_BAD_ARGUMENT;
  return run(plan, from, (Target){.kind = EDIT, .pixels = *to}, first, end);
}

int jpegpre_counted_carrier(const jpegpre_plan *plan, const jpegpre_pixels *from, const jpegpre_pixels *to, jpegpre_cuts *cuts,
                            int32_t first, int32_t end) {
  if (!plan || !plan->has_carrier || !is_work(from, first, end)) return JPEGPRE_BAD_ARGUMENT;
  if (!are_pixels(to)) return JPEGPRE_BAD_ARGUMENT;
  if (to->width != (from->width + 15) / 16 * 16 || to->height != (from->height + 15) / 16 * 16) return JPEGPRE_BAD_ARGUMENT;
  return run(plan, from, (Target){.kind = CARRIER, .pixels = *to, .cuts = cuts}, first, end);
}

int jpegpre_carrier(const jpegpre_plan *plan, const jpegpre_pixels *from, const jpegpre_pixels *to, int32_t first, int32_t end) {
  return jpegpre_counted_carrier(plan, from, to, NULL, first, end);
}

static int are_coefficients(const jpegpre_coefficients *planes) {
  return planes && planes->luma && !planes->cb == !planes->cr && is_size(planes->width, planes->height);
}

int jpegpre_decide(const jpegpre_plan *plan, const jpegpre_pixels *from, const jpegpre_coefficients *to, int32_t first, int32_t end) {
  if (!plan || !is_work(from, first, end) || !are_coefficients(to)) return JPEGPRE_BAD_ARGUMENT;
  if (from->width != to->width || from->height != to->height) return JPEGPRE_BAD_ARGUMENT;
  return run(plan, from, (Target){.kind = INTEGERS, .coefficients = *to}, first, end);
}

int jpegpre_renderer_create(const uint8_t *luma, const uint8_t *chroma, const char *level, jpegpre_renderer **result) {
  if (!result) return JPEGPRE_BAD_ARGUMENT;
  *result = NULL;
  if (!is_table(luma) || !is_table(chroma)) return JPEGPRE_BAD_ARGUMENT;
  const Level *found = NULL;
  for (int i = 0; (found = level_at(i)) && level && strcmp(level, found->name); i++) {}
  if (!found) return JPEGPRE_NO_LEVEL;
  jpegpre_renderer *renderer = calloc(1, sizeof *renderer);
  if (!renderer) return JPEGPRE_NO_MEMORY;
  renderer->level = found;
  lay_out_shaping(luma, SCALES, &renderer->luma);
  lay_out_shaping(chroma, SCALES, &renderer->chroma);
  *result = renderer;
  return JPEGPRE_OK;
}

void jpegpre_renderer_destroy(jpegpre_renderer *renderer) { free(renderer); }

int jpegpre_render(const jpegpre_renderer *renderer, const jpegpre_coefficients *from, const jpegpre_pixels *to, jpegpre_cuts *cuts,
                   int32_t first, int32_t end) {
  if (!renderer || !are_coefficients(from) || first < 0 || first > end || end > (from->height + 15) / 16) return JPEGPRE_BAD_ARGUMENT;
  const int unit = from->cb ? 16 : 8;
  if (to) {
    if (!are_samples(to) || (from->cb ? to->pixel_bytes != 3 && to->pixel_bytes != 4 : to->pixel_bytes != 1)) return JPEGPRE_BAD_ARGUMENT;
    if (to->width != (from->width + unit - 1) / unit * unit || to->height != (from->height + unit - 1) / unit * unit)
      return JPEGPRE_BAD_ARGUMENT;
  }
  renderer->level->render(renderer, from, to, cuts, first, end);
  return JPEGPRE_OK;
}

int jpegpre_choose(const jpegpre_coefficients *from, const uint8_t *luma, const uint8_t *chroma, const uint8_t *candidates,
                   int32_t count, int32_t *chosen) {
  if (!are_coefficients(from) || !is_table(luma) || !is_table(chroma) || !candidates || !chosen) return JPEGPRE_BAD_ARGUMENT;
  if (count < 1 || count > JPEGPRE_MOST_CANDIDATES || memchr(candidates, 0, (size_t)count * 128)) return JPEGPRE_BAD_ARGUMENT;
  return choose(from, luma, chroma, candidates, count, chosen);
}

int jpegpre_gates(const jpegpre_plan *plan, int is_chroma, const uint8_t *features, int32_t rows, int32_t columns, uint8_t *gates) {
  if (!plan || !features || !gates || rows < 1 || columns < 1 || rows > MOST_SIDE / 8 || columns > MOST_SIDE / 8)
    return JPEGPRE_BAD_ARGUMENT;
  return plan->kernel->level->gates(plan, is_chroma != 0, features, rows, columns, gates);
}
