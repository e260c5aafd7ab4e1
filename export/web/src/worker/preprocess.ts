/** Runs the network over a picture of any size, tile by tile. */
import type { Pixels } from "./canvas.js";
import type { Network } from "./network.js";
import { planTiles, type Span } from "./tiling.js";

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

/** Edits `source` and hands each finished part to `write`: memory is bounded by the tile. */
export async function preprocess(
  network: Network,
  source: Pixels,
  write: (part: ImageData, x: number, y: number) => void,
  options: PreprocessOptions,
): Promise<void> {
  const { width, height } = source;
  const { tileHeight, tileWidth, rows, columns } = planTiles(height, width, {
    maxPixels: options.tilePixels,
    ...options.tile,
  });
  let done = 0;
  for (const row of rows) {
    for (const column of columns) {
      await options.checkpoint();
      cut(source, row, column, tileHeight, tileWidth, network);
      const result = await network.run(tileHeight, tileWidth, options.quality, options.strength);
      const part = new ImageData(column.keepTo - column.keepFrom, row.keepTo - row.keepFrom);
      const data = part.data;
      let to = 0;
      for (let y = row.keepFrom; y < row.keepTo; y++) {
        let from = ((y - row.start) * tileWidth + column.keepFrom - column.start) * 3;
        for (let x = 0; x < part.width; x++, from += 3, to += 4) {
          // The graph rounds and clips already; Uint8ClampedArray does again, so nothing wraps around.
          data[to] = result[from]!;
          data[to + 1] = result[from + 1]!;
          data[to + 2] = result[from + 2]!;
          data[to + 3] = 255;
        }
      }
      write(part, column.keepFrom, row.keepFrom);
      options.onProgress(++done / (rows.length * columns.length));
    }
  }
}

/** Copies one tile into the network's buffer, replicating the picture's last row and column beyond it. */
function cut(source: Pixels, row: Span, column: Span, tileHeight: number, tileWidth: number, network: Network): void {
  const into = network.levels(tileHeight, tileWidth);
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
}
