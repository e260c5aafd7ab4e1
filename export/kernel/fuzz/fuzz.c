// Random pictures, tables and damaged files through the kernel: fuzz NETWORK.onnx SEED ROUNDS
//
// Meant for AddressSanitizer and UBSan: every buffer ends where its last byte is. Every level of instructions has to give the
// same samples, in one call and in several; a hash of all of them is printed, which is the same on every processor. `python export/kernel/build.py fuzz --sanitize --program export/kernel/fuzz/fuzz.c`
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jpegpre_kernel.h"

#define MOST_LEVELS 8

static uint64_t state, hash = 14695981039346656037u;

static uint32_t drawn(uint32_t below) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)((state >> 33) % below);
}

static void require(int condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "fuzz: %s\n", what);
  exit(1);
}

static uint8_t *filled(size_t size) {
  uint8_t *bytes = malloc(size);
  require(bytes != NULL, "no memory");
  const uint32_t kind = drawn(4), low = drawn(256);
  for (size_t i = 0; i < size; i++) {
    const uint32_t noise = drawn(256);
    bytes[i] = (uint8_t)(kind == 0 ? noise : kind == 1 ? low : kind == 2 ? (noise & 1) * 255 : (low + noise / 16 + i / 7) & 255);
  }
  return bytes;
}

static void draw_table(uint8_t *table) {
  const uint32_t most = drawn(3) ? 1 + drawn(255) : 1 + drawn(4);
  for (int i = 0; i < 64; i++) table[i] = (uint8_t)(1 + drawn(most));
}

static jpegpre_pixels pixels_of(int width, int height, int bytes) {
  const ptrdiff_t stride = (ptrdiff_t)width * bytes + drawn(5);
  return (jpegpre_pixels){filled((size_t)(stride * (height - 1) + width * bytes)), stride, width, height, bytes};
}

static int same_pixels(const jpegpre_pixels *a, const jpegpre_pixels *b) {
  for (int y = 0; y < a->height; y++)
    if (memcmp(a->samples + y * a->stride, b->samples + y * b->stride, (size_t)(a->width * a->pixel_bytes))) return 0;
  return 1;
}

static void add_to_hash(const jpegpre_pixels *pixels) {
  for (int y = 0; y < pixels->height; y++)
    for (int x = 0; x < pixels->width * pixels->pixel_bytes; x++) hash = (hash ^ pixels->samples[y * pixels->stride + x]) * 1099511628211u;
}

static void check_picture(jpegpre_kernel *const *kernels, int count) {
  uint8_t tables[4][64];
  for (int i = 0; i < 4; i++) draw_table(tables[i]);
  const int is_carrier = (int)drawn(2), bytes = 3 + (int)drawn(2);
  const int width = 1 + (int)drawn(drawn(4) ? 70 : 300), height = 1 + (int)drawn(70), rows = (height + 15) / 16;
  const float strength = drawn(3) ? 1 : (float)drawn(1001) / 1000;
  jpegpre_pixels from = pixels_of(width, height, bytes), first = {0};
  const uint64_t resumed = state;  // levels, of which processors have more or fewer, draw numbers of their own
  for (int i = 0; i < count; i++) {
    jpegpre_plan *plan;
    require(!jpegpre_plan_create(kernels[i], tables[0], tables[1], tables[2], tables[3], strength, &plan), "a plan failed");
    jpegpre_pixels to = is_carrier ? pixels_of((width + 15) / 16 * 16, rows * 16, bytes) : pixels_of(width, height, bytes);
    for (int begin = 0; begin < rows;) {
      const int end = i ? begin + 1 + (int)drawn((uint32_t)(rows - begin)) : rows;
      require(!(is_carrier ? jpegpre_carrier : jpegpre_edit)(plan, &from, &to, begin, end), "a call failed");
      begin = end;
    }
    jpegpre_plan_destroy(plan);
    if (i) require(same_pixels(&first, &to), "levels or ranges differ");
    if (i) free(to.samples);
    else first = to;
  }
  add_to_hash(&first);
  free(first.samples);
  free(from.samples);
  state = resumed;
}

/** Decisions alone: levels and ranges agree. */
static void check_integers(jpegpre_kernel *const *kernels, int count) {
  uint8_t tables[2][64];
  for (int i = 0; i < 2; i++) draw_table(tables[i]);
  const int width = 1 + (int)drawn(70), height = 1 + (int)drawn(70), columns = (width + 15) / 16, rows = (height + 15) / 16;
  jpegpre_pixels from = pixels_of(width, height, 3);
  const size_t size = (size_t)(columns * rows) * 256 * sizeof(int16_t);
  const uint64_t resumed = state;
  int16_t *first = NULL;
  for (int i = 0; i < count; i++) {
    jpegpre_plan *plan;
    require(!jpegpre_plan_create(kernels[i], tables[0], tables[1], NULL, NULL, 1, &plan), "a plan failed");
    int16_t *luma = malloc(size), *chroma = malloc(size / 2);
    require(luma && chroma, "no memory");
    const int middle = (int)drawn((uint32_t)rows + 1);
    require(!jpegpre_decide(plan, &from, luma, chroma, middle, rows), "a call failed");
    require(!jpegpre_decide(plan, &from, luma, chroma, 0, middle), "a call failed");
    for (size_t k = 0; !i && k < size / 2; k++) hash = (hash ^ (uint16_t)luma[k]) * 1099511628211u;
    for (size_t k = 0; !i && k < size / 4; k++) hash = (hash ^ (uint16_t)chroma[k]) * 1099511628211u;
    if (first) require(!memcmp(first, luma, size), "levels or ranges differ");
    if (first) free(luma);
    else first = luma;
    free(chroma);
    jpegpre_plan_destroy(plan);
  }
  free(first);
  free(from.samples);
  state = resumed;
}

/** A file cut off or with some bytes changed: refused or run, but neither crash nor leak. */
static void check_damaged(const uint8_t *content, size_t size) {
  const size_t kept = drawn(4) ? size : drawn((uint32_t)size + 1);
  uint8_t *copy = malloc(kept ? kept : 1);
  require(copy != NULL, "no memory");
  memcpy(copy, content, kept);
  for (uint32_t changes = drawn(8); changes && kept; changes--) {
    // Half of them where names, shapes and lengths are.
    const size_t at = drawn(2) ? drawn((uint32_t)kept) : drawn((uint32_t)(kept < 8192 ? kept : 8192));
    copy[at] = (uint8_t)(drawn(2) ? drawn(256) : copy[at] ^ (1u << drawn(8)));
  }
  jpegpre_kernel *kernel;
  const char *reason;
  const int status = jpegpre_kernel_create(copy, kept, NULL, &kernel, &reason);
  require((status == JPEGPRE_OK) == (kernel != NULL), "status and kernel disagree");
  if (kernel && !drawn(4)) check_picture(&kernel, 1);
  jpegpre_kernel_destroy(kernel);
  free(copy);
}

int main(int count, char **arguments) {
  require(count == 4, "expected NETWORK.onnx SEED ROUNDS");
  FILE *file = fopen(arguments[1], "rb");
  require(file != NULL, "cannot open the network");
  static uint8_t content[1 << 22];
  const size_t size = fread(content, 1, sizeof content, file);
  fclose(file);
  state = strtoull(arguments[2], NULL, 10);
  jpegpre_kernel *kernels[MOST_LEVELS];
  int levels = 0;
  const char *name;
  for (int i = 0; (name = jpegpre_level(i)) && levels < MOST_LEVELS; i++) {
    const int status = jpegpre_kernel_create(content, size, name, &kernels[levels], NULL);
    require(status == JPEGPRE_OK || status == JPEGPRE_NO_LEVEL, "the network was refused");
    levels += status == JPEGPRE_OK;
  }
  require(levels > 0, "no level takes the network");
  for (long round = strtol(arguments[3], NULL, 10); round > 0; round--) {
    check_damaged(content, size);
    check_picture(kernels, levels);
    check_integers(kernels, levels);
  }
  printf("%016llx, %d levels:", (unsigned long long)hash, levels);
  for (int i = 0; i < levels; i++) {
    printf(" %s", jpegpre_kernel_level(kernels[i]));
    jpegpre_kernel_destroy(kernels[i]);
  }
  printf("\n");
  return 0;
}
