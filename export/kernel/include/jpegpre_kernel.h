// The preprocessor in one sweep: what LiteRT and ONNX Runtime compute with the shipped int8 file, on any processor.
//
// A kernel holds the weights, a plan what depends on the quantization tables and the strength; both never change once
// they are made, so any number of threads may use one. Rows of work are 16 pixels high; whoever has threads gives each
// a range of rows. The result is the same for any ranges, any level of instructions and any processor: floats are
// calculated in one order, without fused multiply-add, and the network in whole numbers.
#pragma once
#include <stddef.h>
#include <stdint.h>

#if defined(__wasm__)
#define JPEGPRE_API(name) __attribute__((export_name(#name)))
#elif defined(_WIN32)
#define JPEGPRE_API(name) __declspec(dllexport)
#else
#define JPEGPRE_API(name) __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct jpegpre_kernel jpegpre_kernel;
typedef struct jpegpre_plan jpegpre_plan;

/** What a call came to; `jpegpre_status_text` has words for it. */
enum {
  JPEGPRE_OK = 0,
  JPEGPRE_NO_MEMORY = 1,
  JPEGPRE_DAMAGED = 2,        // not an ONNX file, or cut off
  JPEGPRE_OTHER_NETWORK = 3,  // an ONNX file, but not of an int8 network of this build
  JPEGPRE_NO_LEVEL = 4,       // this processor, or this library, has no such level, or the weights do not fit it
  JPEGPRE_BAD_ARGUMENT = 5
};

/** Pixels: R, G, B of 8 bits, and one byte more if `pixel_bytes` is 4. Rows are `stride` bytes apart. */
typedef struct {
  uint8_t *samples;
  ptrdiff_t stride;
  int32_t width, height;  // 1..2^20
  int32_t pixel_bytes;    // 3 or 4
} jpegpre_pixels;

/**
 * Reads a network.
 *
 * @param onnx The int8 file that ships; not needed once this returned.
 * @param level Of instructions, or null for the fastest that this processor has and the weights fit.
 * @param kernel Null unless the result is JPEGPRE_OK.
 * @param reason What was expected of the network and not found, or null; may be null itself.
 */
JPEGPRE_API(jpegpre_kernel_create)
int jpegpre_kernel_create(const uint8_t *onnx, size_t size, const char *level, jpegpre_kernel **kernel, const char **reason);

JPEGPRE_API(jpegpre_kernel_destroy)
void jpegpre_kernel_destroy(jpegpre_kernel *kernel);

/** The level that it uses. */
JPEGPRE_API(jpegpre_kernel_level)
const char *jpegpre_kernel_level(const jpegpre_kernel *kernel);

/** The levels that this processor has, fastest first; null beyond the last. */
JPEGPRE_API(jpegpre_level)
const char *jpegpre_level(int index);

JPEGPRE_API(jpegpre_status_text)
const char *jpegpre_status_text(int status);

/**
 * What one picture is to be made for; the kernel has to outlive it.
 *
 * @param luma, chroma Target tables, 64 entries of 1..255 in natural order.
 * @param encoder_luma, encoder_chroma Those that the encoder of a carrier uses; null for a plan that only edits.
 * @param strength 0..1.
 */
JPEGPRE_API(jpegpre_plan_create)
int jpegpre_plan_create(const jpegpre_kernel *kernel, const uint8_t *luma, const uint8_t *chroma, const uint8_t *encoder_luma,
                        const uint8_t *encoder_chroma, float strength, jpegpre_plan **plan);

JPEGPRE_API(jpegpre_plan_destroy)
void jpegpre_plan_destroy(jpegpre_plan *plan);

/**
 * Edited pixels of rows of work `first` to `end`, at most (height + 15) / 16: pixels 16 * first to 16 * end.
 *
 * `to` has the size of `from` and does not overlap it. A fourth byte is copied.
 */
JPEGPRE_API(jpegpre_edit)
int jpegpre_edit(const jpegpre_plan *plan, const jpegpre_pixels *from, const jpegpre_pixels *to, int32_t first, int32_t end);

/** The carrier's pixels, likewise; `to` has the size of `from` rounded up to multiples of 16. A fourth byte is 255. */
JPEGPRE_API(jpegpre_carrier)
int jpegpre_carrier(const jpegpre_plan *plan, const jpegpre_pixels *from, const jpegpre_pixels *to, int32_t first, int32_t end);

/**
 * The decisions themselves, quantized coefficients for the target tables, likewise.
 *
 * Blocks and coefficients as the signature "decide" of the exported models has them: of the picture rounded up to
 * multiples of 16, frequencies by row + column, then by row.
 *
 * @param luma int16 [rows of 8x8 blocks][columns of blocks][64].
 * @param chroma int16 [rows of 16x16 pixels][columns of these][128]: Cb, then Cr.
 */
JPEGPRE_API(jpegpre_decide)
int jpegpre_decide(const jpegpre_plan *plan, const jpegpre_pixels *from, int16_t *luma, int16_t *chroma, int32_t first, int32_t end);

/**
 * The networks alone, for tests: gates of one component, 0..255 for 0..255/256.
 *
 * @param is_chroma 0 for luma: 96 features and 96 gates per block; 1 for chroma: 288 features and 192 gates.
 * @param features uint8 [rows][columns][features], in the order of the model.
 * @param gates uint8 [rows][columns][gates], in the order of the model.
 */
JPEGPRE_API(jpegpre_gates)
int jpegpre_gates(const jpegpre_plan *plan, int is_chroma, const uint8_t *features, int32_t rows, int32_t columns, uint8_t *gates);

#ifdef __cplusplus
}
#endif
