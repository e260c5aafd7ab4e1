/** What runs tiles: a network in this thread, or one in a thread of its own. */
export interface Tile {
  /** RGBA levels, row by row. */
  pixels: Uint8ClampedArray<ArrayBuffer>;
  width: number;
  height: number;
  quality: number;
  strength: number;
}

export interface TileRunner {
  /** Tiles that may wait for it while it runs one, so that it is never idle. */
  readonly lanes: number;
  /** The edited pixels; `tile.pixels` may be taken away or be the result. */
  run(tile: Tile): Promise<Uint8ClampedArray<ArrayBuffer>>;
  /** Resolves once it is alive. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
