/**
 * The highest quality whose edited file fits a size.
 *
 * Plain files are cheap to make and edited ones are not (the edit depends on the quality, so each trial runs the
 * network). Edited and plain sizes keep nearly the same ratio from one quality to the next, so plain files say where to
 * look: two to four edits are enough where plain bisection would take seven.
 */

/** Where searching begins: above it files grow fast for nothing, and browsers change to 4:4:4. */
export const HIGHEST_QUALITY = 95;

export interface SizeTrials<Trial extends { sizeBytes: number }> {
  /** Bytes of the unedited picture at a quality. */
  plainSize(quality: number): Promise<number>;
  /** The edited file at a quality. */
  edited(quality: number): Promise<Trial>;
}

export interface SizeFound<Trial> {
  quality: number;
  trial: Trial;
  /** True if no quality met `maxBytes`: `trial` is then the smallest. */
  isTooLarge: boolean;
}

/** Returns the highest quality in 1..95 with an edited file of at most `maxBytes`. */
export async function searchQuality<Trial extends { sizeBytes: number }>(
  maxBytes: number,
  trials: SizeTrials<Trial>,
): Promise<SizeFound<Trial>> {
  const plainSizes = new Map<number, number>();
  const plainSize = async (quality: number): Promise<number> => {
    const known = plainSizes.get(quality);
    if (known !== undefined) return known;
    const size = await trials.plainSize(quality);
    plainSizes.set(quality, size);
    return size;
  };

  let fits: { quality: number; trial: Trial } | undefined;
  let tooLarge: { quality: number; trial: Trial } | undefined;
  let ratio = 0.92; // of edited to plain bytes; any guess will do, the first trial corrects it
  for (;;) {
    const low = fits ? fits.quality + 1 : 1;
    const high = tooLarge ? tooLarge.quality - 1 : HIGHEST_QUALITY;
    if (low > high) break;
    const quality = await highestFitting(low, high, (q) => plainSize(q).then((size) => size * ratio <= maxBytes));
    const trial = await trials.edited(quality);
    ratio = trial.sizeBytes / (await plainSize(quality));
    if (trial.sizeBytes > maxBytes) {
      tooLarge = { quality, trial };
      continue;
    }
    fits = { quality, trial };
    // The ratio changes by well under 2 % from one quality to the next: no need to edit just to see that.
    if (quality < high && (await plainSize(quality + 1)) * ratio > 1.02 * maxBytes) break;
  }
  const found = (fits ?? tooLarge)!;
  return { ...found, isTooLarge: !fits };
}

/** Highest quality in [low, high] that `isFitting`, `low` if none is. */
async function highestFitting(
  low: number,
  high: number,
  isFitting: (quality: number) => Promise<boolean>,
): Promise<number> {
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (await isFitting(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
