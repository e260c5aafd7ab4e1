// What the kernel needs of it in WebAssembly, where there is no C library: libc.c.
#pragma once
#include <stddef.h>

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void free(void *memory);
