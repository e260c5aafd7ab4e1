/** A thread that runs tiles for the worker. */
import { JpegpreError, firstLine } from "../errors.js";
import { KernelNetwork } from "./kernel_network.js";
import type { Tile, TileRunner } from "./tile_runner.js";

export type TileRequest =
  | { kind: "open"; content: Uint8Array<ArrayBuffer> }
  | { kind: "run"; tile: Tile }
  | { kind: "ping" };

/** In the order of the requests, but pongs, which come between. */
export type TileReply =
  | { kind: "opened"; hasCarrier: boolean }
  | { kind: "done"; pixels: Uint8ClampedArray<ArrayBuffer> }
  | { kind: "failed"; code: JpegpreError["code"]; message: string }
  | { kind: "pong" };

// The types of the page's window are in force here; a worker's postMessage has other arguments.
const send = self.postMessage.bind(self) as unknown as (reply: TileReply, transfer?: Transferable[]) => void;

let network: TileRunner | undefined;
let queue: Promise<void> = Promise.resolve();

export function serveTiles(): void {
  self.addEventListener("message", ({ data: request }: MessageEvent<TileRequest>) => {
    if (request.kind === "ping") send({ kind: "pong" });
    else queue = queue.then(() => answer(request));
  });
}

async function answer(request: Exclude<TileRequest, { kind: "ping" }>): Promise<void> {
  try {
    if (request.kind === "open") {
      network = KernelNetwork.open(request.content);
      send({ kind: "opened", hasCarrier: network.hasCarrier });
    } else {
      const pixels = await network!.run(request.tile);
      send({ kind: "done", pixels }, [pixels.buffer]);
    }
  } catch (error) {
    const code = error instanceof JpegpreError ? error.code : "worker";
    send({ kind: "failed", code, message: firstLine(error) });
  }
}
