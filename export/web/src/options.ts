/** The arguments and results of the package, and their checks. */

export interface PreprocessorOptions {
  /** Name of a model in `models.json`. Default "balanced". */
  profile?: string;
  /** Precision of the model file, for example "fp32". Default: the fastest that the package has. */
  precision?: string;
  /**
   * "wasm": the CPU, by this package's own WebAssembly, or by ONNX Runtime where the model is not int8. "onnx": the CPU, by ONNX
   * Runtime. "webgpu": the graphics card, by ONNX Runtime. "auto", the default: the graphics card where there is a real one and
   * it gives the right pixels for a test picture, else "wasm".
   */
  backend?: "auto" | "wasm" | "onnx" | "webgpu";
  /**
   * CPU threads for one picture: its tiles are shared out. Default: the device's cores, at most 4. They share no memory, so the
   * page need not be cross-origin isolated.
   */
  threads?: number;
  /** Pictures that are worked on at once, each on `threads` threads. Default 1: the others wait. Each takes memory. */
  workers?: number;
  /** URL of the folder with worker.js, models.json and models/. Default: where this module was loaded from. */
  assets?: string | URL;
  /** URL of the folder with ONNX Runtime's files. Default: ort/ in `assets`. */
  wasmPaths?: string | URL;
  /** Upper bound of a tile's pixels. Smaller tiles take less memory and are cancelled sooner. Default 600,000. */
  tilePixels?: number;
  /** A worker that says nothing for this long while it has work is given up. Default 60. */
  timeoutSeconds?: number;
}

export interface JobOptions {
  /** 0 leaves the picture alone, 1, the default, edits it as trained. */
  strength?: number;
  /** Cancels; the call then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Called with the share that is done, 0..1. */
  onProgress?: (fraction: number) => void;
}

export interface PreprocessOptions extends JobOptions {
  /** 1..100: the quality that the JPEG encoder will be given. The edit is made for it. */
  quality: number;
}

export interface CompressOptions extends JobOptions {
  /** JPEG quality 1..100. Default 75. */
  quality?: number;
  /** Instead of `quality`: the highest quality (at most 95) whose file has at most this many bytes. */
  maxBytes?: number;
  /** Carry EXIF, XMP, IPTC and comments over. Default false: not even the place where a photo was taken is left. */
  keepMetadata?: boolean;
  /** CSS colour that goes behind transparent pictures; JPEG has no transparency. Default "#fff". */
  background?: string;
}

export interface Compressed {
  /** The smaller file: image/jpeg, or the input itself where nothing smaller came out (`kept`). */
  blob: Blob;
  /** What the same encoder writes at the same quality without editing. */
  plain: Blob;
  /** Bytes: of the input (undefined for bitmaps), without and with editing. */
  bytes: { input: number | undefined; plain: number; output: number };
  /** What `blob` is: "edited", "plain" if editing saved nothing, "original" if encoding saved nothing. */
  kept: "edited" | "plain" | "original";
  /** The quality used: as given, or as found for `maxBytes`. */
  quality: number;
  /** Pixels, upright. */
  width: number;
  height: number;
  /** True if transparency was put on `background`. */
  isFlattened: boolean;
}

export function checkNumber(name: string, value: unknown, low: number, high: number): number {
  if (typeof value !== "number") throw new TypeError(`\`${name}\` must be a number from ${low} to ${high}. Received: ${describe(value)}`);
  if (!(value >= low && value <= high)) throw new RangeError(`\`${name}\` must be from ${low} to ${high}. Received: ${value}`);
  return value;
}

export function checkWhole(name: string, value: unknown, low: number, high: number): number {
  const checked = checkNumber(name, value, low, high);
  if (!Number.isInteger(checked)) throw new RangeError(`\`${name}\` must be a whole number. Received: ${checked}`);
  return checked;
}

export function describe(value: unknown): string {
  if (value === null || typeof value !== "object") return `${typeof value} ${String(value)}`;
  return value.constructor?.name ?? "object";
}
