/** The int8 network in this package's own WebAssembly: one tile at a time, in place. */
import type { Int8Model } from "./int8_model.js";
import { goals, layOut, setGoal, setRowStride, type Network } from "./layers.js";
import { Memory } from "./memory.js";

/** src/kernel/*.c; all arguments but `perStep` are whole numbers, mostly addresses. */
interface Exports {
  memory: WebAssembly.Memory;
  __heap_base: WebAssembly.Global;
  forward(pixels: number, width: number, lumaPerLevel: number, chromaPerLevel: number, luma: number, lumaStride: number, chroma: number): void;
  features(steps: number, fromStride: number, blocks: number, perStep: number, to: number, stride: number): void;
  mean_features(steps: number, rowStride: number, cells: number, perStep: number, to: number, stride: number): void;
  product_scaled(product: number, input: number, to: number, rows: number): void;
  product_added(product: number, input: number, to: number, rows: number, residual: number): void;
  product_codes(product: number, input: number, to: number, rows: number): void;
  decided_samples(decision: number, codes: number, steps: number, blocks: number): void;
  apply(pixels: number, width: number, luma: number, lumaStride: number, chroma: number): void;
}

/** Addresses of what one tile takes. */
interface Buffers {
  pixels: number;
  /** float, 64 per block. */
  luma: number;
  /** float, Cb's 64 and Cr's 64 per 16x16 pixels. */
  chroma: number;
  /** int16, the inputs of the 3x3 convolutions, with a border of zeros. */
  padded: number[];
  /** int16, one row of blocks each. */
  features: number;
  activations: number;
  hidden: number;
  /** Bytes, one row of blocks. */
  codes: number;
}

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
    this.#columns = columns;
    this.#rows = rows;
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
      features: memory.allocate(columns * 192 * 2),
      activations: memory.allocate(columns * widest * 2),
      hidden: memory.allocate(columns * widest * 2 * 2),
      codes: memory.allocate(columns * 128),
    };
    for (const { expand } of spatial) setRowStride(memory, expand, (columns + 2) * channels, channels);
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

  /** Every row of blocks goes as far as it can as soon as it can: what it needs is still in the cache. */
  #run(): void {
    const { spatial } = this.#luma;
    const done = new Array<number>(spatial.length + 1).fill(0); // rows that each 3x3 convolution may read; finished rows
    for (let row = 0; row < this.#rows; row += 2) {
      this.#transform(row);
      this.#editChroma(row / 2);
      for (const below of [row, row + 1]) this.#startLuma(below);
      done[0] = row + 2;
      for (const i of spatial.keys()) {
        const end = done[i] === this.#rows ? this.#rows : done[i]! - 1;
        for (; done[i + 1]! < end; done[i + 1]!++) this.#mixSpatially(i, done[i + 1]!);
      }
      if (!spatial.length) for (const below of [row, row + 1]) this.#finishLuma(below);
    }
  }

  /** From pixels to steps, for two rows of blocks. */
  #transform(row: number): void {
    const { pixels, luma, chroma } = this.#buffers;
    const columns = this.#columns;
    this.#exports.forward(
      pixels + row * 8 * columns * 8 * 4,
      columns * 8,
      this.#luma.perLevel,
      this.#chroma.perLevel,
      luma + row * columns * 64 * 4,
      columns * 64,
      chroma + (row / 2) * (columns / 2) * 128 * 4,
    );
  }

  /** From the chroma steps of a row of 16x16 pixels to changes of samples, in their place. */
  #editChroma(row: number): void {
    const { mean_features, features, decided_samples, product_codes } = this.#exports;
    const buffers = this.#buffers;
    const { input, mixing, logits, perStep, decision } = this.#chroma;
    const cells = this.#columns / 2;
    const steps = buffers.chroma + row * cells * 128 * 4;
    features(steps, 128, cells, perStep, buffers.features, 384);
    features(steps + 256, 128, cells, perStep, buffers.features + 256, 384);
    mean_features(buffers.luma + row * 2 * this.#columns * 256, this.#columns * 64, cells, perStep, buffers.features + 512, 384);
    this.#exports.product_scaled(input.product, buffers.features, buffers.activations, cells);
    this.#mix(mixing, cells);
    product_codes(logits.product, buffers.activations, buffers.codes, cells);
    decided_samples(decision.at, buffers.codes, steps, cells * 2);
  }

  /** From the steps of a row of blocks to the first activations. */
  #startLuma(row: number): void {
    const { features, activations, padded, luma } = this.#buffers;
    const { input, channels, perStep } = this.#luma;
    this.#exports.features(luma + row * this.#columns * 256, 64, this.#columns, perStep, features, 128);
    const to = padded.length ? this.#paddedRow(0, row, channels) : activations;
    this.#exports.product_scaled(input.product, features, to, this.#columns);
  }

  #mixSpatially(i: number, row: number): void {
    const { hidden, padded, activations } = this.#buffers;
    const { spatial, channels } = this.#luma;
    const { expand, project } = spatial[i]!;
    const isLast = i + 1 === padded.length;
    const from = this.#paddedRow(i, row, channels);
    this.#exports.product_scaled(expand.product, from, hidden, this.#columns);
    const to = isLast ? activations : this.#paddedRow(i + 1, row, channels);
    this.#exports.product_added(project.product, hidden, to, this.#columns, from);
    if (isLast) this.#finishLuma(row);
  }

  /** From activations to changes of samples, and every other row to pixels. */
  #finishLuma(row: number): void {
    const { luma, chroma, activations, codes, pixels } = this.#buffers;
    const { mixing, logits, decision } = this.#luma;
    const columns = this.#columns;
    this.#mix(mixing, columns);
    this.#exports.product_codes(logits.product, activations, codes, columns);
    this.#exports.decided_samples(decision.at, codes, luma + row * columns * 256, columns);
    if (row % 2 === 0) return;
    const above = row - 1;
    this.#exports.apply(
      pixels + above * columns * 256,
      columns * 8,
      luma + above * columns * 256,
      columns * 64,
      chroma + (above / 2) * (columns / 2) * 512,
    );
  }

  #mix(blocks: Network["mixing"], positions: number): void {
    const { activations, hidden } = this.#buffers;
    for (const { expand, project } of blocks) {
      this.#exports.product_scaled(expand.product, activations, hidden, positions);
      this.#exports.product_added(project.product, hidden, activations, positions, activations);
    }
  }

  #paddedRow(i: number, row: number, channels: number): number {
    return this.#buffers.padded[i]! + ((row + 1) * (this.#columns + 2) + 1) * channels * 2;
  }
}
