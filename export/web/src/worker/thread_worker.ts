/** A thread that works on strips for the worker. */
import { JpegpreError, firstLine } from "../errors.js";
import { Kernel } from "./kernel.js";
import { buffersOf, doTask, ownPixels, type Results, type Task } from "./runner.js";

export type ThreadRequest =
  | { kind: "open"; network: Uint8Array<ArrayBuffer> }
  | { kind: "run"; task: Task }
  | { kind: "ping" };

/** In the order of the requests, but pongs, which come between. */
export type ThreadReply =
  | { kind: "opened" }
  | { kind: "done"; result: Results[Task["kind"]] }
  | { kind: "failed"; code: JpegpreError["code"]; message: string }
  | { kind: "pong" };

// The types of the page's window are in force here; a worker's postMessage has other arguments.
const send = self.postMessage.bind(self) as unknown as (reply: ThreadReply, transfer?: Transferable[]) => void;

let kernel: Kernel | undefined;

export function serveTasks(): void {
  self.addEventListener("message", ({ data: request }: MessageEvent<ThreadRequest>) => {
    if (request.kind === "ping") send({ kind: "pong" });
    else answer(request);
  });
}

function answer(request: Exclude<ThreadRequest, { kind: "ping" }>): void {
  try {
    if (request.kind === "open") {
      kernel = new Kernel(request.network);
      send({ kind: "opened" });
    } else {
      const result = ownPixels(doTask(kernel!, request.task));
      send({ kind: "done", result }, buffersOf(result));
    }
  } catch (error) {
    const code = error instanceof JpegpreError ? error.code : "worker";
    send({ kind: "failed", code, message: firstLine(error) });
  }
}
