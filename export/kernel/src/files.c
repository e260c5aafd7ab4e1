// The functions of jpegpre_files.h.
#if !defined(__wasm__)
#include "jpegpre_files.h"

#include <stdlib.h>
#include <string.h>

#define MOST_TABLES 8
#define MOST_BLOCKS_OF_MCU 64
#define FAST_BITS 10
#define BLOCK 64         // coefficients after which a block is done
#define END_OF_BLOCK 128
#define NO_CODE 256
#define NO_TABLE 255

/** By the next bits: how many a code and its value have (6 bits), and the step in coefficients. 0: see `all`. */
typedef struct {
  uint16_t fast[1 << FAST_BITS], all[1 << 16];
} Codes;

static uint16_t step_of(int length, int symbol, int is_ac, int dc_step) {
  const int size = symbol & 15, run = symbol >> 4;
  if (!is_ac) return symbol < 16 ? (uint16_t)((length + symbol) | dc_step << 6) : (uint16_t)(1 | NO_CODE << 6);
  // In baseline files only 0x00 ends a block; libjpeg takes the others without a value for it too.
  return (uint16_t)((length + size) | (size || run == 15 ? run + 1 : END_OF_BLOCK) << 6);
}

/** 0 if there are more codes than bits have room for. */
static int fill_codes(const jpegpre_huffman *table, int is_ac, int dc_step, Codes *codes) {
  const uint16_t none = (uint16_t)(1 | NO_CODE << 6);
  int start = 0, symbol = 0;
  memset(codes->fast, 0, sizeof codes->fast);
  for (int length = 1; length <= 16; length++)
    for (int i = 0; i < table->counts[length - 1]; i++, symbol++) {
      const int end = start + (1 << (16 - length));
      if (end > 1 << 16 || symbol > 255) return 0;
      const uint16_t entry = step_of(length, table->symbols[symbol], is_ac, dc_step);
      for (int at = start; at < end; at++) codes->all[at] = entry;
      for (int at = start >> (16 - FAST_BITS); length <= FAST_BITS && at < end >> (16 - FAST_BITS); at++) codes->fast[at] = entry;
      start = end;
    }
  for (int at = start; at < 1 << 16; at++) codes->all[at] = none;
  return 1;
}

static uint32_t window_of(const uint8_t *stream, int64_t at) {
  const uint8_t *from = stream + (at >> 3);
  const uint32_t word = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
  return word >> (8 - (at & 7)) & 0xffff;
}

static int walk_part(const uint8_t *stream, const Codes *const *codes, int block_count, jpegpre_scan_part *part) {
  const Codes *const *own = codes;
  int64_t at = part->start;
  for (int64_t left = part->blocks; left > 0; left--) {
    int is_first = 1;
    for (int place = 0; place < BLOCK; is_first = 0) {
      if (at >= part->end) return JPEGPRE_SCAN_ENDED;
      const Codes *table = is_first ? own[0] : own[1];
      const uint32_t window = window_of(stream, at);
      uint32_t entry = table->fast[window >> (16 - FAST_BITS)];
      if (!entry) entry = table->all[window];
      at += entry & 63;
      place += (int)(entry >> 6);
      if ((place > BLOCK && place < END_OF_BLOCK) || place >= NO_CODE) return JPEGPRE_SCAN_BAD_CODE;
    }
    own += 2;
    if (own == codes + 2 * block_count) own = codes;
  }
  part->start = at;
  return at > part->end ? JPEGPRE_SCAN_ENDED : JPEGPRE_SCAN_WHOLE;
}

int jpegpre_walk_scan(const uint8_t *stream, size_t size, const jpegpre_huffman *tables, int32_t table_count, const uint8_t *block_tables,
                      int32_t block_count, jpegpre_scan_part *parts, int32_t part_count) {
  if (!stream || !tables || !block_tables || !parts || size < JPEGPRE_SCAN_PADDING) return JPEGPRE_SCAN_BAD_ARGUMENT;
  if (table_count < 1 || table_count > MOST_TABLES || block_count < 1 || block_count > MOST_BLOCKS_OF_MCU || part_count < 0)
    return JPEGPRE_SCAN_BAD_ARGUMENT;
  const int64_t most = 8 * (int64_t)(size - JPEGPRE_SCAN_PADDING);
  for (int i = 0; i < part_count; i++)
    if (parts[i].start < 0 || parts[i].end < parts[i].start || parts[i].end > most) return JPEGPRE_SCAN_BAD_ARGUMENT;
  int is_used[MOST_TABLES] = {0};  // 1 for DC, 2 for AC: a table is one or the other
  const int has_ac = block_tables[1] != NO_TABLE;
  for (int i = 0; i < 2 * block_count; i++) {
    const int number = block_tables[i], use = 1 + (i & 1);
    if ((i & 1) && !has_ac && number == NO_TABLE) continue;
    if (number >= table_count || (is_used[number] | use) == 3 || ((i & 1) && !has_ac)) return JPEGPRE_SCAN_BAD_ARGUMENT;
    is_used[number] = use;
  }
  Codes *all = malloc((size_t)table_count * sizeof *all);
  const Codes *codes[2 * MOST_BLOCKS_OF_MCU];
  int status = all ? JPEGPRE_SCAN_WHOLE : JPEGPRE_SCAN_BAD_ARGUMENT;
  for (int i = 0; i < table_count && !status; i++)
    if (is_used[i] && !fill_codes(&tables[i], is_used[i] == 2, has_ac ? 1 : BLOCK, &all[i])) status = JPEGPRE_SCAN_BAD_TABLE;
  for (int i = 0; i < 2 * block_count && !status; i++) codes[i] = block_tables[i] == NO_TABLE ? NULL : &all[block_tables[i]];
  for (int i = 0; i < part_count && !status; i++) status = walk_part(stream, codes, block_count, &parts[i]);
  free(all);
  return status;
}

uint64_t jpegpre_squared_error(const uint8_t *a, const uint8_t *b, size_t count) {
  uint64_t sum = 0;
  for (size_t start = 0; start < count; start += 1 << 15) {
    const size_t end = count - start < 1 << 15 ? count : start + (1 << 15);
    uint32_t part = 0;  // at most 2^15 * 255^2 < 2^32
    for (size_t i = start; i < end; i++) part += (uint32_t)((a[i] - b[i]) * (a[i] - b[i]));
    sum += part;
  }
  return sum;
}
#endif
