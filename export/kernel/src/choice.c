// Which of an encoder's qualities carries a picture best: jpegpre_tf/jpeg/carriers/encoder_choice.py, where its numbers come from.
#include "kernel.h"
#include "numbers.h"

#define MOST_CONTRAST 0.6
#define NEXT_CONTRAST 0.8
#define LARGEST_CONTRAST 1.2
#define FINEST_STEPS 1.9
#define MOST_CLIPPED 1e-4
#define SAMPLED_PIXELS (1 << 19)

/** Square of a typical carrier's contrast against its picture's, for one component. */
static double contrast_of(const uint8_t *encoder, const uint8_t *target) {
  double sum = 0, all = 0;
  for (int i = 0; i < 64; i++) {
    const int u = i / 8, v = i % 8;
    const double power = 1.0 / (1 + u * u + v * v), ratio = (double)encoder[i] / target[i];
    sum += power * ratio * ratio;
    all += power;
  }
  return sum / all;
}

static int is_fine_enough(const uint8_t *luma) {
  double sum = 0;
  for (int i = 0; i < 64; i++) sum += logarithm(luma[i]);
  return sum / 64 >= logarithm(FINEST_STEPS);
}

/** Index in usable of the lowest quality of little contrast, else of a little more, else of the one of least. */
static int first_of(const double *contrasts, const int *usable, int size) {
  for (int i = 0; i < size; i++)
    if (contrasts[usable[i]] <= MOST_CONTRAST * MOST_CONTRAST) return i;
  for (int i = 0; i < size; i++)
    if (contrasts[usable[i]] <= NEXT_CONTRAST * NEXT_CONTRAST) return i;
  int first = 0;
  for (int i = 1; i < size; i++)
    if (contrasts[usable[i]] < contrasts[usable[first]]) first = i;
  return first;
}

/** What is cut of rows of work spread evenly over a picture. */
static int sample_cuts(const jpegpre_coefficients *from, const uint8_t *tables, jpegpre_cuts *cuts) {
  jpegpre_renderer *renderer;
  const int status = jpegpre_renderer_create(tables, tables + 64, NULL, &renderer);
  if (status) return status;
  *cuts = (jpegpre_cuts){0};
  const int64_t share = (int64_t)from->width * from->height / SAMPLED_PIXELS;
  const int whole = from->height / 16, all = share < 2 || whole < share;
  const int every = all ? 1 : (int)share, end = all ? (from->height + 15) / 16 : whole;
  for (int row = 0; row < end; row += every) jpegpre_render(renderer, from, NULL, cuts, row, row + 1);
  jpegpre_renderer_destroy(renderer);
  return JPEGPRE_OK;
}

int choose(const jpegpre_coefficients *from, const uint8_t *luma, const uint8_t *chroma, const uint8_t *candidates, int count,
           int *chosen) {
  double contrasts[JPEGPRE_MOST_CANDIDATES];
  int usable[JPEGPRE_MOST_CANDIDATES], size = 0;
  for (int i = 0; i < count; i++) {
    const uint8_t *tables = candidates + 128 * i;
    const double first = contrast_of(tables, luma), second = contrast_of(tables + 64, chroma);
    contrasts[i] = first > second ? first : second;
    if (is_fine_enough(tables)) usable[size++] = i;
  }
  if (!size) usable[size++] = 0;
  const int first = first_of(contrasts, usable, size);
  double least = -1;
  for (int i = 0; i < size; i++) {
    // From the first on upwards, then those below.
    const int at = i < size - first ? first + i : i - (size - first), candidate = usable[at];
    if (at < first && contrasts[candidate] > LARGEST_CONTRAST * LARGEST_CONTRAST) continue;
    jpegpre_cuts cuts;
    const int status = sample_cuts(from, candidates + 128 * candidate, &cuts);
    if (status) return status;
    if (at >= first && (double)cuts.cut / (double)cuts.pixels <= MOST_CLIPPED) return *chosen = candidate, JPEGPRE_OK;
    // What is cut weighs as much more in the file as its contrast is larger.
    const double loss = (double)cuts.squares / (double)cuts.pixels / contrasts[candidate];
    if (least < 0 || loss < least) least = loss, *chosen = candidate;
  }
  return JPEGPRE_OK;
}
