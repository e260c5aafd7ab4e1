// Reads ONNX files: just enough of the format to find a network's weights. Points into the file, copies nothing.
#pragma once
#include "memory.h"

typedef struct {
  const char *text;
  uint32_t size, hash;
} Name;

#define MOST_INPUTS 6  // kept of an operation; only joins have more
#define MOST_RANK 4

typedef struct {
  Name operator, inputs[MOST_INPUTS], output;  // of several outputs the first
  int input_count;
} Node;

typedef enum { FLOAT32 = 1, UINT8 = 2, INT8 = 3, INT32 = 6 } TensorType;

typedef struct {
  Name name;
  int type;
  int rank;  // -1 if beyond MOST_RANK
  uint32_t shape[MOST_RANK];
  const uint8_t *values;  // as they lie in the file: not aligned
  size_t size_bytes;
} Tensor;

typedef struct {
  Node *nodes;
  Tensor *tensors;
  uint32_t node_count, tensor_count;
  Name metadata_keys[32], metadata[32];
  int metadata_count;
} Graph;

/** Status as in jpegpre_kernel.h. */
int read_graph(const uint8_t *content, size_t size, Arena *arena, Graph *graph);

int is_name(Name name, const char *text);
int same_name(Name a, Name b);
/** The operation that makes a result, or null. */
const Node *producer_of(const Graph *graph, Name name);
const Tensor *tensor_of(const Graph *graph, Name name);
