// What the kernel needs of it in WebAssembly, where there is no C library: libc.c.
#pragma once
#include <stddef.h>

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *from, int value, size_t size);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
