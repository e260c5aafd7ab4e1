// The numbers of an int8 network, taken out of its ONNX file by the structure of its graph.
#pragma once
#include "onnx.h"

/** Real value = (code - zero) * scale; codes are 0..255. */
typedef struct {
  float scale;
  int zero;
} Quantization;

/** A convolution of codes: bias has the unit input.scale * scales[output]. */
typedef struct {
  const int8_t *weights;  // [outputs][inputs], or of 3x3 ones, which are by channel, [outputs][9]
  float *scales;          // [outputs]
  int32_t *bias;          // [outputs]
  int outputs, inputs, side;
  Quantization input;
} Convolution;

/** From the tables to numbers, in float, quantized. */
typedef struct {
  float *weights, *bias;  // [outputs][inputs], [outputs]
  int outputs, inputs;
  Quantization result;
} Hidden;

/** A convolution of the hidden numbers and the quantization of its results: a factor or a shift per channel. */
typedef struct {
  Hidden hidden;
  Convolution convolution;
  Quantization result;
} Condition;

/** x + project(relu(expand(x)) * factor); 3x3 ones have no factor. */
typedef struct {
  Convolution expand, project;
  Quantization rectified, scaled, projected, result;
  Condition factor;
} ResidualBlock;

#define MOST_BLOCKS 8

typedef struct {
  Convolution input;
  Quantization summed;  // of the first convolution alone
  Condition shift;
  Quantization result;                // of both, after ReLU
  ResidualBlock blocks[MOST_BLOCKS];  // spatial ones first
  int block_count, spatial_count;
  Convolution logits;
  Quantization logit;
} GateNetwork;

typedef struct {
  GateNetwork luma, chroma;
  float zero_span, one_span;  // steps
} Model;

/** What was expected of a network and is not so, or null: layers that fit together, and the buffers of network.h. */
const char *network_problem(const GateNetwork *network, int features, int gates, int most_spatial);

/** Status as in jpegpre_kernel.h; `reason` says what was expected. */
int read_model(const uint8_t *content, size_t size, Arena *arena, Model *model, const char **reason);
