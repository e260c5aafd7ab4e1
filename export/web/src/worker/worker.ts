/** The worker: opens one model, then does one job after another. */
import { JpegpreError, firstLine } from "../errors.js";
import type { CompressRequest, JobRequest, OpenRequest, PreprocessRequest, Reply, Request } from "../protocol.js";
import type { Canvas, Pixels } from "./canvas.js";
import { compress } from "./compress.js";
import { openNetwork } from "./network.js";
import { preprocess, type WriteTile } from "./preprocess.js";
import type { TileRunner } from "./tile_runner.js";

// The types of the page's window are in force here; a worker's postMessage has other arguments.
const send = self.postMessage.bind(self) as unknown as (reply: Reply, transfer?: Transferable[]) => void;

class Cancelled extends Error {}

let opened: { runners: TileRunner[]; request: OpenRequest } | undefined;
const cancelled = new Set<number>();
let queue: Promise<void> = Promise.resolve();

export function serveJobs(): void {
  self.addEventListener("message", (event: MessageEvent<Request>) => {
    const request = event.data;
    if (request.kind === "ping") void pong();
    else if (request.kind === "cancel") cancelled.add(request.job);
    else if (request.kind === "open") queue = queue.then(() => guarded(undefined, () => open(request)));
    else queue = queue.then(() => guarded(request.job, () => work(request)));
  });
}

/** Alive means that all threads are: one that ran out of memory dies without a word. */
async function pong(): Promise<void> {
  await Promise.all(opened?.runners.map((runner) => runner.ping()) ?? []);
  send({ kind: "pong" });
}

async function guarded(job: number | undefined, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error instanceof Cancelled) send({ kind: "cancelled", job: job! });
    else {
      const known = error instanceof JpegpreError;
      const message = known ? error.message : `unexpected failure: ${firstLine(error)}`;
      send({ kind: "failed", ...(job !== undefined && { job }), code: known ? error.code : "worker", message });
    }
  } finally {
    if (job !== undefined) cancelled.delete(job);
  }
}

async function open(request: OpenRequest): Promise<void> {
  const runners = await openNetwork(request, {
    onProgress: (fraction) => send({ kind: "progress", fraction }),
    onFailure: (message) => send({ kind: "failed", code: "worker", message }),
  });
  opened = { runners, request };
  send({ kind: "opened", threads: runners.length });
}

async function work(request: JobRequest): Promise<void> {
  await checkpoint(request.job);
  if (request.kind === "preprocess") await preprocessPixels(request);
  else await compressPicture(request);
}

async function preprocessPixels(request: PreprocessRequest): Promise<void> {
  const { pixels, width, height } = request;
  const source: Pixels = { width, height, read: (x, y, w, h) => rectangle(pixels, width, x, y, w, h) };
  const result = new Uint8ClampedArray(pixels.length);
  await edit(request, source, request.quality, (tile, x, y, keep) => {
    for (let row = keep.y; row < keep.y + keep.height; row++) {
      const from = (row * tile.width + keep.x) * 4;
      result.set(tile.data.subarray(from, from + keep.width * 4), ((y + row) * width + x + keep.x) * 4);
    }
  });
  send({ kind: "preprocessed", job: request.job, pixels: result }, [result.buffer]);
}

async function compressPicture(request: CompressRequest): Promise<void> {
  // Several qualities may be tried for a size: progress then starts anew in what is left.
  let base = 0;
  const editCanvas = async (source: Canvas, target: Canvas, quality: number): Promise<void> => {
    const from = base;
    const share = request.quality === undefined ? (1 - from) / 2 : 1;
    await edit(request, source, quality, (...tile) => target.write(...tile), (fraction) => from + fraction * share);
    base = from + share;
  };
  send(await compress(request, { edit: editCanvas, checkpoint: () => checkpoint(request.job) }));
}

async function edit(
  request: JobRequest,
  source: Pixels,
  quality: number,
  write: WriteTile,
  scaled: (fraction: number) => number = (fraction) => fraction,
): Promise<void> {
  const { runners, request: options } = opened!;
  await preprocess(runners, source, write, {
    task: { kind: "edit", quality },
    strength: request.strength,
    tile: options.model.tile,
    tilePixels: options.tilePixels,
    onProgress: (fraction) => send({ kind: "progress", job: request.job, fraction: scaled(fraction) }),
    checkpoint: () => checkpoint(request.job),
  });
}

function rectangle(
  pixels: Uint8ClampedArray,
  stride: number,
  x: number,
  y: number,
  width: number,
  height: number,
): Uint8ClampedArray<ArrayBuffer> {
  const result = new Uint8ClampedArray(width * height * 4);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * stride + x) * 4;
    result.set(pixels.subarray(from, from + width * 4), row * width * 4);
  }
  return result;
}

/** Lets waiting messages in, then throws if the job was cancelled. A channel: timers are held back to 4 ms. */
async function checkpoint(job: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
  if (cancelled.has(job)) throw new Cancelled();
}
