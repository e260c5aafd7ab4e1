/** The int8 network in this package's own WebAssembly: one tile at a time, in place. */
import type { Int8Model } from "./int8_model.js";
import { goals, layOut, setGoal, type Network } from "./layers.js";
import { Memory } from "./memory.js";

/** src/kernel/*.c; arguments are whole numbers, mostly addresses, but for `perStep` and `mostInReach`. */
interface Exports {
  memory: WebAssembly.Memory;
  __heap_base: WebAssembly.Global;
  forward(pixels: number, width: number, lumaPerLevel: number, chromaPerLevel: number, luma: number, chroma: number): void;
  features(steps: number, fromStride: number, blocks: number, perStep: number, to: number, stride: number): void;
  mean_features(steps: number, rowStride: number, cells: number, perStep: number, to: number, stride: number): void;
  product_scaled(product: number, input: number, to: number, rows: number): void;
  product_3x3_scaled(product: number, input: number, rowStride: number, to: number, tiles: number, scratch: number): void;
  product_added(product: number, input: number, to: number, rows: number, residual: number): void;
  product_codes(product: number, input: number, to: number, rows: number): void;
  decided_samples(decision: number, codes: number, steps: number, blocks: number, reach: number): void;
  apply(pixels: number, width: number, luma: number, chroma: number, reach: number, mostInReach: number): void;
}

/** Addresses of what one tile takes. A band is two rows of blocks. */
interface Buffers {
  pixels: number;
  /** float, 64 per block. */
  luma: number;
  /** float, Cb's 64 and Cr's 64 per 16x16 pixels. */
  chroma: number;
  /** int16, the inputs of the 3x3 convolutions, with a border of zeros. */
  padded: number[];
  /** int16, of one band. */
  features: number;
  activations: number;
  hidden: number;
  /** Bytes, of one band. */
  codes: number;
  /** float, one per luma block of one band. */
  reach: number;
  /** What a 3x3 convolution takes. */
  scratch: number;
}

/** Tiles that winograd.c does at once. */
const WINOGRAD_TILES = 16;

export class Kernel {
  readonly #model: Int8Model;
  readonly #exports: Exports;
  readonly #memory: Memory;
  readonly #luma: Network;
  readonly #chroma: Network;
  readonly #mark: number;
  #buffers!: Buffers;
  /** Blocks across and down. */
  #columns = 0;
  #rows = 0;
  #goal = "";

  constructor(module: WebAssembly.Module, model: Int8Model) {
    this.#model = model;
    this.#exports = new WebAssembly.Instance(module).exports as unknown as Exports;
    this.#memory = new Memory(this.#exports.memory, this.#exports.__heap_base.value as number);
    this.#luma = layOut(model.luma, this.#memory);
    this.#chroma = layOut(model.chroma, this.#memory);
    this.#mark = this.#memory.mark();
  }

  /** Edits RGBA pixels, any size, in place; alpha stays. */
  edit(pixels: Uint8ClampedArray, width: number, height: number, quality: number, strength: number): void {
    this.#setGoal(quality, strength);
    const paddedWidth = Math.ceil(width / 16) * 16;
    const paddedHeight = Math.ceil(height / 16) * 16;
    this.#setSize(paddedWidth / 8, paddedHeight / 8);
    this.#read(pixels, width, height, paddedWidth, paddedHeight);
    this.#run();
    const { bytes } = this.#memory;
    for (let y = 0; y < height; y++) {
      const from = this.#buffers.pixels + y * paddedWidth * 4;
      pixels.set(bytes.subarray(from, from + width * 4), y * width * 4);
    }
  }

  #setGoal(quality: number, strength: number): void {
    const goal = `${quality} ${strength}`;
    if (goal === this.#goal) return;
    const { luma, chroma } = goals(this.#model, quality, strength);
    setGoal(this.#memory, this.#luma, this.#model.luma, luma);
    setGoal(this.#memory, this.#chroma, this.#model.chroma, chroma);
    this.#goal = goal;
  }

  #setSize(columns: number, rows: number): void {
    if (columns === this.#columns && rows === this.#rows) return;
    this.#columns = this.#rows = 0; // until all could be allocated
    const memory = this.#memory;
    memory.release(this.#mark);
    const { channels, spatial } = this.#luma;
    const blocks = columns * rows;
    const widest = Math.max(channels, this.#chroma.channels);
    this.#buffers = {
      pixels: memory.allocate(blocks * 64 * 4),
      luma: memory.allocate(blocks * 64 * 4),
      chroma: memory.allocate((blocks / 4) * 128 * 4),
      padded: spatial.map(() => memory.allocate((columns + 2) * (rows + 2) * channels * 2)),
      features: memory.allocate(2 * columns * 128 * 2),
      activations: memory.allocate(2 * columns * widest * 2),
      hidden: memory.allocate(2 * columns * widest * 2 * 2),
      codes: memory.allocate(2 * columns * 128),
      reach: memory.allocate(2 * columns * 4),
      scratch: memory.allocate(16 * WINOGRAD_TILES * (2 * channels + 64)),
    };
    this.#columns = columns;
    this.#rows = rows;
  }

  /** Copies pixels in, repeating the last column and row. */
  #read(pixels: Uint8ClampedArray, width: number, height: number, paddedWidth: number, paddedHeight: number): void {
    const { bytes, words } = this.#memory;
    const start = this.#buffers.pixels;
    for (let y = 0; y < height; y++) {
      const to = start + y * paddedWidth * 4;
      bytes.set(pixels.subarray(y * width * 4, (y + 1) * width * 4), to);
      words.fill(words[to / 4 + width - 1]!, to / 4 + width, to / 4 + paddedWidth);
    }
    const last = start + (height - 1) * paddedWidth * 4;
    for (let y = height; y < paddedHeight; y++) bytes.copyWithin(start + y * paddedWidth * 4, last, last + paddedWidth * 4);
  }

  /** Every band goes as far as it can as soon as it can: what it needs is still in the cache. */
  #run(): void {
    const spatial = this.#luma.spatial.length;
    const bands = this.#rows / 2;
    // Bands that each 3x3 convolution may read; the last: finished ones.
    const done = new Array<number>(spatial + 1).fill(0);
    for (let band = 0; band < bands; band++) {
      this.#transform(band);
      this.#editChroma(band);
      this.#startLuma(band);
      done[0]!++;
      for (let i = 0; i < spatial; i++) {
        const end = done[i] === bands ? bands : done[i]! - 1;
        for (; done[i + 1]! < end; done[i + 1]!++) this.#mixSpatially(i, done[i + 1]!);
      }
    }
  }

  /** From pixels to steps. */
  #transform(band: number): void {
    const { perLevel } = this.#luma;
    this.#exports.forward(this.#pixelsOf(band), this.#columns * 8, perLevel, this.#chroma.perLevel, this.#lumaOf(band), this.#chromaOf(band));
  }

  /** From the chroma steps to changes of samples, in their place. */
  #editChroma(band: number): void {
    const { mean_features, features, decided_samples, product_codes, product_scaled } = this.#exports;
    const buffers = this.#buffers;
    const { input, mixing, logits, perStep, decision } = this.#chroma;
    const cells = this.#columns / 2;
    const steps = this.#chromaOf(band);
    features(steps, 128, cells, perStep, buffers.features, 384);
    features(steps + 256, 128, cells, perStep, buffers.features + 256, 384);
    mean_features(this.#lumaOf(band), this.#columns * 64, cells, perStep, buffers.features + 512, 384);
    product_scaled(input.product, buffers.features, buffers.activations, cells);
    this.#mix(mixing, cells);
    product_codes(logits.product, buffers.activations, buffers.codes, cells);
    decided_samples(decision.at, buffers.codes, steps, cells * 2, 0);
  }

  /** From the luma steps to the first activations. */
  #startLuma(band: number): void {
    const { features, activations, padded } = this.#buffers;
    const { input, spatial, perStep } = this.#luma;
    const columns = this.#columns;
    this.#exports.features(this.#lumaOf(band), 64, 2 * columns, perStep, features, 128);
    if (spatial.length) {
      for (const row of [0, 1]) {
        this.#exports.product_scaled(input.product, features + row * columns * 256, this.#paddedRow(padded[0]!, 2 * band + row), columns);
      }
    } else {
      this.#exports.product_scaled(input.product, features, activations, 2 * columns);
      this.#finishLuma(band);
    }
  }

  #mixSpatially(i: number, band: number): void {
    const { hidden, padded, activations, scratch } = this.#buffers;
    const { spatial, channels } = this.#luma;
    const { expand, project } = spatial[i]!;
    const columns = this.#columns;
    const above = this.#paddedRow(padded[i]!, 2 * band - 1) - channels * 2; // and left
    this.#exports.product_3x3_scaled(expand.product, above, (columns + 2) * channels, hidden, columns / 2, scratch);
    const next = padded[i + 1];
    for (const row of [0, 1]) {
      const from = this.#paddedRow(padded[i]!, 2 * band + row);
      const to = next === undefined ? activations + row * columns * channels * 2 : this.#paddedRow(next, 2 * band + row);
      this.#exports.product_added(project.product, hidden + row * columns * channels * 2, to, columns, from);
    }
    if (next === undefined) this.#finishLuma(band);
  }

  /** From activations to changes of samples, and to pixels. */
  #finishLuma(band: number): void {
    const { activations, codes, reach } = this.#buffers;
    const { mixing, logits, decision } = this.#luma;
    const blocks = 2 * this.#columns;
    const luma = this.#lumaOf(band);
    this.#mix(mixing, blocks);
    this.#exports.product_codes(logits.product, activations, codes, blocks);
    this.#exports.decided_samples(decision.at, codes, luma, blocks, reach);
    const { mostInReach } = this.#model.headroom;
    this.#exports.apply(this.#pixelsOf(band), this.#columns * 8, luma, this.#chromaOf(band), reach, mostInReach);
  }

  #mix(blocks: Network["mixing"], positions: number): void {
    const { activations, hidden } = this.#buffers;
    for (const { expand, project } of blocks) {
      this.#exports.product_scaled(expand.product, activations, hidden, positions);
      this.#exports.product_added(project.product, hidden, activations, positions, activations);
    }
  }

  #pixelsOf(band: number): number {
    return this.#buffers.pixels + band * this.#columns * 8 * 16 * 4;
  }

  #lumaOf(band: number): number {
    return this.#buffers.luma + band * this.#columns * 2 * 64 * 4;
  }

  #chromaOf(band: number): number {
    return this.#buffers.chroma + band * (this.#columns / 2) * 128 * 4;
  }

  /** First block of a row, -1 for the border's. */
  #paddedRow(padded: number, row: number): number {
    return padded + ((row + 1) * (this.#columns + 2) + 1) * this.#luma.channels * 2;
  }
}
