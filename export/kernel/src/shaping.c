// What rounding a carrier's samples takes, made from an encoder's table: jpegpre_tf/jpeg/carriers/carrier.py explains it.
#include "kernel.h"
#include "numbers.h"

// Constants of jpegpre_tf/jpeg/carriers/carrier.py.
#define LARGEST_STEP 12.0
#define RISING 0.03
#define WEIGHT_UNITS 4096.0

/** cos(k pi / 16) for any k. */
static double cosine(int k) {
  static const double FIRST[9] = {1.0,
                                  0.98078528040323044913,
                                  0.92387953251128675613,
                                  0.83146961230254523708,
                                  0.70710678118654752440,
                                  0.55557023301960222474,
                                  0.38268343236508977173,
                                  0.19509032201612826785,
                                  0.0};
  k %= 32;
  if (k > 16) k = 32 - k;
  return k <= 8 ? FIRST[k] : -FIRST[16 - k];
}

static double basis(int frequency, int sample) {
  return cosine((2 * sample + 1) * frequency) * (frequency ? 0.5 : 0.35355339059327376220);
}

/** What errors of two samples make of the sum of squared errors of coefficients in steps: its lower half. */
static void fill_products(const uint8_t *table, double products[64][64]) {
  double weight[64];
  for (int i = 0; i < 64; i++) {
    const double step = (table[i] < LARGEST_STEP ? table[i] : LARGEST_STEP) * (1 + RISING * (i / 8 + i % 8));
    weight[i] = 1 / (step * step);
  }
  for (int y = 0; y < 8; y++)
    for (int other_y = 0; other_y <= y; other_y++) {
      double of_columns[8] = {0};
      for (int i = 0; i < 64; i++) of_columns[i % 8] += basis(i / 8, y) * basis(i / 8, other_y) * weight[i];
      for (int x = 0; x < 8; x++)
        for (int other_x = 0; other_x < 8; other_x++) {
          double sum = 0;
          for (int v = 0; v < 8; v++) sum += of_columns[v] * basis(v, x) * basis(v, other_x);
          products[y * 8 + x][other_y * 8 + other_x] = sum;
        }
    }
}

/** Cholesky's factor in place of its square; the upper half is not touched. */
static void factorize(double matrix[64][64]) {
  for (int column = 0; column < 64; column++) {
    for (int row = column; row < 64; row++) {
      double rest = matrix[row][column];
      for (int k = 0; k < column; k++) rest -= matrix[row][k] * matrix[column][k];
      matrix[row][column] = rest;
    }
    const double root = square_root(matrix[column][column]);
    for (int row = column; row < 64; row++) matrix[row][column] /= root;
  }
}

void lay_out_shaping(const uint8_t *table, const double *scales, Shaping *to) {
  double factor[64][64];
  fill_products(table, factor);
  factorize(factor);
  for (int i = 0; i < 64; i++) to->levels[i] = (float)(table[i] * (scales[i / 8] * scales[i % 8]) / 8);
  // In the order in which carrier.h's `round_samples` asks for them.
  float *weight = to->weights;
#define WEIGHT(sample, error) (float)(nearest(factor[error][sample] / factor[sample][sample] * WEIGHT_UNITS) / WEIGHT_UNITS)
  for (int first = 64 - SHAPED; first >= 0; first -= SHAPED) {
    for (int error = 63; error >= first + SHAPED; error--)
      for (int k = 0; k < SHAPED; k++) *weight++ = WEIGHT(first + k, error);
    for (int own = SHAPED - 1; own > 0; own--)
      for (int k = 0; k < own; k++) *weight++ = WEIGHT(first + k, first + own);
  }
#undef WEIGHT
}
