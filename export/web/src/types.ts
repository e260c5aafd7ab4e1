/** The arguments and results of the package. */

/**
 * What `compress` takes: a file in any format that the browser opens, its bytes, the response that brings it, pixels, or anything
 * that can be drawn on a canvas (a canvas, an image or video element, an `ImageBitmap`, a `VideoFrame`).
 */
export type Picture = Blob | ArrayBuffer | ArrayBufferView | Response | ImageData | CanvasImageSource;

export interface PreprocessorOptions {
  /** One of `profiles`. Default "balanced". */
  profile?: string | undefined;
  /** Where the network runs. "wasm": the CPU, by WebAssembly, which is all there is today; "auto", the default: the best there is. */
  backend?: "auto" | "wasm" | undefined;
  /**
   * CPU threads for one picture: its rows are shared out. Default: the device's cores, at most 4. They share no memory, so the
   * page need not be cross-origin isolated.
   */
  threads?: number | undefined;
  /** Pictures that are worked on at once, each on `threads` threads. Default 1: the others wait. Each takes memory. */
  workers?: number | undefined;
  /**
   * URL of a folder with the files of this package's dist/. Default: where your bundler put them, or where this module was loaded
   * from.
   */
  assets?: string | URL | undefined;
  /** Upper bound of the pixels of a thread's piece of work. Smaller ones take less memory and are cancelled sooner. Default 1,000,000. */
  tilePixels?: number | undefined;
  /** A worker that says nothing for this long while it has work is given up. Default 60. */
  timeoutSeconds?: number | undefined;
  /** Cancels the loading; the call then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called with the share of the model that is loaded, 0..1. */
  onProgress?: ((fraction: number) => void) | undefined;
}

export interface JobOptions {
  /** 0 leaves the picture alone, 1, the default, edits it as trained. */
  strength?: number | undefined;
  /** Cancels; the call then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called with the share that is done, 0..1; the last call says 1. */
  onProgress?: ((fraction: number) => void) | undefined;
}

export interface PreprocessOptions extends JobOptions {
  /** 1..100: the quality that the JPEG encoder will be given. The edit is made for it. */
  quality: number;
}

/** Luma and chroma quantization tables of a JPEG file: 64 whole numbers of 1..255 each, row by row, not in zig-zag order. */
export interface QuantizationTables {
  readonly luma: readonly number[];
  readonly chroma: readonly number[];
}

export interface CarrierOptions extends PreprocessOptions {
  /** Those that your encoder will use. Default: libjpeg's, of the quality that suits best, which the result tells. */
  encoderTables?: QuantizationTables | undefined;
}

/** A picture that makes an ordinary encoder write what the network decided. */
export interface Carrier {
  /** What to encode, as 4:2:0; both sides are multiples of 16. */
  image: ImageData;
  /** The quality to give to an encoder with libjpeg's tables; undefined if `encoderTables` were given. */
  quality: number | undefined;
  encoderTables: QuantizationTables;
  /** Those that the finished file has. */
  tables: QuantizationTables;
  /** Pixels of the finished file. */
  width: number;
  height: number;
  /** Pixels cut at black or white. Coefficients near them may come out otherwise. */
  cutPixels: number;
  /**
   * Sets tables and size of the encoded `image` right; coefficients and metadata stay as they are.
   *
   * @throws RangeError if it is not that file: one line says what was expected.
   */
  finish(jpeg: Uint8Array | ArrayBuffer): ArrayBuffer;
}

export interface CompressOptions extends JobOptions {
  /** JPEG quality 1..100. Default 75. */
  quality?: number | undefined;
  /** Instead of `quality`: the highest quality (at most 95) whose file has at most this many bytes. */
  maxBytes?: number | undefined;
  /** Pixels that the result has at most, upright: larger pictures are scaled down, none is enlarged. */
  maxWidth?: number | undefined;
  maxHeight?: number | undefined;
  /**
   * Also encode the picture without the network, for comparison: the result has this file as `plain`, and `blob` is never larger.
   * Takes about a sixth more time. Default false.
   */
  plain?: boolean | undefined;
  /** Carry EXIF, XMP, IPTC and comments over. Default false: not even the place where a photo was taken is left. */
  keepMetadata?: boolean | undefined;
  /** CSS color that goes behind transparent pictures; JPEG has no transparency. Default "#fff". */
  background?: string | undefined;
  /** Hand the input back where nothing smaller came out, even if it is no JPEG file. Default false. */
  allowOriginal?: boolean | undefined;
  /** Keep the sRGB color profile that some browsers write into each file (Chromium: 456 bytes). Default false. */
  keepColorProfile?: boolean | undefined;
}

export interface Compressed {
  /** The smaller file. A `File` with the input's name and the extension .jpg if the input was a `File`. */
  blob: Blob;
  /** What the same encoder writes at the same quality without the network; undefined unless the option `plain` was set. */
  plain: Blob | undefined;
  /** Bytes: of the input (undefined for pictures that are no file), of `plain`, and of `blob`. */
  bytes: { input: number | undefined; plain: number | undefined; output: number };
  /**
   * What `blob` is: "edited", the network's file; "plain" if that saved nothing against `plain`, or `strength` is 0; "original" if
   * encoding saved nothing.
   */
  kept: "edited" | "plain" | "original";
  /**
   * How the network's file was made. "carrier": the encoder was made to write the network's decisions in the model's own
   * quantization tables. "edit": pixels were edited, and the encoder used its own tables.
   */
  path: "carrier" | "edit";
  /** Why `path` is "edit": what about the picture or this browser stood against a carrier. Undefined if it is "carrier". */
  editReason: string | undefined;
  /** The quality used: as given, or as found for `maxBytes`. */
  quality: number;
  /** Pixels, upright. */
  width: number;
  height: number;
  /** True if transparency was put on `background`. */
  isFlattened: boolean;
  /** True if the input is an animation, of which `blob` is the first picture. */
  isAnimated: boolean;
}

/** What `compress` gives with the option `plain`. */
export interface Compared extends Compressed {
  plain: Blob;
  bytes: { input: number | undefined; plain: number; output: number };
}

/** A profile that this package brings. */
export interface Profile {
  readonly name: string;
  readonly version: string;
  /** Lowest and highest quality that it was trained for. */
  readonly qualityRange: readonly [number, number];
  /** Bytes of its file, before compression in transfer. */
  readonly sizeBytes: number;
}

/** Edits pictures in workers; the page's thread only passes messages. Calls may overlap: they are queued over the workers. */
export interface Preprocessor {
  /** The profile in use. */
  readonly profile: Profile;
  /** CPU threads for one picture. */
  readonly threads: number;

  /**
   * Makes a smaller JPEG file of a picture with the browser's own encoder.
   *
   * Pixels come out upright and in sRGB, whatever the input's orientation and color profile.
   *
   * @param picture Not modified.
   */
  compress(picture: Picture, options: CompressOptions & { plain: true }): Promise<Compared>;
  compress(picture: Picture, options?: CompressOptions): Promise<Compressed>;

  /**
   * Edits pixels for a JPEG encoder of your own.
   *
   * @param image Not modified. Alpha is carried over, colors are edited as if it were opaque.
   * @returns A new picture of the same size and color space, 8 bits per sample.
   */
  preprocess(image: ImageData, options: PreprocessOptions): Promise<ImageData>;

  /**
   * Makes the carrier of a picture for a JPEG encoder of your own: one that rounds coefficients, and does nothing else to them.
   *
   * @param image Not modified. Its colors are taken for sRGB, and as if it were opaque.
   */
  carrier(image: ImageData, options: CarrierOptions): Promise<Carrier>;

  /** Stops all work and frees the memory; jobs under way fail with code "closed". */
  close(): void;
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}

declare global {
  // In TypeScript's own library from 5.2 on, and only where "esnext.disposable" is asked for.
  interface SymbolConstructor {
    readonly dispose: unique symbol;
    readonly asyncDispose: unique symbol;
  }
}
