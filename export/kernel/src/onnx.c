#include "onnx.h"

#include <string.h>

#include "jpegpre_kernel.h"

// Of operations and of tensors each; a network has some hundred. Bounds the time that a file made to be slow can take.
#define MOST_ENTRIES 4096

/** A part of the file that is still to be read. */
typedef struct {
  const uint8_t *at, *end;
} Span;

/** One field of a protocol buffer message: a number, or bytes. */
typedef struct {
  uint32_t number;
  int is_bytes;
  uint64_t value;
  Span bytes;
} Field;

static int read_varint(Span *span, uint64_t *value) {
  *value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (span->at == span->end) return 0;
    const uint8_t byte = *span->at++;
    *value |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) return 1;
  }
  return 0;
}

/** 1 if there was a field, 0 at the end, -1 if the message is damaged. */
static int next_field(Span *span, Field *field) {
  if (span->at == span->end) return 0;
  uint64_t tag, size;
  if (!read_varint(span, &tag)) return -1;
  field->number = tag >> 3 > 0xffff ? 0xffff : (uint32_t)(tag >> 3);
  field->is_bytes = 1;
  field->value = 0;
  switch (tag & 7) {
    case 0:
      field->is_bytes = 0;
      field->bytes = (Span){span->at, span->at};
      return read_varint(span, &field->value) ? 1 : -1;
    case 1:
      size = 8;
      break;
    case 2:
      if (!read_varint(span, &size)) return -1;
      break;
    case 5:
      size = 4;
      break;
    default:
      return -1;
  }
  if (size > (uint64_t)(span->end - span->at)) return -1;
  field->bytes = (Span){span->at, span->at + size};
  span->at += size;
  return 1;
}

static Name name_of(Span bytes) {
  Name name = {(const char *)bytes.at, (uint32_t)(bytes.end - bytes.at), 2166136261u};
  for (uint32_t i = 0; i < name.size; i++) name.hash = (name.hash ^ bytes.at[i]) * 16777619u;
  return name;
}

static int read_node(Span span, Node *node) {
  Field field;
  int found, outputs = 0;
  while ((found = next_field(&span, &field)) > 0) {
    if (!field.is_bytes) continue;
    if (field.number == 1 && node->input_count < MOST_INPUTS) node->inputs[node->input_count++] = name_of(field.bytes);
    if (field.number == 2 && !outputs++) node->output = name_of(field.bytes);
    if (field.number == 4) node->operator = name_of(field.bytes);
  }
  return found == 0;
}

static void add_dimension(Tensor *tensor, uint64_t size) {
  if (tensor->rank < 0) return;
  if (tensor->rank == MOST_RANK || size > UINT32_MAX) {
    tensor->rank = -1;
    return;
  }
  tensor->shape[tensor->rank++] = (uint32_t)size;
}

static int read_tensor(Span span, Tensor *tensor) {
  Field field;
  int found;
  while ((found = next_field(&span, &field)) > 0) {
    if (field.number == 1 && !field.is_bytes) add_dimension(tensor, field.value);
    if (field.number == 1 && field.is_bytes) {
      uint64_t size;
      for (Span sizes = field.bytes; sizes.at != sizes.end;) {
        if (!read_varint(&sizes, &size)) return 0;
        add_dimension(tensor, size);
      }
    }
    if (field.number == 2 && !field.is_bytes) tensor->type = field.value > 255 ? 255 : (int)field.value;
    if (field.number == 8 && field.is_bytes) tensor->name = name_of(field.bytes);
    if (field.number == 9 && field.is_bytes) {
      tensor->values = field.bytes.at;
      tensor->size_bytes = (size_t)(field.bytes.end - field.bytes.at);
    }
  }
  return found == 0;
}

static int read_metadata(Span span, Graph *graph) {
  Field field;
  int found;
  if (graph->metadata_count == 32) return 1;
  Name *key = &graph->metadata_keys[graph->metadata_count], *value = &graph->metadata[graph->metadata_count];
  *key = *value = name_of((Span){span.at, span.at});
  while ((found = next_field(&span, &field)) > 0) {
    if (field.number == 1 && field.is_bytes) *key = name_of(field.bytes);
    if (field.number == 2 && field.is_bytes) *value = name_of(field.bytes);
  }
  graph->metadata_count++;
  return found == 0;
}

int read_graph(const uint8_t *content, size_t size, Arena *arena, Graph *graph) {
  *graph = (Graph){0};
  Span model = {content, content + size}, body = {content, content};
  Field field;
  int found;
  while ((found = next_field(&model, &field)) > 0) {
    if (field.number == 7 && field.is_bytes) body = field.bytes;
    if (field.number == 14 && field.is_bytes && !read_metadata(field.bytes, graph)) return JPEGPRE_DAMAGED;
  }
  if (found < 0 || body.at == body.end) return JPEGPRE_DAMAGED;
  for (Span count = body; (found = next_field(&count, &field)) > 0;) {
    graph->node_count += field.number == 1;
    graph->tensor_count += field.number == 5;
  }
  if (found < 0) return JPEGPRE_DAMAGED;
  if (graph->node_count > MOST_ENTRIES || graph->tensor_count > MOST_ENTRIES) return JPEGPRE_OTHER_NETWORK;
  graph->nodes = arena_get(arena, graph->node_count, sizeof(Node));
  graph->tensors = arena_get(arena, graph->tensor_count, sizeof(Tensor));
  if (!graph->nodes || !graph->tensors) return JPEGPRE_NO_MEMORY;
  Node *node = graph->nodes;
  Tensor *tensor = graph->tensors;
  while (next_field(&body, &field) > 0) {
    if (field.number == 1 && (!field.is_bytes || !read_node(field.bytes, node++))) return JPEGPRE_DAMAGED;
    if (field.number == 5 && (!field.is_bytes || !read_tensor(field.bytes, tensor++))) return JPEGPRE_DAMAGED;
  }
  return JPEGPRE_OK;
}

int is_name(Name name, const char *text) { return strlen(text) == name.size && !memcmp(name.text, text, name.size); }

int same_name(Name a, Name b) { return a.hash == b.hash && a.size == b.size && a.size && !memcmp(a.text, b.text, a.size); }

const Node *producer_of(const Graph *graph, Name name) {
  for (uint32_t i = 0; i < graph->node_count; i++)
    if (same_name(graph->nodes[i].output, name)) return &graph->nodes[i];
  return NULL;
}

const Tensor *tensor_of(const Graph *graph, Name name) {
  for (uint32_t i = 0; i < graph->tensor_count; i++)
    if (same_name(graph->tensors[i].name, name)) return &graph->tensors[i];
  return NULL;
}
