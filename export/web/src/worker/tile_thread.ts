/** The worker's side of one tile thread. */
import { JpegpreError, firstLine } from "../errors.js";
import { startWorker } from "../start_worker.js";
import type { Tile, TileRunner } from "./tile_runner.js";
import type { TileReply, TileRequest } from "./tile_worker.js";

/** By it worker.js knows that it is one of these threads. */
export const TILE_WORKER_NAME = "jpegpre-tiles";

interface Waiting {
  resolve(reply: TileReply): void;
  reject(reason: unknown): void;
}

export class TileThread implements TileRunner {
  readonly lanes = 2;
  readonly #worker: Worker;
  #hasCarrier = false;
  /** In the order of the requests: it answers in that order. */
  readonly #waiting: Waiting[] = [];
  readonly #pings: Waiting[] = [];

  /** @param onFailure Called once it has crashed; it is of no use any more. */
  private constructor(workerUrl: string, onFailure: (message: string) => void) {
    try {
      this.#worker = startWorker(workerUrl, TILE_WORKER_NAME);
    } catch (error) {
      throw new JpegpreError("worker", `no thread can be started from ${workerUrl}: ${firstLine(error)}`);
    }
    this.#worker.onmessage = ({ data: reply }: MessageEvent<TileReply>) => {
      if (reply.kind === "pong") return this.#pings.shift()?.resolve(reply);
      const waiting = this.#waiting.shift()!;
      if (reply.kind === "failed") waiting.reject(new JpegpreError(reply.code, reply.message));
      else waiting.resolve(reply);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      onFailure(event.message ? `a tile thread failed: ${event.message}` : `a tile thread cannot be loaded from ${workerUrl}`);
    };
  }

  static async open(
    content: Uint8Array<ArrayBuffer>,
    workerUrl: string,
    onFailure: (message: string) => void,
  ): Promise<TileThread> {
    const thread = new TileThread(workerUrl, onFailure);
    const { hasCarrier } = (await thread.#ask({ kind: "open", content })) as Extract<TileReply, { kind: "opened" }>;
    thread.#hasCarrier = hasCarrier;
    return thread;
  }

  get hasCarrier(): boolean {
    return this.#hasCarrier;
  }

  async run(tile: Tile): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const reply = await this.#ask({ kind: "run", tile }, [tile.pixels.buffer]);
    return (reply as Extract<TileReply, { kind: "done" }>).pixels;
  }

  async ping(): Promise<void> {
    await new Promise((resolve, reject) => {
      this.#pings.push({ resolve, reject });
      this.#worker.postMessage({ kind: "ping" } satisfies TileRequest);
    });
  }

  async close(): Promise<void> {
    this.#worker.terminate();
  }

  #ask(request: TileRequest, transfer: Transferable[] = []): Promise<TileReply> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(request, transfer);
    });
  }
}
