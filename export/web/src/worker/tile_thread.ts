/** The worker's side of one tile thread. */
import { JpegpreError } from "../errors.js";
import type { Tile, TileRunner } from "./tile_runner.js";
import type { TileReply, TileRequest } from "./tile_worker.js";

interface Waiting {
  resolve(reply: TileReply): void;
  reject(reason: unknown): void;
}

export class TileThread implements TileRunner {
  readonly lanes = 2;
  readonly #worker: Worker;
  /** In the order of the requests: it answers in that order. */
  readonly #waiting: Waiting[] = [];
  readonly #pings: Waiting[] = [];

  /** @param onFailure Called once it has crashed; it is of no use any more. */
  private constructor(onFailure: (message: string) => void) {
    this.#worker = new Worker(new URL("./tile_worker.js", import.meta.url), { type: "module", name: "jpegpre-tiles" });
    this.#worker.onmessage = ({ data: reply }: MessageEvent<TileReply>) => {
      if (reply.kind === "pong") return this.#pings.shift()?.resolve(reply);
      const waiting = this.#waiting.shift()!;
      if (reply.kind === "failed") waiting.reject(new JpegpreError(reply.code, reply.message));
      else waiting.resolve(reply);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      onFailure(event.message ? `a tile thread failed: ${event.message}` : "tile_worker.js cannot be loaded");
    };
  }

  /** @param backend "wasm": this package's kernel, which must know the model; "onnx": ONNX Runtime. */
  static async open(
    content: Uint8Array<ArrayBuffer>,
    backend: "wasm" | "onnx",
    wasmPaths: string,
    onFailure: (message: string) => void,
  ): Promise<TileThread> {
    const thread = new TileThread(onFailure);
    await thread.#ask({ kind: "open", content, backend, wasmPaths });
    return thread;
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
