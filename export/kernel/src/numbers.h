// Logarithm and exponential that are the same on every platform, which a C library's are not.
#pragma once

/** Natural logarithm of 1..255; error below 1e-14. */
static inline double logarithm(double x) {
  double twos = 0;
  while (x > 1.4142135623730951) x *= 0.5, twos += 1;
  const double t = (x - 1) / (x + 1), square = t * t;  // |t| <= 0.172
  double sum = 0;
  for (int k = 21; k > 0; k -= 2) sum = sum * square + 1.0 / k;
  return twos * 0.69314718055994530942 + 2 * t * sum;
}

/** e^x for -700..700; relative error below 1e-13. */
static inline double exponential(double x) {
  const double part = x / 1024;
  double sum = 1;
  for (int k = 6; k > 0; k--) sum = 1 + part / k * sum;
  for (int i = 0; i < 10; i++) sum *= sum;
  return sum;
}

/** Newton's method, until nothing changes; x > 0. */
static inline double square_root(double x) {
  double root = x > 1 ? x : 1, next;
  while ((next = 0.5 * (root + x / root)) < root) root = next;
  return root;
}

/** Half to even; |x| < 2^51. */
static inline double nearest(double x) { return (x + 6755399441055744.0) - 6755399441055744.0; }

static inline double bounded(double x, double low, double high) { return x < low ? low : x > high ? high : x; }
