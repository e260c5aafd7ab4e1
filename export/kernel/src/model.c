#include "model.h"

#include <string.h>

#include "jpegpre_kernel.h"

// Of a layer's inputs and outputs: what the buffers of network.h hold.
#define MOST_CHANNELS 512

typedef struct {
  const Graph *graph;
  Arena *arena;
  const char *reason;  // of the first failure
  int status;
} Reader;

static int fail(Reader *reader, const char *reason) {
  if (!reader->status) {
    reader->reason = reason;
    reader->status = JPEGPRE_OTHER_NETWORK;
  }
  return 0;
}

/** The operation that makes a result, through those that leave numbers as they are. */
static const Node *made_by(const Reader *reader, Name name) {
  static const char *const LAYOUT[] = {"Reshape", "Squeeze", "Transpose", "Unsqueeze", "Identity"};
  // A graph made to mislead could have a ring: no longer way than this is followed.
  for (int hops = 0; hops < 16; hops++) {
    const Node *node = producer_of(reader->graph, name);
    int is_layout = 0;
    for (size_t i = 0; node && i < sizeof LAYOUT / sizeof *LAYOUT; i++) is_layout |= is_name(node->operator, LAYOUT[i]);
    if (!is_layout) return node;
    name = node->inputs[0];
  }
  return NULL;
}

static int is_operation(const Node *node, const char *operator) { return node && is_name(node->operator, operator); }

static int holds(const Tensor *tensor, TensorType type, size_t count) {
  const size_t size_bytes = type == FLOAT32 || type == INT32 ? 4 : 1;
  return tensor && tensor->type == (int)type && tensor->rank >= 0 && tensor->values && tensor->size_bytes == count * size_bytes;
}

/** Scale and zero point of a QuantizeLinear or DequantizeLinear of activations. */
static int read_quantization(Reader *reader, const Node *node, Quantization *quantization) {
  const Tensor *scale = tensor_of(reader->graph, node->inputs[1]), *zero = tensor_of(reader->graph, node->inputs[2]);
  if (node->input_count < 3 || !holds(scale, FLOAT32, 1) || !holds(zero, UINT8, 1))
    return fail(reader, "activations with one scale and a uint8 zero point");
  memcpy(&quantization->scale, scale->values, 4);
  quantization->zero = zero->values[0];
  if (!(quantization->scale > 1e-12f && quantization->scale < 1e12f)) return fail(reader, "scales of activations above 0");
  return 1;
}

/** How a number is quantized that is read through DequantizeLinear, and what makes it before QuantizeLinear. */
static const Node *before_quantization(Reader *reader, Name name, Quantization *quantization) {
  const Node *node = made_by(reader, name);
  if (is_operation(node, "DequantizeLinear")) node = made_by(reader, node->inputs[0]);
  if (!is_operation(node, "QuantizeLinear")) return fail(reader, "quantized activations"), NULL;
  if (!read_quantization(reader, node, quantization)) return NULL;
  node = made_by(reader, node->inputs[0]);
  return node ? node : (fail(reader, "a quantized result of an operation"), NULL);
}

static int read_weights(Reader *reader, const Node *weights, const Node *biases, Convolution *result) {
  const Graph *graph = reader->graph;
  if (!is_operation(weights, "DequantizeLinear") || !is_operation(biases, "DequantizeLinear"))
    return fail(reader, "int8 weights and int32 biases");
  const Tensor *integers = tensor_of(graph, weights->inputs[0]), *scales = tensor_of(graph, weights->inputs[1]);
  const Tensor *bias = tensor_of(graph, biases->inputs[0]);
  if (!integers || integers->rank != 4) return fail(reader, "int8 weights of convolutions");
  const uint32_t *shape = integers->shape;
  if (shape[0] < 1 || shape[0] > MOST_CHANNELS || shape[1] < 1 || shape[1] > MOST_CHANNELS || shape[2] != shape[3])
    return fail(reader, "convolutions of at most 512 channels");
  if (shape[2] != 1 && !(shape[2] == 3 && shape[1] == 1)) return fail(reader, "1x1 and depthwise 3x3 convolutions");
  const size_t outputs = shape[0], count = outputs * shape[1] * shape[2] * shape[3];
  const size_t scale_count = scales && scales->size_bytes == 4 ? 1 : outputs;
  if (!holds(integers, INT8, count) || !holds(scales, FLOAT32, scale_count) || !holds(bias, INT32, outputs))
    return fail(reader, "int8 weights with a scale for each output");
  result->outputs = (int)outputs;
  result->inputs = (int)(shape[2] == 3 ? outputs : shape[1]);
  result->side = (int)shape[2];
  int8_t *copy = arena_get(reader->arena, count, 1);
  result->scales = arena_get(reader->arena, outputs, sizeof(float));
  result->bias = arena_get(reader->arena, outputs, sizeof(int32_t));
  if (!copy || !result->scales || !result->bias) return reader->status = JPEGPRE_NO_MEMORY, 0;
  memcpy(copy, integers->values, count);
  result->weights = copy;
  for (size_t i = 0; i < outputs; i++) {
    memcpy(&result->scales[i], scales->values + 4 * (scale_count == 1 ? 0 : i), 4);
    memcpy(&result->bias[i], bias->values + 4 * i, 4);
    if (!(result->scales[i] > 0 && result->scales[i] < 1e12f)) return fail(reader, "scales of weights above 0");
    // Sums of products are below 2^27: both together must fit.
    if (result->bias[i] > 1 << 30 || result->bias[i] < -(1 << 30)) return fail(reader, "biases up to 2^30");
  }
  return 1;
}

/** A convolution with its weights and the quantization of what it is given. */
static int read_convolution(Reader *reader, const Node *node, Convolution *result) {
  if (!is_operation(node, "Conv") || node->input_count < 3) return fail(reader, "a convolution with a bias");
  const Node *data = made_by(reader, node->inputs[0]);
  for (int hops = 0; is_operation(data, "Concat") && hops < 4; hops++) data = made_by(reader, data->inputs[0]);
  if (!is_operation(data, "DequantizeLinear")) return fail(reader, "a convolution of quantized activations");
  return read_quantization(reader, data, &result->input) &&
         read_weights(reader, producer_of(reader->graph, node->inputs[1]), producer_of(reader->graph, node->inputs[2]), result);
}

static int read_floats(Reader *reader, Name name, size_t count, float **result) {
  const Tensor *tensor = tensor_of(reader->graph, name);
  if (!holds(tensor, FLOAT32, count)) return fail(reader, "float weights of the tables' hidden layer");
  if (!(*result = arena_get(reader->arena, count, sizeof(float)))) return reader->status = JPEGPRE_NO_MEMORY, 0;
  memcpy(*result, tensor->values, count * sizeof(float));
  for (size_t i = 0; i < count; i++)
    if (!((*result)[i] > -1e6f && (*result)[i] < 1e6f)) return fail(reader, "finite weights of the tables' hidden layer");
  return 1;
}

/** The float convolution that a convolution of numbers made from the tables is given, if it is one. */
static const Node *hidden_of(Reader *reader, const Node *convolution) {
  if (!is_operation(convolution, "Conv")) return NULL;
  const Node *node = made_by(reader, convolution->inputs[0]);
  if (is_operation(node, "DequantizeLinear")) node = made_by(reader, node->inputs[0]);
  if (!is_operation(node, "QuantizeLinear")) return NULL;
  node = made_by(reader, node->inputs[0]);
  if (!is_operation(node, "Relu")) return NULL;
  node = made_by(reader, node->inputs[0]);
  return is_operation(node, "Conv") && tensor_of(reader->graph, node->inputs[1]) ? node : NULL;
}

static int read_condition(Reader *reader, const Node *node, Condition *result) {
  const Node *hidden = hidden_of(reader, node);
  if (!hidden || hidden->input_count < 3) return fail(reader, "a convolution of numbers made from the tables");
  if (!read_convolution(reader, node, &result->convolution)) return 0;
  const Tensor *weights = tensor_of(reader->graph, hidden->inputs[1]);
  if (weights->rank != 4 || weights->shape[0] > MOST_CHANNELS || weights->shape[1] != 128 || weights->shape[2] != 1 ||
      weights->shape[3] != 1)
    return fail(reader, "a hidden layer of the 128 entries of both tables");
  result->hidden.outputs = (int)weights->shape[0];
  result->hidden.inputs = 128;
  result->hidden.result = result->convolution.input;
  if (result->convolution.side != 1 || result->convolution.inputs != result->hidden.outputs)
    return fail(reader, "as many hidden numbers as their convolution takes");
  return read_floats(reader, hidden->inputs[1], weights->shape[0] * (size_t)128, &result->hidden.weights) &&
         read_floats(reader, hidden->inputs[2], weights->shape[0], &result->hidden.bias);
}

/** relu(convolution), which is told apart from a convolution by a zero point of 0. */
static int read_rectified(Reader *reader, const Node *node, Quantization rectified, Convolution *result) {
  if (!is_operation(node, "Relu") || rectified.zero) return fail(reader, "ReLU before a quantization without offset");
  return read_convolution(reader, made_by(reader, node->inputs[0]), result);
}

/** Of an Add or Mul: both inputs before their quantization, that with the named operation (or from the tables) first. */
static int read_pair(Reader *reader, const Node *node, const Node *sides[2], Quantization of[2]) {
  if (node->input_count != 2) return fail(reader, "a sum or product of two");
  for (int i = 0; i < 2; i++)
    if (!(sides[i] = before_quantization(reader, node->inputs[i], &of[i]))) return 0;
  return 1;
}

static void swap(const Node *sides[2], Quantization of[2]) {
  const Node *side = sides[0];
  const Quantization other = of[0];
  sides[0] = sides[1], sides[1] = side;
  of[0] = of[1], of[1] = other;
}

/** The block whose last operation is this addition; `next` is what it adds to, before quantization. */
static int read_block(Reader *reader, const Node *add, ResidualBlock *block, const Node **next, Quantization *next_quantization) {
  const Node *sides[2];
  Quantization of[2];
  if (!read_pair(reader, add, sides, of)) return 0;
  if (!is_operation(sides[0], "Conv")) swap(sides, of);
  if (!is_operation(sides[0], "Conv") || is_operation(sides[1], "Conv")) return fail(reader, "x + convolution(..)");
  block->projected = of[0];
  *next = sides[1], *next_quantization = of[1];
  if (!read_convolution(reader, sides[0], &block->project)) return 0;
  const Node *inner = before_quantization(reader, sides[0]->inputs[0], &block->scaled);
  if (!is_operation(inner, "Mul")) {
    block->rectified = block->scaled;
    return inner && read_rectified(reader, inner, block->rectified, &block->expand);
  }
  if (!read_pair(reader, inner, sides, of)) return 0;
  if (!is_operation(sides[0], "Relu")) swap(sides, of);
  block->rectified = of[0];
  block->factor.result = of[1];
  return read_rectified(reader, sides[0], of[0], &block->expand) && read_condition(reader, sides[1], &block->factor);
}

/** relu(convolution(features) + shift). */
static int read_first(Reader *reader, const Node *relu, GateNetwork *network) {
  const Node *sides[2], *add = made_by(reader, relu->inputs[0]);
  Quantization of[2];
  if (!is_operation(add, "Add") || network->result.zero) return fail(reader, "relu(convolution + shift from the tables)");
  if (!read_pair(reader, add, sides, of)) return 0;
  if (!hidden_of(reader, sides[1])) swap(sides, of);
  network->summed = of[0];
  network->shift.result = of[1];
  return read_convolution(reader, sides[0], &network->input) && read_condition(reader, sides[1], &network->shift);
}

static int read_network(Reader *reader, const Node *sigmoid, GateNetwork *network) {
  const Node *logits = before_quantization(reader, sigmoid->inputs[0], &network->logit);
  if (!logits || !read_convolution(reader, logits, &network->logits)) return 0;
  Quantization quantization;
  const Node *node = before_quantization(reader, logits->inputs[0], &quantization);
  ResidualBlock reversed[MOST_BLOCKS];
  int count = 0;
  while (is_operation(node, "Add")) {
    if (count == MOST_BLOCKS) return fail(reader, "at most 8 blocks");
    ResidualBlock *block = &reversed[count++];
    memset(block, 0, sizeof *block);
    block->result = quantization;
    if (!read_block(reader, node, block, &node, &quantization)) return 0;
  }
  if (!is_operation(node, "Relu")) return fail(reader, "blocks after relu(..)");
  network->result = quantization;
  if (!read_first(reader, node, network)) return 0;
  for (network->block_count = 0; network->block_count < count; network->block_count++) {
    network->blocks[network->block_count] = reversed[count - 1 - network->block_count];
    network->spatial_count += network->blocks[network->block_count].expand.side == 3;
  }
  return 1;
}

/** A decimal number of the file's metadata, such as "1.4". */
static int read_number(Reader *reader, const char *key, float *result) {
  const Graph *graph = reader->graph;
  for (int i = 0; i < graph->metadata_count; i++) {
    if (!is_name(graph->metadata_keys[i], key)) continue;
    const Name text = graph->metadata[i];
    double value = 0, unit = 0;
    for (uint32_t at = 0; at < text.size && at < 16; at++) {
      if (text.text[at] == '.' && unit == 0) unit = 1;
      else if (text.text[at] >= '0' && text.text[at] <= '9') value = value * 10 + (text.text[at] - '0'), unit *= 10;
      else return fail(reader, "decimal spans of thresholds");
    }
    *result = (float)(value / (unit == 0 ? 1 : unit));
    return *result > 0 && *result < 4 ? 1 : fail(reader, "spans of thresholds between 0 and 4 steps");
  }
  return fail(reader, "zero_span and one_span in the metadata");
}

int read_model(const uint8_t *content, size_t size, Arena *arena, Model *model, const char **reason) {
  Graph graph;
  const int status = read_graph(content, size, arena, &graph);
  *reason = NULL;
  if (status) return status;
  Reader reader = {&graph, arena, NULL, 0};
  memset(model, 0, sizeof *model);
  int found = 0;
  for (uint32_t i = 0; i < graph.node_count && !reader.status; i++) {
    if (!is_name(graph.nodes[i].operator, "Sigmoid")) continue;
    GateNetwork network = {0};
    if (!read_network(&reader, &graph.nodes[i], &network)) break;
    const int is_chroma = network.logits.outputs != 96;
    const char *problem = network_problem(&network, is_chroma ? 288 : 96, is_chroma ? 192 : 96, !is_chroma);
    if (problem && !fail(&reader, problem)) break;
    if (found & (1 << is_chroma)) fail(&reader, "one network for luma and one for chroma");
    found |= 1 << is_chroma;
    *(is_chroma ? &model->chroma : &model->luma) = network;
  }
  if (found != 3) fail(&reader, "one network for luma and one for chroma");
  if (!reader.status && read_number(&reader, "zero_span", &model->zero_span))
    read_number(&reader, "one_span", &model->one_span);
  *reason = reader.reason;
  return reader.status;
}
