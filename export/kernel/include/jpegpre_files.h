// What whoever reads and writes JPEG files beside the kernel wants of the same library: not in WebAssembly.
#pragma once
#include "jpegpre_kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What `jpegpre_walk_scan` found. */
enum {
  JPEGPRE_SCAN_WHOLE = 0,
  JPEGPRE_SCAN_BAD_TABLE = 1,  // a Huffman table with more codes than there are
  JPEGPRE_SCAN_BAD_CODE = 2,   // a code that its table has not, or coefficients beyond a block's 64
  JPEGPRE_SCAN_ENDED = 3,      // a part ends before its last block
  JPEGPRE_SCAN_BAD_ARGUMENT = 4
};

/** A Huffman table as DHT has it: how many codes of 1..16 bits, and their symbols. */
typedef struct {
  uint8_t counts[16];
  uint8_t symbols[256];
} jpegpre_huffman;

/** Entropy-coded data between two restart markers. */
typedef struct {
  int64_t start, end;  // its first bit and the one behind it, in the stream; after the walk `start` is behind its last code
  int64_t blocks;      // that it must hold
} jpegpre_scan_part;

#define JPEGPRE_SCAN_PADDING 8  // bytes behind each part, as codes are looked up beyond its end

/**
 * Walks the codes of a baseline scan, or of the first DC scan of a progressive one, without their values.
 *
 * @param stream The parts without stuffed zeros, each followed by JPEGPRE_SCAN_PADDING bytes.
 * @param tables `table_count` tables.
 * @param block_tables Of each block of an MCU the DC and the AC table's number; 255 for AC where scans hold DC alone.
 * @param block_count Blocks of an MCU.
 */
JPEGPRE_API(jpegpre_walk_scan)
int jpegpre_walk_scan(const uint8_t *stream, size_t size, const jpegpre_huffman *tables, int32_t table_count, const uint8_t *block_tables,
                      int32_t block_count, jpegpre_scan_part *parts, int32_t part_count);

/** Sum of squared differences of two rows of samples. */
JPEGPRE_API(jpegpre_squared_error)
uint64_t jpegpre_squared_error(const uint8_t *a, const uint8_t *b, size_t count);

#ifdef __cplusplus
}
#endif
