// The few functions of a C library that the kernel needs, for WebAssembly; `malloc` and `free` for its callers too.
#include <stdint.h>

#include "stdlib.h"
#include "string.h"

#define PAGE 65536
#define EXPORT(name) __attribute__((export_name(#name)))

/** In front of each piece of memory; free ones are linked by address. */
typedef struct Header {
  size_t size;
  struct Header *next;
  uint64_t unused;  // keeps what follows aligned to 16 bytes
} Header;

extern unsigned char __heap_base;
static Header *unused;
static uintptr_t top, limit;

/** A new piece from the end of the memory, which grows. */
static Header *grown(size_t size) {
  if (!top) {
    top = ((uintptr_t)&__heap_base + 15) & ~(uintptr_t)15;
    limit = __builtin_wasm_memory_size(0) * PAGE;
  }
  const size_t wanted = size + sizeof(Header);
  if (wanted > limit - top) {
    const size_t pages = (wanted - (limit - top) + PAGE - 1) / PAGE;
    if (__builtin_wasm_memory_grow(0, pages) == (size_t)-1) return NULL;
    limit += pages * PAGE;
  }
  Header *piece = (Header *)top;
  top += wanted;
  piece->size = size;
  return piece;
}

EXPORT(malloc) void *malloc(size_t size) {
  if (size > SIZE_MAX / 2) return NULL;
  size = (size + 15) & ~(size_t)15;
  for (Header **link = &unused; *link; link = &(*link)->next) {
    Header *piece = *link;
    if (piece->size < size) continue;
    if (piece->size > size + 2 * sizeof(Header)) {
      Header *rest = (Header *)((char *)(piece + 1) + size);
      rest->size = piece->size - size - sizeof(Header);
      rest->next = piece->next;
      piece->size = size;
      *link = rest;
    } else *link = piece->next;
    return piece + 1;
  }
  Header *piece = grown(size);
  return piece ? piece + 1 : NULL;
}

EXPORT(free) void free(void *memory) {
  if (!memory) return;
  Header *piece = (Header *)memory - 1, *before = NULL, *after = unused;
  while (after && after < piece) before = after, after = after->next;
  piece->next = after;
  if (after && (char *)(piece + 1) + piece->size == (char *)after) {
    piece->size += sizeof(Header) + after->size;
    piece->next = after->next;
  }
  if (before && (char *)(before + 1) + before->size == (char *)piece) {
    before->size += sizeof(Header) + piece->size;
    before->next = piece->next;
  } else if (before) before->next = piece;
  else unused = piece;
}

void *calloc(size_t count, size_t size) {
  if (size && count > SIZE_MAX / size) return NULL;
  void *memory = malloc(count * size);
  return memory ? memset(memory, 0, count * size) : NULL;
}

// One instruction each; the compiler's own calls come here too.
void *memcpy(void *to, const void *from, size_t size) {
  __asm__("local.get %0\n local.get %1\n local.get %2\n memory.copy 0, 0" ::"r"(to), "r"(from), "r"(size) : "memory");
  return to;
}

void *memset(void *to, int value, size_t size) {
  __asm__("local.get %0\n local.get %1\n local.get %2\n memory.fill 0" ::"r"(to), "r"(value), "r"(size) : "memory");
  return to;
}

int memcmp(const void *a, const void *b, size_t size) {
  const unsigned char *x = a, *y = b;
  for (; size; size--, x++, y++)
    if (*x != *y) return *x - *y;
  return 0;
}

void *memchr(const void *from, int value, size_t size) {
  const unsigned char *at = from;
  for (; size; size--, at++)
    if (*at == (unsigned char)value) return (void *)at;
  return NULL;
}

size_t strlen(const char *text) {
  size_t size = 0;
  while (text[size]) size++;
  return size;
}

int strcmp(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return (unsigned char)*a - (unsigned char)*b;
}
