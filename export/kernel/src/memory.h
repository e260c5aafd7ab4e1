// Memory that is given back all at once.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct Piece Piece;
typedef struct {
  Piece *pieces;
} Arena;

/** Zeros, aligned to 64 bytes; null if there is no memory. */
void *arena_get(Arena *arena, size_t count, size_t size_bytes);
void arena_free(Arena *arena);
