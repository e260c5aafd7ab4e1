/** The worker: opens one model, then does one job after another. */
import { JpegpreError, firstLine } from "../errors.js";
import type { CarrierRequest, CompressRequest, JobRequest, OpenRequest, PreprocessRequest, Reply, Request } from "../protocol.js";
import { standardTables } from "../jpeg/standard_tables.js";
import { tunedTables } from "../jpeg/tuned_tables.js";
import type { Canvas, Pixels } from "./canvas.js";
import { carrierSide, chooseQuality, LIBJPEG_QUALITIES } from "./carriers.js";
import { compress } from "./compress.js";
import { openNetwork, type Network } from "./network.js";
import { decide, edit, render, type StripOptions } from "./strips.js";

// The types of the page's window are in force here; a worker's postMessage has other arguments.
const send = self.postMessage.bind(self) as unknown as (reply: Reply, transfer?: Transferable[]) => void;

class Cancelled extends Error {}

let opened: { network: Network; stripPixels: number } | undefined;
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
  await Promise.all(opened?.network.runners.map((runner) => runner.ping()) ?? []);
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
  const network = await openNetwork(request, {
    onProgress: (fraction) => send({ kind: "progress", fraction }),
    onFailure: (message) => send({ kind: "failed", code: "worker", message }),
  });
  opened = { network, stripPixels: request.tilePixels };
  send({ kind: "opened", threads: network.runners.length });
}

async function work(request: JobRequest): Promise<void> {
  await checkpoint(request.job);
  if (request.kind === "preprocess") await preprocessPixels(request);
  else if (request.kind === "carrier") await makeCarrier(request);
  else await compressPicture(request);
}

async function preprocessPixels(request: PreprocessRequest): Promise<void> {
  const { pixels, width, height, quality, strength } = request;
  const source: Pixels = { width, height, read: (x, y, w, h) => rectangle(pixels, width, x, y, w, h) };
  const result = new Uint8ClampedArray(pixels.length);
  const write = (rows: Uint8ClampedArray, y: number): void => result.set(rows, y * width * 4);
  const options = stripOptions(request, (fraction) => fraction);
  await edit(opened!.network.runners, source, standardTables(quality), strength, write, options);
  send({ kind: "preprocessed", job: request.job, pixels: result }, [result.buffer]);
}

async function makeCarrier(request: CarrierRequest): Promise<void> {
  const { pixels, width, height, quality, strength, job } = request;
  const { kernel, runners, tables } = opened!.network;
  const source: Pixels = { width, height, read: (x, y, w, h) => rectangle(pixels, width, x, y, w, h) };
  const target = tunedTables(tables, quality);
  const coefficients = await decide(runners, source, target, strength, stripOptions(request, (fraction) => 0.7 * fraction));
  const choice = request.encoder ? { quality: undefined, tables: request.encoder } : chooseQuality(kernel, coefficients, target, LIBJPEG_QUALITIES);
  const wide = carrierSide(width);
  const result = new Uint8ClampedArray(wide * carrierSide(height) * 4);
  const write = (rows: Uint8ClampedArray, y: number): void => result.set(rows, y * wide * 4);
  const cut = await render(runners, coefficients, choice.tables, write, stripOptions(request, (fraction) => 0.7 + 0.3 * fraction));
  const reply: Reply = { kind: "carried", job, pixels: result, width: wide, quality: choice.quality, encoder: choice.tables, target, cut };
  send(reply, [result.buffer]);
}

async function compressPicture(request: CompressRequest): Promise<void> {
  const { network } = opened!;
  const { kernel, runners, tables } = network;
  const { strength } = request;
  // Each step takes a share of what is left: several qualities may be tried for a size, and an edit may follow a carrier.
  let base = 0;
  const part = (share: number): StripOptions => {
    const from = base;
    const span = (1 - from) * (request.quality === undefined ? share / 2 : share);
    base += span;
    return stripOptions(request, (fraction) => from + fraction * span);
  };
  const writeTo = (canvas: Canvas) => (pixels: Uint8ClampedArray<ArrayBuffer>, y: number): void =>
    canvas.write(new ImageData(pixels, canvas.width), 0, y);
  const reply = await compress(request, {
    kernel,
    tunedTables: tables,
    edit: (source, target, encoder) => edit(runners, source, encoder, strength, writeTo(target), part(0.9)),
    decide: (source, target) => decide(runners, source, target, strength, part(0.6)),
    render: (coefficients, encoder, target) => render(runners, coefficients, encoder, writeTo(target), part(0.75)),
    checkpoint: () => checkpoint(request.job),
  });
  send(reply);
}

/** @param scaled Progress of the job by that of the strips. */
function stripOptions(request: JobRequest, scaled: (fraction: number) => number): StripOptions {
  return {
    stripPixels: opened!.stripPixels,
    onProgress: (fraction) => send({ kind: "progress", job: request.job, fraction: scaled(fraction) }),
    checkpoint: () => checkpoint(request.job),
  };
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
