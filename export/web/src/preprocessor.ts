import { brief, checkBytes, checkColor, checkCount, checkFlag, checkImageData, checkNumber, checkOptions, checkText, checkWhole, describe } from "./checks.js";
import { JpegpreError } from "./errors.js";
import { locate } from "./files.js";
import { checkTables, finish } from "./jpeg/finish.js";
import { toSendable } from "./pictures.js";
import type { CompressRequest, JobRequest, OpenedReply, OpenRequest } from "./protocol.js";
import { to8Bits } from "./samples.js";
import type {
  Carrier,
  CarrierOptions,
  Compared,
  Compressed,
  CompressOptions,
  JobOptions,
  Picture,
  PreprocessOptions,
  Preprocessor,
  PreprocessorOptions,
  Profile,
} from "./types.js";
import { WorkerClient, type JobReply } from "./worker_client.js";

const MOST_THREADS = 4;
const DEFAULT_TILE_PIXELS = 1_000_000;
const CREATE_OPTIONS = ["profile", "backend", "threads", "workers", "assets", "tilePixels", "timeoutSeconds"];
const PREPROCESS_OPTIONS = ["quality", "strength"];
const CARRIER_OPTIONS = [...PREPROCESS_OPTIONS, "encoderTables"];
const COMPRESS_OPTIONS = [
  ...PREPROCESS_OPTIONS,
  ...["maxBytes", "maxWidth", "maxHeight", "plain", "keepMetadata", "background", "allowOriginal", "keepColorProfile"],
];

/** See `createPreprocessor`. */
export async function openPreprocessor(given: PreprocessorOptions): Promise<Preprocessor> {
  const options = checkOptions(given, CREATE_OPTIONS);
  const { backend = "auto" } = options;
  if (!["auto", "wasm"].includes(backend)) {
    const received = typeof backend === "string" ? brief(backend) : describe(backend);
    throw new RangeError(`\`backend\` must be auto or wasm. Received: ${received}`);
  }
  const cores = Math.max(1, globalThis.navigator?.hardwareConcurrency || 1);
  const threads = checkWhole("threads", options.threads ?? Math.min(cores, MOST_THREADS), 1, 64);
  const workers = checkWhole("workers", options.workers ?? 1, 1, 16);
  const tilePixels = checkWhole("tilePixels", options.tilePixels ?? DEFAULT_TILE_PIXELS, 1, 1 << 24);
  const timeoutSeconds = checkNumber("timeoutSeconds", options.timeoutSeconds ?? 60, 1, 86400);
  const missing = ["Worker", "OffscreenCanvas", "WebAssembly", "createImageBitmap"].filter((name) => !(name in globalThis));
  if (missing.length) {
    throw new JpegpreError("unsupported-browser", `this is no browser, or too old a one: it has no ${missing.join(", ")}`);
  }
  const { workerUrl, model, source, profile } = locate(checkText("profile", options.profile ?? "balanced"), options.assets);
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const request: OpenRequest = { kind: "open", model, source, workerUrl, threads, tilePixels };
  const preprocessor = new WorkerPreprocessor(profile, request, workers, timeoutSeconds);
  await preprocessor.open(signal, onProgress);
  return preprocessor;
}

/** A worker that dies fails its jobs with a `JpegpreError` of code "worker"; the next call starts another. */
class WorkerPreprocessor implements Preprocessor {
  readonly profile: Profile;
  readonly #request: OpenRequest;
  readonly #mostWorkers: number;
  readonly #timeoutSeconds: number;
  #clients: WorkerClient[] = [];
  #nextJob = 1;
  #opened!: OpenedReply;
  #isClosed = false;

  constructor(profile: Profile, request: OpenRequest, workers: number, timeoutSeconds: number) {
    this.profile = profile;
    this.#request = request;
    this.#mostWorkers = workers;
    this.#timeoutSeconds = timeoutSeconds;
  }

  async open(signal: AbortSignal | undefined, onProgress: ((fraction: number) => void) | undefined): Promise<void> {
    const cancel = (): void => this.#close(signal!.reason);
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      this.#opened = await this.#client(onProgress).opened;
      onProgress?.(1);
      signal?.throwIfAborted(); // by `onProgress`
    } catch (error) {
      this.close(); // `onProgress` may have thrown: nobody gets this preprocessor to close it
      throw error;
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  }

  get threads(): number {
    return this.#opened.threads;
  }

  async preprocess(picture: ImageData, given: PreprocessOptions): Promise<ImageData> {
    const image = checkImageData("image", picture);
    const options = checkOptions(given ?? {}, PREPROCESS_OPTIONS);
    const quality = checkNumber("quality", options.quality, 1, 100);
    const strength = checkNumber("strength", options.strength ?? 1, 0, 1);
    const { signal, onProgress } = options;
    signal?.throwIfAborted();
    const { width, height, colorSpace } = image;
    let pixels = to8Bits(image);
    if (strength > 0) {
      const request = { kind: "preprocess", job: this.#nextJob++, pixels, width, height, quality, strength } as const;
      const reply = await this.#run(request, options, [pixels.buffer]);
      if (reply.kind !== "preprocessed") throw new JpegpreError("worker", "the worker answered another question");
      ({ pixels } = reply);
    } else if (this.#isClosed) throw closed();
    onProgress?.(1);
    return new ImageData(pixels, width, height, { colorSpace });
  }

  async carrier(picture: ImageData, given: CarrierOptions): Promise<Carrier> {
    const image = checkImageData("image", picture);
    const options = checkOptions(given ?? {}, CARRIER_OPTIONS);
    const quality = checkNumber("quality", options.quality, 1, 100);
    const strength = checkNumber("strength", options.strength ?? 1, 0, 1);
    const { signal, onProgress, encoderTables: encoder } = options;
    if (encoder !== undefined) checkTables("encoderTables", encoder);
    signal?.throwIfAborted();
    const { width, height } = image;
    const pixels = to8Bits(image);
    const request = { kind: "carrier", job: this.#nextJob++, pixels, width, height, quality, strength, encoder } as const;
    const reply = await this.#run(request, options, [pixels.buffer]);
    if (reply.kind !== "carried") throw new JpegpreError("worker", "the worker answered another question");
    onProgress?.(1);
    const { encoder: encoderTables, target: tables } = reply;
    return {
      image: new ImageData(reply.pixels, reply.width),
      quality: reply.quality,
      encoderTables,
      tables,
      width,
      height,
      cutPixels: reply.cut,
      finish: (jpeg) => finish(checkBytes("jpeg", jpeg), encoderTables, tables, width, height).buffer,
    };
  }

  async compress(picture: Picture, options: CompressOptions & { plain: true }): Promise<Compared>;
  async compress(picture: Picture, options?: CompressOptions): Promise<Compressed>;
  async compress(picture: Picture, given: CompressOptions = {}): Promise<Compressed> {
    const options = checkOptions(given, COMPRESS_OPTIONS);
    const settings = checkCompress(options);
    const { signal, onProgress } = options;
    signal?.throwIfAborted();
    if (this.#isClosed) throw closed();
    const { picture: sent, transfer, sizeBytes, name, lastModified } = await toSendable(picture);
    signal?.throwIfAborted();
    const reply = await this.#run({ kind: "compress", job: this.#nextJob++, picture: sent, ...settings }, options, transfer);
    if (reply.kind !== "compressed") throw new JpegpreError("worker", "the worker answered another question");
    onProgress?.(1);
    const { plain, kept, path, editReason, quality, width, height, isFlattened, isAnimated } = reply;
    const bytes = { input: sizeBytes, plain: plain?.size, output: reply.blob.size };
    const blob = name === undefined ? reply.blob : named(reply.blob, name, lastModified);
    return { blob, plain, bytes, kept, path, editReason, quality, width, height, isFlattened, isAnimated };
  }

  close(): void {
    this.#close(closed());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #close(reason: unknown): void {
    this.#isClosed = true;
    for (const client of this.#clients) client.close(reason);
    this.#clients = [];
  }

  async #run(request: JobRequest, options: JobOptions, transfer: Transferable[]): Promise<JobReply> {
    if (this.#isClosed) throw closed();
    return this.#client().run(request, { signal: options.signal, onProgress: options.onProgress, transfer });
  }

  /** The worker with the least to do; a new one if all are busy and there may be more. */
  #client(onProgress?: (fraction: number) => void): WorkerClient {
    this.#clients = this.#clients.filter((client) => !client.isDead);
    const idlest = [...this.#clients].sort((a, b) => a.load - b.load)[0];
    if (idlest && (idlest.load === 0 || this.#clients.length >= this.#mostWorkers)) return idlest;
    const client = new WorkerClient(this.#request, this.#timeoutSeconds, onProgress);
    this.#clients.push(client);
    return client;
  }
}

function closed(): JpegpreError {
  return new JpegpreError("closed", "the preprocessor was closed");
}

function checkCompress(options: CompressOptions): Omit<CompressRequest, "kind" | "job" | "picture"> {
  const { quality, maxBytes } = options;
  if (quality !== undefined && maxBytes !== undefined) throw new TypeError("give either `quality` or `maxBytes`, not both");
  return {
    ...(maxBytes === undefined
      ? { quality: checkWhole("quality", quality ?? 75, 1, 100) }
      : { maxBytes: checkCount("maxBytes", maxBytes) }),
    maxWidth: checkCount("maxWidth", options.maxWidth ?? Number.MAX_SAFE_INTEGER),
    maxHeight: checkCount("maxHeight", options.maxHeight ?? Number.MAX_SAFE_INTEGER),
    strength: checkNumber("strength", options.strength ?? 1, 0, 1),
    plain: checkFlag("plain", options.plain ?? false),
    keepMetadata: checkFlag("keepMetadata", options.keepMetadata ?? false),
    background: checkColor("background", options.background ?? "#fff"),
    allowOriginal: checkFlag("allowOriginal", options.allowOriginal ?? false),
    keepColorProfile: checkFlag("keepColorProfile", options.keepColorProfile ?? false),
  };
}

/** The file under its own name, but for the extension of what it is now. */
function named(blob: Blob, name: string, lastModified: number | undefined): File {
  const isSame = blob.type !== "image/jpeg" || /\.jpe?g$/i.test(name);
  const stem = name.replace(/\.[^./\\]*$/, "") || name;
  const options = { type: blob.type, ...(lastModified !== undefined && { lastModified }) };
  return new File([blob], isSame ? name : `${stem}.jpg`, options);
}
