/** What plain JPEG needs for the same look, and how it looks at the same size. */

/** Plain JPEG at one quality. */
export interface Plain {
  quality: number;
  blob: Blob;
  score: number;
}

export interface Comparison {
  /** SSIMULACRA2 of the edited file, of plain JPEG at the same quality, and of plain JPEG at the same size (interpolated). */
  ours: number;
  plain: number;
  equal: number;
  /** Bytes that plain JPEG needs for the edited file's score (interpolated). */
  neededBytes: number;
  /** The plain file that is nearest in size. */
  nearest: Blob;
}

export interface Encodings {
  plainAt(quality: number): Promise<Blob>;
  score(blobs: Blob[]): Promise<number[]>;
}

/** @returns Undefined if plain JPEG cannot get as small, or as good, at any quality. */
export async function compare(ours: Blob, quality: number, { plainAt, score }: Encodings): Promise<Comparison | undefined> {
  const known = new Map<number, Promise<Blob>>();
  const blobAt = (q: number): Promise<Blob> => {
    let blob = known.get(q);
    if (!blob) known.set(q, (blob = plainAt(q)));
    return blob;
  };
  const sizeAt = async (q: number): Promise<number> => (await blobAt(q)).size;
  // Highest quality whose plain file is not larger.
  let low = 0;
  let high = 100;
  for (let guess = quality - 3; high - low > 1; guess = (low + high) >> 1) {
    const q = Math.min(high - 1, Math.max(low + 1, guess));
    if ((await sizeAt(q)) <= ours.size) low = q;
    else high = q;
  }
  if (low === 0) return undefined;
  const plains = new Map<number, Plain>();
  const measure = async (q: number): Promise<Plain> => {
    let plain = plains.get(q);
    if (!plain) {
      const blob = await blobAt(q);
      plain = { quality: q, blob, score: (await score([blob]))[0]! };
      plains.set(q, plain);
    }
    return plain;
  };
  const [oursScore] = (await score([ours])) as [number];
  const [below, above, same] = [await measure(low), await measure(high), await measure(quality)];
  const equal = along(Math.log(ours.size), [below, above], (plain) => Math.log(plain.blob.size), (plain) => plain.score);

  // From the quality of the same size towards the score: it lies between two that were measured.
  let [from, to] = [below, above];
  for (let step = 2; to.score < oursScore && to.quality < 100; step *= 2) [from, to] = [to, await measure(Math.min(100, to.quality + step))];
  for (let step = 2; from.score > oursScore && from.quality > 1; step *= 2) [from, to] = [await measure(Math.max(1, from.quality - step)), from];
  if (oursScore < from.score || oursScore > to.score) return undefined;
  const needed = along(oursScore, [from, to], (plain) => plain.score, (plain) => Math.log(plain.blob.size));
  const isBelowNearer = ours.size - below.blob.size < above.blob.size - ours.size;
  return {
    ours: oursScore,
    plain: same.score,
    equal,
    neededBytes: Math.round(Math.exp(needed)),
    nearest: (isBelowNearer ? below : above).blob,
  };
}

/** `y` at `x` on the line through two points; the first one's where they are one above the other. */
function along(x: number, [a, b]: [Plain, Plain], xOf: (plain: Plain) => number, yOf: (plain: Plain) => number): number {
  const span = xOf(b) - xOf(a);
  return span === 0 ? yOf(a) : yOf(a) + ((x - xOf(a)) / span) * (yOf(b) - yOf(a));
}
