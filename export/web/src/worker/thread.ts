/** The worker's side of one of its threads. */
import { JpegpreError, firstLine } from "../errors.js";
import { startWorker } from "../start_worker.js";
import { buffersOf, type Results, type Runner, type Task, type TaskOf } from "./runner.js";
import type { ThreadReply, ThreadRequest } from "./thread_worker.js";

/** By it worker.js knows that it is one of these threads. */
export const THREAD_NAME = "jpegpre-thread";

interface Waiting {
  resolve(reply: ThreadReply): void;
  reject(reason: unknown): void;
}

export class Thread implements Runner {
  readonly tasksAtOnce = 2;
  readonly isElsewhere = true;
  readonly #worker: Worker;
  /** In the order of the requests: it answers in that order. */
  readonly #waiting: Waiting[] = [];
  readonly #pings: Waiting[] = [];

  /** @param onFailure Called once it has crashed; it is of no use any more. */
  private constructor(workerUrl: string, onFailure: (message: string) => void) {
    try {
      this.#worker = startWorker(workerUrl, THREAD_NAME);
    } catch (error) {
      throw new JpegpreError("worker", `no thread can be started from ${workerUrl}: ${firstLine(error)}`);
    }
    this.#worker.onmessage = ({ data: reply }: MessageEvent<ThreadReply>) => {
      if (reply.kind === "pong") return this.#pings.shift()?.resolve(reply);
      const waiting = this.#waiting.shift()!;
      if (reply.kind === "failed") waiting.reject(new JpegpreError(reply.code, reply.message));
      else waiting.resolve(reply);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      onFailure(event.message ? `a thread failed: ${event.message}` : `a thread cannot be loaded from ${workerUrl}`);
    };
  }

  static async open(network: Uint8Array<ArrayBuffer>, workerUrl: string, onFailure: (message: string) => void): Promise<Thread> {
    const thread = new Thread(workerUrl, onFailure);
    await thread.#ask({ kind: "open", network });
    return thread;
  }

  async run<Kind extends Task["kind"]>(task: TaskOf<Kind>): Promise<Results[Kind]> {
    const reply = await this.#ask({ kind: "run", task }, buffersOf(task));
    return (reply as Extract<ThreadReply, { kind: "done" }>).result as Results[Kind];
  }

  async ping(): Promise<void> {
    await new Promise((resolve, reject) => {
      this.#pings.push({ resolve, reject });
      this.#worker.postMessage({ kind: "ping" } satisfies ThreadRequest);
    });
  }

  #ask(request: ThreadRequest, transfer: Transferable[] = []): Promise<ThreadReply> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(request, transfer);
    });
  }
}
