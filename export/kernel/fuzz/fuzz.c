// Random pictures, tables and damaged files through the kernel: fuzz NETWORK.onnx SEED ROUNDS
//
// Meant for AddressSanitizer and UBSan: every buffer ends where its last byte is. Every level of instructions has to give the
// same samples, in one call and in several; a hash of all of them is printed, which is the same on every processor. `python export/kernel/build.py fuzz --sanitize --program export/kernel/fuzz/fuzz.c`
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jpegpre_files.h"
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
  const int is_carrier = (int)drawn(2), bytes = 3 + (int)drawn(2), to_bytes = 3 + (int)drawn(2);
  const int width = 1 + (int)drawn(drawn(4) ? 70 : 300), height = 1 + (int)drawn(70), rows = (height + 15) / 16;
  const float strength = drawn(3) ? 1 : (float)drawn(1001) / 1000;
  jpegpre_pixels from = pixels_of(width, height, bytes), first = {0};
  const uint64_t resumed = state;  // levels, of which processors have more or fewer, draw numbers of their own
  for (int i = 0; i < count; i++) {
    jpegpre_plan *plan;
    require(!jpegpre_plan_create(kernels[i], tables[0], tables[1], tables[2], tables[3], strength, &plan), "a plan failed");
    const int to_width = is_carrier ? (width + 15) / 16 * 16 : width;
    jpegpre_pixels to = pixels_of(to_width, is_carrier ? rows * 16 : height, to_bytes);
    jpegpre_cuts cuts = {0};
    for (int begin = 0; begin < rows;) {
      const int end = i ? begin + 1 + (int)drawn((uint32_t)(rows - begin)) : rows;
      const int status = !is_carrier ? jpegpre_edit(plan, &from, &to, begin, end)
                         : i & 1     ? jpegpre_carrier(plan, &from, &to, begin, end)
                                     : jpegpre_counted_carrier(plan, &from, &to, &cuts, begin, end);
      require(!status, "a call failed");
      begin = end;
    }
    if (is_carrier && !(i & 1)) require(cuts.pixels == (int64_t)to.width * to.height, "not all pixels were counted");
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

static int16_t *numbers_of(size_t blocks) {
  int16_t *numbers = malloc(blocks * 64 * sizeof *numbers);
  require(numbers != NULL, "no memory");
  return numbers;
}

static jpegpre_coefficients coefficients_of(int width, int height, int is_gray) {
  const size_t luma = (size_t)((width + 7) / 8) * (size_t)((height + 7) / 8);
  const size_t chroma = (size_t)((width + 15) / 16) * (size_t)((height + 15) / 16);
  return (jpegpre_coefficients){numbers_of(luma), is_gray ? NULL : numbers_of(chroma), is_gray ? NULL : numbers_of(chroma), width, height};
}

static void free_coefficients(jpegpre_coefficients *planes) {
  free(planes->luma), free(planes->cb), free(planes->cr);
}

static void hash_numbers(const int16_t *numbers, int width, int height, int unit) {
  const int count = (width + unit - 1) / unit * ((height + unit - 1) / unit) * 64;
  for (int i = 0; numbers && i < count; i++) hash = (hash ^ (uint16_t)numbers[i]) * 1099511628211u;
}

static int same_numbers(const int16_t *a, const int16_t *b, int width, int height, int unit) {
  return !a || !memcmp(a, b, (size_t)((width + unit - 1) / unit * ((height + unit - 1) / unit)) * 64 * sizeof *a);
}

/** Decisions alone: levels and ranges agree. */
static void check_decisions(jpegpre_kernel *const *kernels, int count) {
  uint8_t tables[2][64];
  for (int i = 0; i < 2; i++) draw_table(tables[i]);
  const int width = 1 + (int)drawn(70), height = 1 + (int)drawn(70), rows = (height + 15) / 16, is_gray = !drawn(4);
  jpegpre_pixels from = pixels_of(width, height, 3);
  const uint64_t resumed = state;
  jpegpre_coefficients first = {0};
  for (int i = 0; i < count; i++) {
    jpegpre_plan *plan;
    require(!jpegpre_plan_create(kernels[i], tables[0], tables[1], NULL, NULL, 1, &plan), "a plan failed");
    jpegpre_coefficients to = coefficients_of(width, height, is_gray);
    const int middle = (int)drawn((uint32_t)rows + 1);
    require(!jpegpre_decide(plan, &from, &to, middle, rows), "a call failed");
    require(!jpegpre_decide(plan, &from, &to, 0, middle), "a call failed");
    jpegpre_plan_destroy(plan);
    if (!i) {
      first = to;
      hash_numbers(to.luma, width, height, 8), hash_numbers(to.cb, width, height, 16), hash_numbers(to.cr, width, height, 16);
      continue;
    }
    require(same_numbers(first.luma, to.luma, width, height, 8) && same_numbers(first.cb, to.cb, width, height, 16) &&
                same_numbers(first.cr, to.cr, width, height, 16),
            "levels or ranges differ");
    free_coefficients(&to);
  }
  free_coefficients(&first);
  free(from.samples);
  state = resumed;
}

/** Carriers of any coefficients, and the choice of an encoder's quality for them. */
static void check_render(void) {
  uint8_t tables[2][64], candidates[5][2][64];
  for (int i = 0; i < 2; i++) draw_table(tables[i]);
  for (int i = 0; i < 10; i++) draw_table(candidates[i / 2][i % 2]);
  const int width = 1 + (int)drawn(drawn(4) ? 70 : 300), height = 1 + (int)drawn(70), rows = (height + 15) / 16, is_gray = !drawn(3);
  const int unit = is_gray ? 8 : 16, bytes = is_gray ? 1 : 3 + (int)drawn(2);
  jpegpre_coefficients from = coefficients_of(width, height, is_gray);
  const uint32_t most = drawn(2) ? 1 + drawn(40) : 65536;
  int16_t *planes[3] = {from.luma, from.cb, from.cr};
  for (int plane = 0; plane < (is_gray ? 1 : 3); plane++) {
    const int side = plane ? 16 : 8, count = (width + side - 1) / side * ((height + side - 1) / side) * 64;
    for (int i = 0; i < count; i++) planes[plane][i] = (int16_t)((int)drawn(most) - (int)(most / 2));
  }
  const uint64_t resumed = state;
  jpegpre_pixels first = {0};
  jpegpre_cuts all = {0};
  const char *name;
  for (int i = 0; (name = jpegpre_level(i)); i++) {
    jpegpre_renderer *renderer;
    require(!jpegpre_renderer_create(tables[0], tables[1], name, &renderer), "a renderer failed");
    jpegpre_pixels to = pixels_of((width + unit - 1) / unit * unit, (height + unit - 1) / unit * unit, bytes);
    jpegpre_cuts cuts = {0};
    for (int begin = 0; begin < rows;) {
      const int end = i ? begin + 1 + (int)drawn((uint32_t)(rows - begin)) : rows;
      require(!jpegpre_render(renderer, &from, &to, drawn(2) || !i ? &cuts : NULL, begin, end), "a call failed");
      begin = end;
    }
    jpegpre_cuts again = {0};
    require(!jpegpre_render(renderer, &from, NULL, &again, 0, rows), "a call failed");
    require(again.pixels == (int64_t)to.width * to.height, "not all pixels were looked at");
    if (!i) first = to, all = cuts;
    require(!memcmp(&all, &again, sizeof all), "counts differ");
    if (i) require(same_pixels(&first, &to), "levels or ranges differ");
    if (i) free(to.samples);
    jpegpre_renderer_destroy(renderer);
  }
  int32_t chosen = -1;
  require(!jpegpre_choose(&from, tables[0], tables[1], candidates[0][0], 5, &chosen) && chosen >= 0 && chosen < 5, "no choice");
  add_to_hash(&first);
  hash = (hash ^ (uint64_t)all.squares ^ (uint64_t)chosen) * 1099511628211u;
  free(first.samples);
  free_coefficients(&from);
  state = resumed;
}

static uint64_t squares_of(const uint8_t *a, const uint8_t *b, size_t count) {
  uint64_t sum = 0;
  for (size_t i = 0; i < count; i++) sum += (uint64_t)((a[i] - b[i]) * (a[i] - b[i]));
  return sum;
}

/** Scans of any bytes with any tables, and sums of any length. */
static void check_files(void) {
  jpegpre_huffman tables[6];
  for (int i = 0; i < 6; i++) {
    uint8_t *symbols = filled(sizeof tables->symbols);
    memcpy(tables[i].symbols, symbols, sizeof tables->symbols);
    free(symbols);
    // Codes of a whole tree, so that most walks go on; some tables are damaged.
    int left = 1 << 16, count = 0;
    for (int length = 1; length <= 16; length++) {
      const int room = left >> (16 - length), most = room < 256 - count ? room : 256 - count;
      tables[i].counts[length - 1] = (uint8_t)(most > 0 ? drawn((uint32_t)(most < 12 ? most + 1 : 13)) : 0);
      left -= tables[i].counts[length - 1] << (16 - length);
      count += tables[i].counts[length - 1];
    }
    if (!drawn(20)) tables[i].counts[drawn(16)] = (uint8_t)drawn(256);
  }
  const int table_count = 1 + (int)drawn(6), block_count = 1 + (int)drawn(drawn(8) ? 6 : 70), part_count = (int)drawn(4);
  uint8_t block_tables[2 * 70];
  const uint32_t kind = drawn(4);
  for (int i = 0; i < 2 * block_count; i++)
    block_tables[i] = (uint8_t)(kind == 0 ? drawn(8) : i % 2 == 0 ? 0 : kind == 1 ? 255 : 1);
  const size_t size = drawn(2000);
  uint8_t *stream = filled(size ? size : 1);
  jpegpre_scan_part parts[3], before[3];
  for (int i = 0; i < part_count; i++) {
    parts[i].start = drawn((uint32_t)(8 * size + 1));
    parts[i].end = parts[i].start + drawn((uint32_t)(8 * size - (size_t)parts[i].start + (drawn(8) ? 1 : 99)));
    parts[i].blocks = drawn(drawn(2) ? 5 : 500);
    before[i] = parts[i];
  }
  const int status = jpegpre_walk_scan(stream, size, tables, table_count, block_tables, block_count, parts, part_count);
  require(status >= JPEGPRE_SCAN_WHOLE && status <= JPEGPRE_SCAN_BAD_ARGUMENT, "no such finding");
  for (int i = 0; i < part_count && status == JPEGPRE_SCAN_WHOLE; i++)
    require(parts[i].start >= before[i].start && parts[i].start <= parts[i].end, "a whole part ends elsewhere");
  hash = (hash ^ (uint64_t)status) * 1099511628211u;
  const size_t count = drawn(2) ? drawn(2000) : drawn(100000);
  uint8_t *other = filled(count ? count : 1), *one = filled(count ? count : 1);
  const uint64_t sum = jpegpre_squared_error(one, other, count);
  require(sum == squares_of(one, other, count), "a sum is wrong");
  hash = (hash ^ sum) * 1099511628211u;
  free(one), free(other), free(stream);
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
    check_decisions(kernels, levels);
    check_render();
    check_files();
  }
  printf("%016llx, %d levels:", (unsigned long long)hash, levels);
  for (int i = 0; i < levels; i++) {
    printf(" %s", jpegpre_kernel_level(kernels[i]));
    jpegpre_kernel_destroy(kernels[i]);
  }
  printf("\n");
  return 0;
}
