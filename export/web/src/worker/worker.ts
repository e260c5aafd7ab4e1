/** The worker: opens one model, then does one job after another. */
import { JpegpreError, firstLine } from "../errors.js";
import type { CarrierRequest, CompressRequest, JobRequest, OpenRequest, PreprocessRequest, Reply, Request } from "../protocol.js";
import { standardTables } from "../jpeg/standard_tables.js";
import { tunedTables } from "../jpeg/tuned_tables.js";
import type { Canvas } from "./canvas.js";
import { carrierSide, LIBJPEG_QUALITIES, makeCarrier, type EncoderQuality } from "./carriers.js";
import { compress } from "./compress.js";
import { openNetwork, type Network } from "./network.js";
import { MemoryPixels } from "./pixels.js";
import { carry, decide, edit, render, type StripOptions } from "./strips.js";

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
  else if (request.kind === "carrier") await carrierOfPixels(request);
  else await compressPicture(request);
}

async function preprocessPixels(request: PreprocessRequest): Promise<void> {
  const { pixels, width, height, quality, strength } = request;
  const source = new MemoryPixels(pixels, width, height);
  const result = new Uint8ClampedArray(pixels.length);
  const write = (rows: Uint8ClampedArray, y: number): void => result.set(rows, y * width * 4);
  const options = stripOptions(request, (fraction) => fraction);
  await edit(opened!.network.runners, source, standardTables(quality), strength, write, options);
  send({ kind: "preprocessed", job: request.job, pixels: result }, [result.buffer]);
}

async function carrierOfPixels(request: CarrierRequest): Promise<void> {
  const { pixels, width, height, quality, strength, job } = request;
  const { kernel, runners, tables } = opened!.network;
  const source = new MemoryPixels(pixels, width, height);
  const target = tunedTables(tables, quality);
  const size = { width: carrierSide(width), height: carrierSide(height) };
  const result = new Uint8ClampedArray(size.width * size.height * 4);
  const write = (rows: Uint8ClampedArray, y: number): void => result.set(rows, y * size.width * 4);
  const part = parts(request, 1);
  const qualities: readonly (Pick<EncoderQuality, "tables"> & { quality?: number })[] = request.encoder ? [{ tables: request.encoder }] : LIBJPEG_QUALITIES;
  const { chosen, cut } = await makeCarrier(target, size, qualities, {
    kernel,
    carry: (_, encoder) => carry(runners, source, { target, encoder }, strength, write, part(0.9)),
    decide: () => decide(runners, source, target, strength, part(0.6)),
    render: (coefficients, encoder) => render(runners, coefficients, encoder, write, part(0.9)),
  });
  const reply: Reply = { kind: "carried", job, pixels: result, width: size.width, quality: chosen.quality, encoder: chosen.tables, target, cut };
  send(reply, [result.buffer]);
}

async function compressPicture(request: CompressRequest): Promise<void> {
  const { network } = opened!;
  const { kernel, runners, tables } = network;
  const { strength } = request;
  const part = parts(request, request.quality === undefined ? 0.5 : 1);
  const writeTo = (canvas: Canvas) => (pixels: Uint8ClampedArray<ArrayBuffer>, y: number): void =>
    canvas.write(new ImageData(pixels, canvas.width), y);
  const reply = await compress(request, {
    kernel,
    tunedTables: tables,
    edit: (source, target, encoder) => edit(runners, source, encoder, strength, writeTo(target), part(0.9)),
    carry: (source, encoders, target) => carry(runners, source, encoders, strength, writeTo(target), part(0.9)),
    decide: (source, target) => decide(runners, source, target, strength, part(0.6)),
    render: (coefficients, encoder, target) => render(runners, coefficients, encoder, writeTo(target), part(0.75)),
    checkpoint: () => checkpoint(request.job),
  });
  send(reply);
}

/**
 * Options of one step after the other. Each takes a share of what is left: several qualities may be tried for a size, and an edit
 * may follow a carrier.
 */
function parts(request: JobRequest, factor: number): (share: number) => StripOptions {
  let base = 0;
  return (share) => {
    const from = base;
    const span = (1 - from) * share * factor;
    base += span;
    return stripOptions(request, (fraction) => from + fraction * span);
  };
}

/** @param scaled Progress of the job by that of the strips. */
function stripOptions(request: JobRequest, scaled: (fraction: number) => number): StripOptions {
  return {
    stripPixels: opened!.stripPixels,
    onProgress: (fraction) => send({ kind: "progress", job: request.job, fraction: scaled(fraction) }),
    checkpoint: () => checkpoint(request.job),
  };
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
