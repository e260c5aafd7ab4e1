/** A thread that runs tiles for the worker. */
import { JpegpreError, firstLine } from "../errors.js";
import { Network, type Levels, type Tile } from "./network.js";

export type TileRequest =
  | { kind: "open"; content: Uint8Array<ArrayBuffer>; wasmPaths: string }
  | { kind: "run"; tile: Tile }
  | { kind: "ping" };

/** In the order of the requests, but pongs, which come between. */
export type TileReply =
  | { kind: "opened"; isFloat: boolean }
  | { kind: "done"; levels: Levels }
  | { kind: "failed"; code: JpegpreError["code"]; message: string }
  | { kind: "pong" };

// The types of the page's window are in force here; a worker's postMessage has other arguments.
const send = self.postMessage.bind(self) as unknown as (reply: TileReply, transfer?: Transferable[]) => void;

let network: Network | undefined;
let queue: Promise<void> = Promise.resolve();

self.addEventListener("message", ({ data: request }: MessageEvent<TileRequest>) => {
  if (request.kind === "ping") send({ kind: "pong" });
  else queue = queue.then(() => answer(request));
});

async function answer(request: Exclude<TileRequest, { kind: "ping" }>): Promise<void> {
  try {
    if (request.kind === "open") {
      network = await Network.open(request.content, "wasm", request.wasmPaths);
      send({ kind: "opened", isFloat: network.isFloat });
    } else {
      // A copy: the result may lie in WebAssembly's own memory, which cannot be handed over.
      const levels = (await network!.run(request.tile)).slice() as Levels;
      send({ kind: "done", levels }, [levels.buffer]);
    }
  } catch (error) {
    const code = error instanceof JpegpreError ? error.code : "worker";
    send({ kind: "failed", code, message: firstLine(error) });
  }
}
