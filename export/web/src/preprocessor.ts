import { JpegpreError, firstLine } from "./errors.js";
import {
  checkNumber,
  checkWhole,
  describe,
  type Compressed,
  type CompressOptions,
  type JobOptions,
  type PreprocessOptions,
  type PreprocessorOptions,
} from "./options.js";
import type { BackendName, JobRequest, ModelDescription, ModelFile, ModelSource, OpenedReply, OpenRequest } from "./protocol.js";
import { WorkerClient, type JobReply } from "./worker_client.js";

const MOST_THREADS = 4;
const DEFAULT_TILE_PIXELS = 600_000;

/**
 * Edits pictures in workers; the page's thread only passes messages. Made by `createPreprocessor`.
 *
 * Calls may overlap: they are queued over the workers. A worker that dies fails its jobs with a `JpegpreError` of code
 * "worker"; the next call starts another.
 */
export class Preprocessor {
  readonly #workerUrl: string;
  readonly #request: OpenRequest;
  readonly #mostWorkers: number;
  readonly #timeoutSeconds: number;
  #clients: WorkerClient[] = [];
  #nextJob = 1;
  #opened!: OpenedReply;
  #isClosed = false;

  private constructor(workerUrl: string, request: OpenRequest, workers: number, timeoutSeconds: number) {
    this.#workerUrl = workerUrl;
    this.#request = request;
    this.#mostWorkers = workers;
    this.#timeoutSeconds = timeoutSeconds;
  }

  /** See `createPreprocessor`. */
  static async create(options: PreprocessorOptions = {}): Promise<Preprocessor> {
    const backend = options.backend ?? "auto";
    if (!["auto", "wasm", "onnx", "webgpu"].includes(backend)) {
      throw new RangeError(`\`backend\` must be auto, wasm, onnx or webgpu. Received: ${backend}`);
    }
    const cores = Math.max(1, navigator.hardwareConcurrency || 1);
    const threads = checkWhole("threads", options.threads ?? Math.min(cores, MOST_THREADS), 1, 64);
    const workers = checkWhole("workers", options.workers ?? 1, 1, 16);
    const tilePixels = checkWhole("tilePixels", options.tilePixels ?? DEFAULT_TILE_PIXELS, 1, 1 << 24);
    const timeoutSeconds = checkNumber("timeoutSeconds", options.timeoutSeconds ?? 60, 1, 86400);
    if (typeof OffscreenCanvas === "undefined" || typeof WebAssembly === "undefined") {
      throw new JpegpreError("unsupported-browser", "this browser is too old: it needs OffscreenCanvas and WebAssembly");
    }
    const assets = folder(options.assets ?? new URL("./", import.meta.url), document.baseURI);
    const wasmPaths = folder(options.wasmPaths ?? new URL("ort/", assets), document.baseURI);
    const { model, precision } = await choose(assets, options.profile ?? "balanced", options.precision);
    // Graphics cards calculate in float32; 8-bit integers only help CPUs.
    const gpuPrecision = options.precision ?? ("fp32" in model.files ? "fp32" : precision);
    const source = ({ path, sha256 }: ModelFile): ModelSource => ({ url: new URL(path, assets).href, sha256 });
    const request: OpenRequest = {
      kind: "open",
      model,
      file: source(model.files[precision]!),
      gpuFile: source(model.files[gpuPrecision]!),
      wasmPaths,
      backend,
      threads,
      tilePixels,
    };
    const preprocessor = new Preprocessor(new URL("worker.js", assets).href, request, workers, timeoutSeconds);
    preprocessor.#opened = await preprocessor.#client().opened;
    return preprocessor;
  }

  /** The model in use: name, version, qualities that it was trained for. */
  get model(): ModelDescription {
    return this.#request.model;
  }

  /** Where the network runs, with how many threads, and why not on WebGPU where that was asked for. */
  get backend(): { name: BackendName; threads: number; note: string | undefined } {
    const { backend, threads, note } = this.#opened;
    return { name: backend, threads, note };
  }

  /**
   * Edits pixels for a JPEG encoder of your own.
   *
   * @param image RGBA levels; not modified. Alpha is carried over, colours are edited as if it were opaque.
   * @returns A new picture of the same size.
   */
  async preprocess(image: ImageData, options: PreprocessOptions): Promise<ImageData> {
    if (!(image instanceof ImageData)) throw new TypeError(`\`image\` must be ImageData. Received: ${describe(image)}`);
    const quality = checkNumber("quality", options?.quality, 1, 100);
    const strength = checkNumber("strength", options.strength ?? 1, 0, 1);
    options.signal?.throwIfAborted();
    const { width, height } = image;
    const pixels = new Uint8ClampedArray(image.data);
    if (strength === 0) return new ImageData(pixels, width, height);
    const reply = await this.#run({ kind: "preprocess", job: this.#nextJob++, pixels, width, height, quality, strength }, options, [
      pixels.buffer,
    ]);
    if (reply.kind !== "preprocessed") throw new JpegpreError("worker", "the worker answered another question");
    return new ImageData(reply.pixels, width, height);
  }

  /**
   * Makes a smaller JPEG file of a picture with the browser's own encoder.
   *
   * Pixels come out upright and in sRGB, whatever the input's orientation and colour profile.
   *
   * @param picture A file or blob in any format that the browser opens, or a decoded picture (not modified).
   */
  async compress(picture: Blob | ImageBitmap | ImageData, options: CompressOptions = {}): Promise<Compressed> {
    const isPicture = [Blob, ImageBitmap, ImageData].some((type) => picture instanceof type);
    if (!isPicture) throw new TypeError(`\`picture\` must be a Blob, ImageBitmap or ImageData. Received: ${describe(picture)}`);
    const { quality, maxBytes, signal } = options;
    if (quality !== undefined && maxBytes !== undefined) throw new TypeError("give either `quality` or `maxBytes`, not both");
    const goal =
      maxBytes === undefined
        ? { quality: checkWhole("quality", quality ?? 75, 1, 100) }
        : { maxBytes: checkWhole("maxBytes", maxBytes, 1, Number.MAX_SAFE_INTEGER) };
    const strength = checkNumber("strength", options.strength ?? 1, 0, 1);
    signal?.throwIfAborted();
    const { keepMetadata = false, background = "#fff" } = options;
    const request = { kind: "compress", job: this.#nextJob++, picture, ...goal, strength, keepMetadata, background } as const;
    const reply = await this.#run(request, options);
    if (reply.kind !== "compressed") throw new JpegpreError("worker", "the worker answered another question");
    const { blob, plain, kept, width, height, isFlattened } = reply;
    const input = picture instanceof Blob ? picture.size : undefined;
    const bytes = { input, plain: plain.size, output: blob.size };
    return { blob, plain, bytes, kept, quality: reply.quality, width, height, isFlattened };
  }

  /** Stops all work and frees the memory; jobs under way fail with code "closed". */
  close(): void {
    this.#isClosed = true;
    for (const client of this.#clients) client.close(new JpegpreError("closed", "the preprocessor was closed"));
    this.#clients = [];
  }

  async #run(request: JobRequest, options: JobOptions, transfer: Transferable[] = []): Promise<JobReply> {
    if (this.#isClosed) throw new JpegpreError("closed", "the preprocessor was closed");
    return this.#client().run(request, { signal: options.signal, onProgress: options.onProgress, transfer });
  }

  /** The worker with the least to do; a new one if all are busy and there may be more. */
  #client(): WorkerClient {
    this.#clients = this.#clients.filter((client) => !client.isDead);
    const idlest = [...this.#clients].sort((a, b) => a.load - b.load)[0];
    if (idlest && (idlest.load === 0 || this.#clients.length >= this.#mostWorkers)) return idlest;
    const client = new WorkerClient(this.#workerUrl, this.#request, this.#timeoutSeconds);
    this.#clients.push(client);
    return client;
  }
}

/** A folder's URL with a slash at its end, without which relative names would replace its last part. */
function folder(url: string | URL, base: string | URL): string {
  const { href } = new URL(url, base);
  return href.endsWith("/") ? href : `${href}/`;
}

async function choose(
  assets: string,
  profile: string,
  precision: string | undefined,
): Promise<{ model: ModelDescription; precision: string }> {
  const url = new URL("models.json", assets).href;
  let models: ModelDescription[];
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    ({ models } = (await response.json()) as { models: ModelDescription[] });
  } catch (error) {
    throw new JpegpreError("model", `cannot load ${url} (${firstLine(error)}): is \`assets\` the folder with this package's files?`);
  }
  const model = models.find(({ name }) => name === profile);
  const names = models.map(({ name }) => name).join(", ");
  if (!model) throw new RangeError(`\`profile\` must be one of ${names}. Received: ${profile}`);
  const chosen = precision ?? Object.keys(model.files)[0]!;
  if (!model.files[chosen]) {
    throw new RangeError(`\`precision\` must be one of ${Object.keys(model.files).join(", ")}. Received: ${chosen}`);
  }
  return { model, precision: chosen };
}
