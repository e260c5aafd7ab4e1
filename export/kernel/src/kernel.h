// What the parts of the kernel share: weights laid out for a level of instructions, what a plan adds, and the levels.
#pragma once
#include "jpegpre_kernel.h"
#include "memory.h"
#include "model.h"

// Features and gates of a component per block: 64 coefficients, and the 32 lowest frequencies once more.
#define LOW 32
#define FEATURES 96
#define MOST_DEPTH 288
#define MOST_OUTPUTS 192
#define PANEL 16  // outputs whose weights lie together

/** How a level takes products; the weights lie as [panel][group of inputs][output][input of the group]. */
typedef enum {
  BY_PAIRS,      // int16 weights and activations: exact for any weights
  BY_FOURS,      // int8 weights, activations 0..255
  BY_FOURS_7,    // the same where two products may not exceed int16: weights -64..64
  SIGNED_FOURS,  // int8 weights, activations less 128
  OFFSET_FOURS,  // weights -64..63 plus 64, activations less 128: for bytes of which one side has 7 bits
} Products;

/** A weight that a level has no place for, less by one; what is missing is one activation. */
typedef struct {
  int16_t output, input;
} Rest;
#define MOST_RESTS 256

/** A convolution and the quantization of its results. "Own" units are those of the convolution alone. */
typedef struct {
  int depth, outputs;
  const void *weights;  // as `Products` says; of 3x3 ones int16 [outputs / 8][10 taps in pairs, the last 0][..]: network.h
  const Rest *rests;
  int rest_count;
  const int32_t *bias;  // [outputs], with the input's zero point taken into account
  const float *scale;   // [outputs], from sums to own units
  float own_low, own_high;
  // Where something is added or multiplied: own units and the other's to units of the result.
  float own_factor, other_factor;
  int zero;        // of the result
  int other_zero;  // of what is added
} Layer;

typedef struct {
  Layer expand, project;
} Block;

typedef struct {
  Layer input, logits;
  Block blocks[MOST_BLOCKS];
  int block_count, spatial_count, channels, padding;  // `padding`: the code of 0 before 3x3 convolutions
  float per_step;  // codes of features per step
  uint8_t gates[256];  // of the codes of logits
} Network;

/** What tables and strength make of a network: a term or a factor for each channel. */
typedef struct {
  const float *shift;
  const float *factors[MOST_BLOCKS];
} Conditions;

/** Per coefficient, in the order of transform.h. */
typedef struct {
  float per_level[64];  // from its DCT to steps of the target table
  float middle;         // steps of DC that are taken off: 128 in each sample
  float zero_span[64], one_span[64];  // per code of a gate: what it adds to a threshold, in steps; 0 for DC
  float zero_ramp[64], one_ramp[64];     // edit: the same in 1/60 step
  float change_levels[64], reaches[64];  // edit: from changes to what its inverse takes, and to levels of reach
} Component;

#define SHAPED 4  // samples that are rounded together
/** For one component of a carrier: from quantized to what the inverse DCT takes, and weights of rounding errors. */
typedef struct {
  float levels[64];
  float weights[2016];  // of each sample those of the samples after it: shaping.c
} Shaping;

typedef struct Level Level;

typedef enum { EDIT, CARRIER, INTEGERS } TargetKind;

/** Where the results go. */
typedef struct {
  TargetKind kind;
  jpegpre_pixels pixels;
  jpegpre_coefficients coefficients;
  jpegpre_cuts *cuts;  // of carriers; null if nobody asks
} Target;

struct jpegpre_kernel {
  Arena arena;
  Model model;
  const Level *level;
  Network luma, chroma;
};

struct jpegpre_renderer {
  const Level *level;
  Shaping luma, chroma;
};

struct jpegpre_plan {
  const jpegpre_kernel *kernel;
  Arena arena;
  float strength;
  float overshoot;  // twice the levels by which decisions take white and black to lie beyond 0 and 255
  int has_carrier;
  Conditions luma_conditions, chroma_conditions;
  Component luma, chroma;
  jpegpre_renderer renderer;  // if `has_carrier`
};

/** One build of sweep.h for a set of instructions. */
struct Level {
  const char *name;
  Products products;
  int (*run)(const jpegpre_plan *plan, const jpegpre_pixels *from, const Target *to, int first, int end);
  int (*gates)(const jpegpre_plan *plan, int is_chroma, const uint8_t *features, int rows, int columns, uint8_t *gates);
  void (*render)(const jpegpre_renderer *renderer, const jpegpre_coefficients *from, const jpegpre_pixels *to, jpegpre_cuts *cuts,
                 int first, int end);
  int (*is_right)(void);  // null, or says whether this processor, or its virtual machine, calculates as it should
};

/** The levels of this library that this processor has, fastest first. */
const Level *level_at(int index);

/** Whether a level's products are exact for these weights. */
int fits_level(const GateNetwork *network, Products products);
/** 0 if there is no memory. */
int lay_out(const GateNetwork *network, Products products, Arena *arena, Network *result);
int lay_out_plan(jpegpre_plan *plan, const uint8_t *luma, const uint8_t *chroma, const uint8_t *encoder_luma,
                 const uint8_t *encoder_chroma);

/** `scales`: of the DCT in dct.h. */
void lay_out_shaping(const uint8_t *table, const double *scales, Shaping *to);
/** Factors of the DCT of Arai, Agui and Nakajima: sqrt(2) * cos(k pi / 16), 1 for k = 0. */
extern const double SCALES[8];
/** `jpegpre_choose` with arguments that have been checked. */
int choose(const jpegpre_coefficients *from, const uint8_t *luma, const uint8_t *chroma, const uint8_t *candidates, int count,
           int *chosen);

/** Where the model keeps a feature or gate of the kernel, 0..95 of one component. */
int model_channel(int channel);
/** Frequencies of a coefficient of the kernel's order: it lies at [horizontal][vertical]. */
static inline int natural(int i) { return (i & 7) * 8 + (i >> 3); }
/** Coefficient of low feature or gate 0..31, kernel's order. */
int low_coefficient(int i);
