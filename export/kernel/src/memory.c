#include "memory.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64

struct Piece {
  Piece *next;
};

void *arena_get(Arena *arena, size_t count, size_t size_bytes) {
  if (size_bytes && count > (SIZE_MAX / 2 - 2 * ALIGNMENT) / size_bytes) return NULL;
  const size_t wanted = count * size_bytes;
  Piece *piece = malloc(wanted + sizeof(Piece) + ALIGNMENT);
  if (!piece) return NULL;
  piece->next = arena->pieces;
  arena->pieces = piece;
  void *start = (void *)(((uintptr_t)(piece + 1) + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1));
  memset(start, 0, wanted);
  return start;
}

void arena_free(Arena *arena) {
  while (arena->pieces) {
    Piece *piece = arena->pieces;
    arena->pieces = piece->next;
    free(piece);
  }
}
