// The levels of this build, fastest first.
#include <stddef.h>

#include "kernel.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

extern const Level level_avx512_vnni, level_avx_vnni, level_avx2_7bit, level_avx2, level_sse41;

static int has_avx_vnni(void) {
  unsigned a, b, c, d;
  return __builtin_cpu_supports("avx2") && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}

static int has_avx512_vnni(void) {
  return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

const Level *level_at(int index) {
  __builtin_cpu_init();
  const Level *const found[] = {
      has_avx512_vnni() ? &level_avx512_vnni : NULL,
#if !defined(JPEGPRE_NO_AVX_VNNI)
      has_avx_vnni() ? &level_avx_vnni : NULL,
#endif
      __builtin_cpu_supports("avx2") ? &level_avx2_7bit : NULL,
      __builtin_cpu_supports("avx2") ? &level_avx2 : NULL,
      __builtin_cpu_supports("sse4.1") ? &level_sse41 : NULL,
  };
#elif defined(__aarch64__)
#if defined(__linux__)
#include <sys/auxv.h>
#endif

extern const Level level_neon_dot, level_neon;

static int has_dot(void) {
#if defined(__APPLE__)
  return 1;  // since the first of their own processors for computers
#elif defined(__linux__)
  return getauxval(AT_HWCAP) >> 20 & 1;  // HWCAP_ASIMDDP
#else
  return 0;
#endif
}

const Level *level_at(int index) {
  const Level *const found[] = {has_dot() ? &level_neon_dot : NULL, &level_neon};
#else  // WebAssembly: a module holds what the browser was found to have
extern const Level level_simd128;
#if defined(__wasm_relaxed_simd__)
extern const Level level_relaxed;
#endif

const Level *level_at(int index) {
  const Level *const found[] = {
#if defined(__wasm_relaxed_simd__)
      level_relaxed.is_right() ? &level_relaxed : NULL,
#endif
      &level_simd128,
  };
#endif
  for (size_t i = 0; i < sizeof found / sizeof *found; i++)
    if (found[i] && index-- == 0) return found[i];
  return NULL;
}
