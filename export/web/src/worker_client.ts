/** One worker as the page sees it: jobs with promises, progress, cancelling, and notice of its death. */
import { describe } from "./checks.js";
import { JpegpreError, firstLine } from "./errors.js";
import { foreign } from "./pictures.js";
import type { CarrierReply, CompressedReply, JobRequest, OpenedReply, OpenRequest, PreprocessedReply, Reply } from "./protocol.js";
import { startWorker } from "./start_worker.js";

export type JobReply = PreprocessedReply | CarrierReply | CompressedReply;

interface Job {
  resolve(reply: JobReply): void;
  reject(reason: unknown): void;
  onProgress: ((fraction: number) => void) | undefined;
}

export interface RunOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((fraction: number) => void) | undefined;
  transfer?: Transferable[];
}

export class WorkerClient {
  /** Resolves when the model is ready. */
  readonly opened: Promise<OpenedReply>;
  readonly #worker: Worker | undefined;
  readonly #timeoutMilliseconds: number;
  readonly #jobs = new Map<number, Job>();
  #settleOpened!: { resolve(reply: OpenedReply): void; reject(reason: unknown): void };
  #isOpening = true;
  #hasSpoken = false;
  #failure: { reason: unknown } | undefined;
  readonly #onOpening: ((fraction: number) => void) | undefined;
  #lastHeard = 0;
  #watch: ReturnType<typeof setInterval> | undefined;

  /** @param onOpening Called with the share of the model that is loaded. */
  constructor(open: OpenRequest, timeoutSeconds: number, onOpening?: (fraction: number) => void) {
    const { workerUrl } = open;
    this.#timeoutMilliseconds = timeoutSeconds * 1000;
    this.#onOpening = onOpening;
    this.opened = new Promise((resolve, reject) => (this.#settleOpened = { resolve, reject }));
    this.opened.catch(() => undefined); // it is awaited later, by whoever needs it
    try {
      this.#worker = startWorker(workerUrl, "jpegpre");
    } catch (error) {
      this.#fail(`${missing(workerUrl)} (${firstLine(error)})`);
      return;
    }
    this.#worker.onmessage = (event: MessageEvent<Reply>) => this.#hear(event.data);
    this.#worker.onmessageerror = () => this.#fail("the worker's answer could not be read");
    this.#worker.onerror = (event) => {
      event.preventDefault();
      // Where it never spoke, it was not found, is no script, or is a foreign one behind a script of ours that failed.
      this.#fail(this.#isOpening && !this.#hasSpoken ? missing(workerUrl) : `the worker failed: ${event.message}`);
    };
    this.#worker.postMessage(open);
    this.#watchOver();
  }

  /** Jobs that are not done. */
  get load(): number {
    return this.#jobs.size;
  }

  /** True once it failed; a new one has to be made. */
  get isDead(): boolean {
    return this.#failure !== undefined;
  }

  run(request: JobRequest, options: RunOptions): Promise<JobReply> {
    return new Promise((resolve, reject) => {
      const { signal, onProgress, transfer = [] } = options;
      if (this.#failure) return reject(this.#failure.reason);
      const worker = this.#worker!;
      try {
        worker.postMessage(request, transfer); // first: what cannot be sent leaves no job behind
      } catch (error) {
        return reject(unsendable(request, error));
      }
      const cancel = (): void => {
        worker.postMessage({ kind: "cancel", job: request.job });
        reject(signal!.reason);
      };
      const done = (): void => signal?.removeEventListener("abort", cancel);
      this.#jobs.set(request.job, {
        resolve: (reply) => (done(), resolve(reply)),
        reject: (reason) => (done(), reject(reason)),
        onProgress: onProgress && ((fraction) => signal?.aborted || onProgress(fraction)),
      });
      signal?.addEventListener("abort", cancel, { once: true });
      this.#watchOver();
    });
  }

  close(reason: unknown): void {
    this.#die(reason);
  }

  #hear(reply: Reply): void {
    this.#lastHeard = performance.now();
    this.#hasSpoken = true;
    if (reply.kind === "pong") return;
    if (reply.kind === "progress" && reply.job === undefined) return this.#onOpening?.(reply.fraction);
    if (reply.kind === "opened") {
      this.#isOpening = false;
      this.#settleOpened.resolve(reply);
      return;
    }
    if (reply.kind === "failed" && reply.job === undefined) return this.#die(new JpegpreError(reply.code, reply.message));
    const job = this.#jobs.get(reply.job!);
    if (!job) return;
    if (reply.kind === "progress") return job.onProgress?.(reply.fraction);
    this.#jobs.delete(reply.job!);
    if (reply.kind === "failed") job.reject(new JpegpreError(reply.code, reply.message));
    else if (reply.kind !== "cancelled") job.resolve(reply);
  }

  /** A worker that ran out of memory dies without a word: silence is the only sign. */
  #watchOver(): void {
    if (this.#watch !== undefined || this.#failure) return;
    this.#lastHeard = performance.now();
    let asked = this.#lastHeard;
    this.#watch = setInterval(() => {
      if (this.#jobs.size === 0 && !this.#isOpening) {
        clearInterval(this.#watch);
        this.#watch = undefined;
        return;
      }
      const now = performance.now();
      // A page that slept (a closed laptop) would count that as silence: one question per second must have been asked.
      if (now - asked > 5000) this.#lastHeard = now;
      asked = now;
      if (now - this.#lastHeard > this.#timeoutMilliseconds) {
        const seconds = this.#timeoutMilliseconds / 1000;
        return this.#fail(`the worker did not answer for ${seconds} seconds: the browser may have run out of memory`);
      }
      this.#worker!.postMessage({ kind: "ping" });
    }, 1000);
  }

  #fail(message: string): void {
    this.#die(new JpegpreError("worker", message));
  }

  #die(reason: unknown): void {
    if (this.#failure) return;
    this.#failure = { reason };
    clearInterval(this.#watch);
    this.#worker?.terminate();
    this.#settleOpened.reject(reason);
    for (const job of this.#jobs.values()) job.reject(reason);
    this.#jobs.clear();
  }
}

function missing(url: string): string {
  return (
    `the worker ${url} cannot be loaded: if your bundler did not put it there, let your site serve the files of jpegpre/dist/ ` +
    "and give their folder as `assets`; a content security policy must allow it"
  );
}

function unsendable(request: JobRequest, error: unknown): Error {
  const picture = request.kind === "compress" ? request.picture : undefined;
  // A bitmap with pixels is not closed: then it is one that may not be read.
  if (picture && "width" in picture && picture.width > 0 && (error as Error).name === "DataCloneError") return foreign();
  return new TypeError(`\`picture\` cannot be handed to the worker: this ${describe(picture)} is closed or was sent away (${firstLine(error)})`);
}
