/** Runs the network over a picture of any size, tile by tile, on as many threads as there are. */
import type { Pixels, Rectangle } from "./canvas.js";
import type { Tile, TileRunner } from "./tile_runner.js";
import { planTiles } from "./tiling.js";

const LEAST_SHARE = 1 << 16;

export interface PreprocessOptions {
  task: Tile["task"];
  strength: number;
  tile: { alignment: number; overlap: number };
  tilePixels: number;
  /** Called after every tile with the share that is done, 0..1. */
  onProgress(fraction: number): void;
  /** Throws to stop; called between tiles, after messages had their turn. */
  checkpoint(): Promise<void>;
}

/** Takes the part `keep` of a tile, which lies at (x, y) of the picture. */
export type WriteTile = (tile: ImageData, x: number, y: number, keep: Rectangle) => void;

/** Edits `source` and hands each finished tile to `write`: memory is bounded by the tiles under way. */
export async function preprocess(
  runners: TileRunner[],
  source: Pixels,
  write: WriteTile,
  options: PreprocessOptions,
): Promise<void> {
  const { task, strength } = options;
  // Every thread gets a tile, unless they would be so small that most of them was overlap; a tenth more leaves room for it.
  const share = Math.max(LEAST_SHARE, (1.1 * source.width * source.height) / runners.length);
  const maxPixels = Math.min(options.tilePixels, Math.ceil(share));
  const plan = planTiles(source.height, source.width, { maxPixels, ...options.tile });
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
        const { row, column } = tile;
        // Runners pad to the network's alignment, which tiles end at but where the picture does before.
        const height = Math.min(plan.tileHeight, source.height - row.start);
        const width = Math.min(plan.tileWidth, source.width - column.start);
        const pixels = source.read(column.start, row.start, width, height);
        const edited = await runner.run({ pixels, width, height, strength, task });
        if (isStopped) return;
        write(new ImageData(edited, width, height), column.start, row.start, {
          x: column.keepFrom - column.start,
          y: row.keepFrom - row.start,
          width: column.keepTo - column.keepFrom,
          height: row.keepTo - row.keepFrom,
        });
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
