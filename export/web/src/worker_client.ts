/** One worker as the page sees it: jobs with promises, progress, cancelling, and notice of its death. */
import { JpegpreError } from "./errors.js";
import type { CompressedReply, JobRequest, OpenedReply, OpenRequest, PreprocessedReply, Reply } from "./protocol.js";

export type JobReply = PreprocessedReply | CompressedReply;

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
  readonly #worker: Worker;
  readonly #timeoutMilliseconds: number;
  readonly #jobs = new Map<number, Job>();
  #settleOpened!: { resolve(reply: OpenedReply): void; reject(reason: unknown): void };
  #isOpening = true;
  #failure: JpegpreError | undefined;
  #lastHeard = 0;
  #watch: ReturnType<typeof setInterval> | undefined;

  constructor(url: string, open: OpenRequest, timeoutSeconds: number) {
    this.#timeoutMilliseconds = timeoutSeconds * 1000;
    this.opened = new Promise((resolve, reject) => (this.#settleOpened = { resolve, reject }));
    this.opened.catch(() => undefined); // it is awaited later, by whoever needs it
    this.#worker = new Worker(url, { type: "module", name: "jpegpre" });
    this.#worker.onmessage = (event: MessageEvent<Reply>) => this.#hear(event.data);
    this.#worker.onmessageerror = () => this.#fail("the worker's answer could not be read");
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(event.message ? `the worker failed: ${event.message}` : `the worker ${url} cannot be loaded`);
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
      if (this.#failure) return reject(this.#failure);
      const cancel = (): void => {
        this.#worker.postMessage({ kind: "cancel", job: request.job });
        reject(signal!.reason);
      };
      const done = (): void => signal?.removeEventListener("abort", cancel);
      this.#jobs.set(request.job, {
        resolve: (reply) => (done(), resolve(reply)),
        reject: (reason) => (done(), reject(reason)),
        onProgress: onProgress && ((fraction) => signal?.aborted || onProgress(fraction)),
      });
      signal?.addEventListener("abort", cancel, { once: true });
      this.#worker.postMessage(request, transfer);
      this.#watchOver();
    });
  }

  close(reason: JpegpreError): void {
    this.#die(reason);
  }

  #hear(reply: Reply): void {
    this.#lastHeard = performance.now();
    if (reply.kind === "pong") return;
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
      this.#worker.postMessage({ kind: "ping" });
    }, 1000);
  }

  #fail(message: string): void {
    this.#die(new JpegpreError("worker", message));
  }

  #die(failure: JpegpreError): void {
    if (this.#failure) return;
    this.#failure = failure;
    clearInterval(this.#watch);
    this.#worker.terminate();
    this.#settleOpened.reject(failure);
    for (const job of this.#jobs.values()) job.reject(failure);
    this.#jobs.clear();
  }
}
