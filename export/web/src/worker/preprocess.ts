/** Runs the network over a picture of any size, tile by tile, on as many threads as there are. */
import type { Pixels } from "./canvas.js";
import type { Levels, TileRunner } from "./network.js";
import { planTiles, type Span, type TilePlan } from "./tiling.js";

export interface PreprocessOptions {
  quality: number;
  strength: number;
  tile: { alignment: number; overlap: number };
  tilePixels: number;
  /** Called after every tile with the share that is done, 0..1. */
  onProgress(fraction: number): void;
  /** Throws to stop; called between tiles, after messages had their turn. */
  checkpoint(): Promise<void>;
}

/** Edits `source` and hands each finished part to `write`: memory is bounded by the tiles under way. */
export async function preprocess(
  runners: TileRunner[],
  source: Pixels,
  write: (part: ImageData, x: number, y: number) => void,
  options: PreprocessOptions,
): Promise<void> {
  const plan = planTiles(source.height, source.width, { maxPixels: options.tilePixels, ...options.tile });
  const tiles = plan.rows.flatMap((row) => plan.columns.map((column) => ({ row, column })));
  let next = 0;
  let done = 0;
  let isStopped = false;

  const lane = async (runner: TileRunner): Promise<void> => {
    try {
      for (;;) {
        await options.checkpoint();
        const tile = tiles[next++];
        if (!tile || isStopped) return;
        const levels = cut(source, tile.row, tile.column, plan, runner.isFloat);
        const { tileHeight: height, tileWidth: width } = plan;
        const { quality, strength } = options;
        const result = await runner.run({ levels, height, width, quality, strength });
        if (isStopped) return;
        write(kept(result, tile.row, tile.column, width), tile.column.keepFrom, tile.row.keepFrom);
        options.onProgress(++done / tiles.length);
      }
    } catch (error) {
      isStopped = true;
      throw error;
    }
  };

  // All lanes have ended before this does: none writes into a picture that is done with.
  const lanes = runners.flatMap((runner) => Array.from({ length: runner.lanes }, () => lane(runner)));
  for (const outcome of await Promise.allSettled(lanes)) if (outcome.status === "rejected") throw outcome.reason;
}

/** The part of a tile's result that belongs to the picture. */
function kept(result: Levels, row: Span, column: Span, tileWidth: number): ImageData {
  const part = new ImageData(column.keepTo - column.keepFrom, row.keepTo - row.keepFrom);
  const { data, width } = part;
  let to = 0;
  for (let y = row.keepFrom; y < row.keepTo; y++) {
    let from = ((y - row.start) * tileWidth + column.keepFrom - column.start) * 3;
    for (let x = 0; x < width; x++, from += 3, to += 4) {
      // The graph rounds and clips already; Uint8ClampedArray does again, so nothing wraps around.
      data[to] = result[from]!;
      data[to + 1] = result[from + 1]!;
      data[to + 2] = result[from + 2]!;
      data[to + 3] = 255;
    }
  }
  return part;
}

/** Copies one tile for the network, replicating the picture's last row and column beyond it. */
function cut(source: Pixels, row: Span, column: Span, plan: TilePlan, isFloat: boolean): Levels {
  const { tileHeight, tileWidth } = plan;
  const length = tileHeight * tileWidth * 3;
  const into: Levels = isFloat ? new Float32Array(length) : new Uint8Array(length);
  const height = Math.min(tileHeight, source.height - row.start);
  const width = Math.min(tileWidth, source.width - column.start);
  const data = source.read(column.start, row.start, width, height);
  const stride = tileWidth * 3;
  for (let y = 0; y < height; y++) {
    let to = y * stride;
    for (let from = y * width * 4, end = from + width * 4; from < end; from += 4, to += 3) {
      into[to] = data[from]!;
      into[to + 1] = data[from + 1]!;
      into[to + 2] = data[from + 2]!;
    }
    for (const end = (y + 1) * stride; to < end; to++) into[to] = into[to - 3]!;
  }
  for (let y = height; y < tileHeight; y++) into.copyWithin(y * stride, (height - 1) * stride, height * stride);
  return into;
}
