/**
 * Cuts a picture of any size into equal tiles whose results meet without seams; the same plan as
 * jpegpre_tf/runtime/inference/tiling.py, which tests compare with.
 *
 * A tile's outer edge lies on the picture's edge or is `overlap` pixels away from every pixel taken from the tile, so
 * each pixel sees what it would see in the whole picture. All tiles of a picture have one shape.
 */

/** One tile along one axis, in pixels: it covers [start, start + size), gives [keepFrom, keepTo). */
export interface Span {
  start: number;
  keepFrom: number;
  keepTo: number;
}

export interface TilePlan {
  tileHeight: number;
  tileWidth: number;
  rows: Span[];
  columns: Span[];
}

export interface TileOptions {
  /** Bound on a tile's pixels, which bounds memory. Raised to four overlaps squared. */
  maxPixels: number;
  /** Tiles start, and their sides are, at multiples of this many pixels. */
  alignment: number;
  /** Pixels of context that an output pixel needs on each side. */
  overlap: number;
}

/** Returns the plan that computes the fewest pixels with tiles of at most `maxPixels` pixels. */
export function planTiles(height: number, width: number, options: TileOptions): TilePlan {
  const { alignment } = options;
  const overlap = roundUp(options.overlap, alignment);
  const maxPixels = Math.max(options.maxPixels, Math.max(alignment, 4 * overlap) ** 2);
  const paddedHeight = roundUp(height, alignment);
  const paddedWidth = roundUp(width, alignment);
  const mostRows = Math.max(1, Math.floor((paddedHeight - 2 * overlap) / Math.max(alignment, 2 * overlap)));
  let best: [pixels: number, height: number, width: number] | undefined;
  for (let rowCount = 1; rowCount <= mostRows; rowCount++) {
    const tileHeight = tileSize(paddedHeight, rowCount, alignment, overlap);
    const widest = Math.floor(Math.floor(maxPixels / tileHeight) / alignment) * alignment;
    let columnCount = 1;
    if (widest < paddedWidth) {
      if (widest <= 2 * overlap) continue;
      columnCount = Math.ceil((paddedWidth - 2 * overlap) / (widest - 2 * overlap));
    }
    const tileWidth = tileSize(paddedWidth, columnCount, alignment, overlap);
    const candidate: typeof best = [rowCount * tileHeight * columnCount * tileWidth, tileHeight, tileWidth];
    if (!best || isLess(candidate, best)) best = candidate;
    if (columnCount === 1) break; // more rows would only add overlap
  }
  if (!best) throw new RangeError(`alignment ${alignment} and overlap ${overlap} leave no tile`);
  const [, tileHeight, tileWidth] = best;
  return {
    tileHeight,
    tileWidth,
    rows: spans(height, tileHeight, alignment, overlap),
    columns: spans(width, tileWidth, alignment, overlap),
  };
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  const i = a.findIndex((value, index) => value !== b[index]);
  return i >= 0 && a[i]! < b[i]!;
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/** Smallest aligned size with which `count` tiles cover an aligned length. */
function tileSize(padded: number, count: number, alignment: number, overlap: number): number {
  return Math.min(padded, roundUp(Math.ceil((padded + 2 * overlap * (count - 1)) / count), alignment));
}

function spans(length: number, size: number, alignment: number, overlap: number): Span[] {
  const padded = roundUp(length, alignment);
  const starts = [0];
  for (let last = 0; last + size < padded; starts.push(last)) {
    // The last tile is moved back to end at the picture's end: every tile has the same size.
    last = Math.min(last + size - 2 * overlap, padded - size);
  }
  const cuts = [0, ...starts.slice(1).map((start) => start + overlap), length];
  return starts.map((start, i) => ({ start, keepFrom: cuts[i]!, keepTo: cuts[i + 1]! }));
}
