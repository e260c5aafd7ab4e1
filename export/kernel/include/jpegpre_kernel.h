// The preprocessor in one sweep: what LiteRT and ONNX Runtime compute with the shipped int8 file, on any processor.
//
// A kernel holds the weights, a plan what depends on the quantization tables and the strength; both never change once
// they are made, so any number of threads may use one. Rows of work are 16 pixels high; whoever has threads gives each
// a range of rows. The result is the same for any ranges, any level of instructions and any processor: floats are calculated in one
// order, without fused multiply-add, and the network in whole numbers.
//
// Memory that a call takes grows with the picture's width alone. Whoever holds strips of a picture passes each as a picture, with
// one row of work more above and below where the picture goes on, and asks for the rows of work between.
//
// A carrier takes three steps: `jpegpre_decide` on the picture, `jpegpre_choose` of the encoder's qualities, `jpegpre_render`.
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
typedef struct jpegpre_renderer jpegpre_renderer;

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
  int32_t pixel_bytes;    // 3 or 4; 1 where a gray picture is written
} jpegpre_pixels;

/**
 * Quantized coefficients of a 4:2:0 or gray picture: blocks of 64 in natural order, row after row of blocks.
 *
 * Strips of a picture have a multiple of 16 rows of pixels, but for the last.
 */
typedef struct {
  int16_t *luma;           // (width + 7) / 8 blocks in each of (height + 7) / 8 rows
  int16_t *cb, *cr;        // (width + 15) / 16 blocks in each of (height + 15) / 16 rows; both null: gray
  int32_t width, height;   // of the picture, in pixels, 1..2^20
} jpegpre_coefficients;

/** How much of a carrier is cut at 0 or 255: coefficients come out otherwise there. */
typedef struct {
  int64_t pixels;   // that were looked at
  int64_t cut;      // of these, with R, G or B cut by more than a level
  int64_t squares;  // sum over all pixels of the square of the largest cut, in levels
} jpegpre_cuts;

#define JPEGPRE_MOST_CANDIDATES 32

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

/** 2, which says that `from` and `to` may have three and four bytes a pixel; libraries before that lack the function. */
JPEGPRE_API(jpegpre_interface)
int jpegpre_interface(void);

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
 * `to` has the size of `from` and does not overlap it. A fourth byte is copied, or is 255 where `from` has none.
 */
JPEGPRE_API(jpegpre_edit)
int jpegpre_edit(const jpegpre_plan *plan, const jpegpre_pixels *from, const jpegpre_pixels *to, int32_t first, int32_t end);

/**
 * The carrier's pixels, likewise; `to` has the size of `from` rounded up to multiples of 16. A fourth byte is 255, whatever
 * `from` has there.
 */
JPEGPRE_API(jpegpre_carrier)
int jpegpre_carrier(const jpegpre_plan *plan, const jpegpre_pixels *from, const jpegpre_pixels *to, int32_t first, int32_t end);

/** The same, and what is cut of it is added to `cuts`: where that is nothing, no other encoder quality need be tried. */
JPEGPRE_API(jpegpre_counted_carrier)
int jpegpre_counted_carrier(const jpegpre_plan *plan, const jpegpre_pixels *from, const jpegpre_pixels *to, jpegpre_cuts *cuts,
                            int32_t first, int32_t end);

/**
 * The decisions themselves, likewise: quantized coefficients for the target tables.
 *
 * @param to Of the size of `from`. Cb and Cr may be null: then only Y is decided on.
 */
JPEGPRE_API(jpegpre_decide)
int jpegpre_decide(const jpegpre_plan *plan, const jpegpre_pixels *from, const jpegpre_coefficients *to, int32_t first, int32_t end);

/**
 * What makes carriers of coefficients, for the tables that the encoder will use.
 *
 * @param luma, chroma 64 entries of 1..255 in natural order.
 * @param level As of `jpegpre_kernel_create`.
 */
JPEGPRE_API(jpegpre_renderer_create)
int jpegpre_renderer_create(const uint8_t *luma, const uint8_t *chroma, const char *level, jpegpre_renderer **renderer);

JPEGPRE_API(jpegpre_renderer_destroy)
void jpegpre_renderer_destroy(jpegpre_renderer *renderer);

/**
 * The carrier's pixels of rows of work `first` to `end`: what `jpegpre_carrier` makes in one go for fixed encoder tables.
 *
 * Any row of work is made of its own coefficients alone. Blocks of Y that a picture lacks to whole 16x16 pixels get
 * the DC of the block before, which costs fewest bits.
 *
 * @param from Of any origin; gray without Cb and Cr. Samples beyond -8192..8192 are cut there.
 * @param to Sides of `from` rounded up to multiples of 16; of a gray one of 8, and one byte a pixel. A fourth byte
 *     becomes 255. May be null, if only `cuts` are wanted.
 * @param cuts Is added to; may be null.
 */
JPEGPRE_API(jpegpre_render)
int jpegpre_render(const jpegpre_renderer *renderer, const jpegpre_coefficients *from, const jpegpre_pixels *to, jpegpre_cuts *cuts,
                   int32_t first, int32_t end);

/**
 * Which of an encoder's qualities carries coefficients best: the lowest of little contrast of which nothing is cut.
 *
 * Large pictures are judged by some rows of work, half a megapixel in all.
 *
 * @param luma, chroma Target tables of the coefficients.
 * @param candidates Tables of the encoder, luma then chroma (128 entries) of each quality, in ascending order of it;
 *     those of jpegpre_tf/jpeg/carriers/encoder_choice.py are 60, 70, 75, 80, 85, 90, 93, 95, 96, 97, 98.
 * @param count 1..JPEGPRE_MOST_CANDIDATES.
 * @param chosen Index of the chosen candidate.
 */
JPEGPRE_API(jpegpre_choose)
int jpegpre_choose(const jpegpre_coefficients *from, const uint8_t *luma, const uint8_t *chroma, const uint8_t *candidates,
                   int32_t count, int32_t *chosen);

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
