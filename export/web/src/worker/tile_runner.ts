/** What runs tiles: a network in this thread, or one in a thread of its own. */

/** Luma and chroma quantization tables: 64 entries each, natural order, 1..255. */
export interface Tables {
  luma: readonly number[];
  chroma: readonly number[];
}

export interface Tile {
  /** RGBA samples, row by row. */
  pixels: Uint8ClampedArray<ArrayBuffer>;
  width: number;
  height: number;
  strength: number;
  task: EditTask | CarrierTask;
}

/** Edited pixels, for an encoder at this quality. */
export interface EditTask {
  kind: "edit";
  quality: number;
}

/** Pixels whose coefficients, divided by `encoder` and rounded, are those that the file shall hold in steps of `target`. */
export interface CarrierTask {
  kind: "carrier";
  target: Tables;
  encoder: Tables;
}

export interface TileRunner {
  /** Tiles that may wait for it while it runs one, so that it is never idle. */
  readonly lanes: number;
  /** Whether its network makes carriers too. */
  readonly hasCarrier: boolean;
  /** The pixels asked for; `tile.pixels` may be taken away or be the result. */
  run(tile: Tile): Promise<Uint8ClampedArray<ArrayBuffer>>;
  /** Resolves once it is alive. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
