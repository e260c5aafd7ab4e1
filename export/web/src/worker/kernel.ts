/** export/kernel/ in WebAssembly: networks, decisions, carriers. One picture's strip at a time. */
import plainCode from "../../../kernel/wasm-dist/kernel.wasm";
import relaxedCode from "../../../kernel/wasm-dist/kernel-relaxed.wasm";
import { JpegpreError, firstLine } from "../errors.js";
import type { Tables } from "../jpeg/tables.js";
import { emptyCoefficients, PLANES, rowLength, WORK_ROW, type Coefficients } from "./coefficients.js";

/** include/jpegpre_kernel.h; numbers are addresses but where they are named otherwise. */
interface Exports {
  memory: WebAssembly.Memory;
  malloc(sizeBytes: number): number;
  free(at: number): void;
  jpegpre_kernel_create(onnx: number, sizeBytes: number, level: number, kernel: number, reason: number): number;
  jpegpre_kernel_level(kernel: number): number;
  jpegpre_status_text(status: number): number;
  jpegpre_plan_create(kernel: number, luma: number, chroma: number, encoderLuma: number, encoderChroma: number, strength: number, plan: number): number;
  jpegpre_plan_destroy(plan: number): void;
  jpegpre_edit(plan: number, from: number, to: number, first: number, end: number): number;
  jpegpre_counted_carrier(plan: number, from: number, to: number, cuts: number, first: number, end: number): number;
  jpegpre_decide(plan: number, from: number, to: number, first: number, end: number): number;
  jpegpre_renderer_create(luma: number, chroma: number, level: number, renderer: number): number;
  jpegpre_renderer_destroy(renderer: number): void;
  jpegpre_render(renderer: number, from: number, to: number, cuts: number, first: number, end: number): number;
  jpegpre_choose(from: number, luma: number, chroma: number, candidates: number, count: number, chosen: number): number;
}

/** Rows of pixels with what lies above and below, where the picture goes on: one row of work each. */
export interface Strip {
  /** RGBA samples, row by row. */
  pixels: Uint8ClampedArray<ArrayBuffer>;
  width: number;
  height: number;
  /** Rows of work that are wanted: [first, end). */
  first: number;
  end: number;
}

export interface Rendered {
  /** RGBA, both sides rounded up to multiples of 16. Lent until the kernel's next call. */
  pixels: Uint8ClampedArray<ArrayBuffer>;
  /** Pixels with R, G or B cut at 0 or 255 by more than a level: coefficients come out otherwise there. */
  cut: number;
}

export class Kernel {
  readonly #exports: Exports;
  readonly #handle: number;
  /** What the call under way has taken. */
  #taken: number[] = [];

  /** @throws JpegpreError "unsupported-browser" without WebAssembly SIMD, "model" for damaged files and other networks. */
  constructor(network: Uint8Array) {
    this.#exports = instantiate();
    this.#handle = this.#during((exports) => {
      const at = this.#copied(network);
      const results = this.#zeros(8);
      const status = exports.jpegpre_kernel_create(at, network.length, 0, results, results + 4);
      const [handle, reason] = this.#words(results, 2) as [number, number];
      if (status) {
        const expected = reason ? `; expected ${this.#text(reason)}` : "";
        throw new JpegpreError("model", `the model cannot be run: ${this.#text(exports.jpegpre_status_text(status))}${expected}`);
      }
      return handle;
    });
  }

  /** Instructions that it uses: "relaxed-simd" or "simd128". */
  get level(): string {
    return this.#text(this.#exports.jpegpre_kernel_level(this.#handle));
  }

  /** Edited pixels of the rows that are wanted, for an encoder of these tables. Lent until the next call. */
  edit(strip: Strip, tables: Tables, strength: number): Uint8ClampedArray<ArrayBuffer> {
    const { width, height, first, end } = strip;
    return this.#planned(tables, undefined, strength, (plan, exports) => {
      const result = this.#take(strip.pixels.length);
      const [from, to] = [this.#pixels(this.#copied(strip.pixels), width, height), this.#pixels(result, width, height)];
      this.#check(exports.jpegpre_edit(plan, from, to, first, end));
      const rows = Math.min(height, end * WORK_ROW) - first * WORK_ROW;
      return this.#samples(result + first * WORK_ROW * width * 4, rows * width * 4);
    });
  }

  /** What a file with these tables shall hold of the rows that are wanted. */
  decide(strip: Strip, tables: Tables, strength: number): Coefficients {
    const { width, height, first, end } = strip;
    return this.#planned(tables, undefined, strength, (plan, exports) => {
      const rowLengths = PLANES.map(({ side }) => rowLength(width, side));
      const planes = rowLengths.map((length) => this.#take(Math.ceil(height / WORK_ROW) * length * 2));
      const to = this.#coefficients(planes, width, height);
      this.#check(exports.jpegpre_decide(plan, this.#pixels(this.#copied(strip.pixels), width, height), to, first, end));
      const result = emptyCoefficients(width, Math.min(height, end * WORK_ROW) - first * WORK_ROW);
      PLANES.forEach(({ name }, i) => {
        const start = planes[i]! + first * rowLengths[i]! * 2;
        result[name].set(new Int16Array(exports.memory.buffer, start, result[name].length));
      });
      return result;
    });
  }

  /** The same as `render` of what is decided on the rows that are wanted, in one sweep. */
  carry(strip: Strip, { target, encoder }: { target: Tables; encoder: Tables }, strength: number): Rendered {
    const [wide, high] = [strip.width, strip.height].map(roundedUp) as [number, number];
    return this.#planned(target, encoder, strength, (plan, exports) => {
      const pixels = this.#take(wide * high * 4);
      const cuts = this.#zeros(24);
      const from = this.#pixels(this.#copied(strip.pixels), strip.width, strip.height);
      this.#check(exports.jpegpre_counted_carrier(plan, from, this.#pixels(pixels, wide, high), cuts, strip.first, strip.end));
      const row = WORK_ROW * wide * 4;
      return { pixels: this.#samples(pixels + strip.first * row, (strip.end - strip.first) * row), cut: this.#words(cuts + 8, 1)[0]! };
    });
  }

  /** The picture of which an encoder of these tables finds the coefficients. */
  render(from: Coefficients, encoder: Tables): Rendered {
    const [width, height] = [from.width, from.height].map(roundedUp) as [number, number];
    return this.#during((exports) => {
      const slot = this.#zeros(4);
      this.#check(exports.jpegpre_renderer_create(...this.#tables(encoder), 0, slot));
      const [renderer] = this.#words(slot, 1) as [number];
      try {
        const pixels = this.#take(width * height * 4);
        const cuts = this.#zeros(24);
        const planes = [from.luma, from.cb, from.cr].map((plane) => this.#copied(plane));
        const source = this.#coefficients(planes, from.width, from.height);
        this.#check(exports.jpegpre_render(renderer, source, this.#pixels(pixels, width, height), cuts, 0, height / WORK_ROW));
        return { pixels: this.#samples(pixels, width * height * 4), cut: this.#words(cuts + 8, 1)[0]! };
      } finally {
        exports.jpegpre_renderer_destroy(renderer);
      }
    });
  }

  /**
   * Which of an encoder's qualities carries coefficients best.
   *
   * @param candidates Its tables, in ascending order of quality.
   * @returns Index.
   */
  choose(from: Coefficients, target: Tables, candidates: readonly Tables[]): number {
    return this.#during((exports) => {
      const planes = [from.luma, from.cb, from.cr].map((plane) => this.#copied(plane));
      const all = this.#copied(Uint8Array.from(candidates.flatMap(({ luma, chroma }) => [...luma, ...chroma])));
      const slot = this.#zeros(4);
      const source = this.#coefficients(planes, from.width, from.height);
      this.#check(exports.jpegpre_choose(source, ...this.#tables(target), all, candidates.length, slot));
      return this.#words(slot, 1)[0]!;
    });
  }

  #planned<Result>(target: Tables, encoder: Tables | undefined, strength: number, work: (plan: number, exports: Exports) => Result): Result {
    return this.#during((exports) => {
      const slot = this.#zeros(4);
      const own: [number, number] = encoder ? this.#tables(encoder) : [0, 0];
      this.#check(exports.jpegpre_plan_create(this.#handle, ...this.#tables(target), ...own, strength, slot));
      const [plan] = this.#words(slot, 1) as [number];
      try {
        return work(plan, exports);
      } finally {
        exports.jpegpre_plan_destroy(plan);
      }
    });
  }

  /** Frees what `work` takes. */
  #during<Result>(work: (exports: Exports) => Result): Result {
    try {
      return work(this.#exports);
    } finally {
      for (const at of this.#taken) this.#exports.free(at);
      this.#taken = [];
    }
  }

  #take(sizeBytes: number): number {
    const at = this.#exports.malloc(sizeBytes);
    if (!at) throw new JpegpreError("model", "not enough memory for the network");
    this.#taken.push(at);
    return at;
  }

  #zeros(sizeBytes: number): number {
    const at = this.#take(sizeBytes);
    new Uint8Array(this.#exports.memory.buffer, at, sizeBytes).fill(0);
    return at;
  }

  #copied(content: Uint8Array | Uint8ClampedArray | Int16Array): number {
    const at = this.#take(content.byteLength);
    const bytes = new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
    new Uint8Array(this.#exports.memory.buffer, at, content.byteLength).set(bytes);
    return at;
  }

  #tables({ luma, chroma }: Tables): [number, number] {
    const at = this.#copied(Uint8Array.from([...luma, ...chroma]));
    return [at, at + 64];
  }

  /** jpegpre_pixels. */
  #pixels(samples: number, width: number, height: number): number {
    return this.#copied(new Uint8Array(Int32Array.of(samples, width * 4, width, height, 4).buffer));
  }

  /** jpegpre_coefficients. */
  #coefficients(planes: number[], width: number, height: number): number {
    return this.#copied(new Uint8Array(Int32Array.of(...planes, width, height).buffer));
  }

  #words(at: number, count: number): number[] {
    return Array.from(new Uint32Array(this.#exports.memory.buffer, at, count));
  }

  /** A view: copying whole pictures takes as long as a sixth of the network. */
  #samples(at: number, length: number): Uint8ClampedArray<ArrayBuffer> {
    return new Uint8ClampedArray(this.#exports.memory.buffer as ArrayBuffer, at, length);
  }

  #text(at: number): string {
    const bytes = new Uint8Array(this.#exports.memory.buffer);
    return new TextDecoder().decode(bytes.slice(at, bytes.indexOf(0, at)));
  }

  #check(status: number): void {
    if (status) throw new JpegpreError("model", `the network failed: ${this.#text(this.#exports.jpegpre_status_text(status))}`);
  }
}

function roundedUp(side: number): number {
  return Math.ceil(side / WORK_ROW) * WORK_ROW;
}

function instantiate(): Exports {
  try {
    const code = WebAssembly.validate(relaxedCode) ? relaxedCode : plainCode;
    return new WebAssembly.Instance(new WebAssembly.Module(code)).exports as unknown as Exports;
  } catch (error) {
    throw new JpegpreError("unsupported-browser", `this browser does not run the network: it needs WebAssembly SIMD (${firstLine(error)})`);
  }
}
