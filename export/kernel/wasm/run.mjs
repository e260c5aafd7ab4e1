// Runs the kernel's WebAssembly on files of pixels: node run.mjs KERNEL.wasm NETWORK.onnx JOBS.json
//
// A job is {from, to, width, height, pixelBytes, luma, chroma, encoderLuma?, encoderChroma?, candidates?, strength, repeat?}: raw
// pixels in and out, tables of 64 numbers. With encoder tables the result is a carrier; with candidates, pairs of tables one after
// the other, it is a carrier for the one that is chosen. Prints {level, seconds, chosen: [of every job]} as JSON.
import { readFileSync, writeFileSync } from "node:fs";

const [wasm, network, jobs] = process.argv.slice(2);
const { exports: kernel } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(wasm)));

/** Address of a copy. */
function copied(bytes) {
  const at = kernel.malloc(bytes.length);
  if (!at) throw new Error("not enough memory");
  new Uint8Array(kernel.memory.buffer).set(bytes, at);
  return at;
}

function text(at) {
  const bytes = new Uint8Array(kernel.memory.buffer);
  return at ? Buffer.from(bytes.subarray(at, bytes.indexOf(0, at))).toString() : "";
}

function check(status, reason = 0) {
  if (status) throw new Error([text(kernel.jpegpre_status_text(status)), text(reason)].filter(Boolean).join("; expected "));
}

/** What a function writes to the address that it is given last. */
function made(call) {
  const slot = copied(new Uint8Array(8));
  const status = call(slot, slot + 4);
  const [handle, reason] = new Uint32Array(kernel.memory.buffer, slot, 2);
  check(status, reason);
  kernel.free(slot);
  return handle;
}

/** jpegpre_pixels. */
function pixels(at, width, height, pixelBytes) {
  const words = Int32Array.of(at, width * pixelBytes, width, height, pixelBytes);
  return copied(new Uint8Array(words.buffer));
}

/** jpegpre_coefficients of a picture in color, with memory for them: its address, and all addresses to be freed. */
function coefficients(width, height) {
  const blocks = (unit) => Math.ceil(width / unit) * Math.ceil(height / unit);
  const planes = [8, 16, 16].map((unit) => kernel.malloc(blocks(unit) * 128));
  const at = copied(new Uint8Array(Int32Array.of(...planes, width, height).buffer));
  return { at, all: [...planes, at] };
}

/** Decides, chooses among candidates of 128 entries and renders; the index that was chosen. */
function carry(plan, job, from, to) {
  const { width, height } = job;
  const rows = Math.ceil(height / 16);
  const { at, all } = coefficients(width, height);
  check(kernel.jpegpre_decide(plan, from, at, 0, rows));
  const [luma, chroma, candidates] = [job.luma, job.chroma, job.candidates].map((table) => copied(Uint8Array.from(table)));
  const slot = copied(new Uint8Array(4));
  check(kernel.jpegpre_choose(at, luma, chroma, candidates, job.candidates.length / 128, slot));
  const chosen = new Int32Array(kernel.memory.buffer, slot, 1)[0];
  const encoder = candidates + 128 * chosen;
  const renderer = made((place) => kernel.jpegpre_renderer_create(encoder, encoder + 64, 0, place));
  check(kernel.jpegpre_render(renderer, at, to, 0, 0, rows));
  kernel.jpegpre_renderer_destroy(renderer);
  for (const each of [...all, luma, chroma, candidates, slot]) kernel.free(each);
  return chosen;
}

const content = readFileSync(network);
const file = copied(content);
const handle = made((slot, reason) => kernel.jpegpre_kernel_create(file, content.length, 0, slot, reason));
const seconds = [];
const chosen = [];
for (const job of JSON.parse(readFileSync(jobs, "utf8"))) {
  const { width, height, pixelBytes } = job;
  const tables = [job.luma, job.chroma, job.encoderLuma, job.encoderChroma].map((table) => (table ? copied(Uint8Array.from(table)) : 0));
  const plan = made((slot) => kernel.jpegpre_plan_create(handle, ...tables, job.strength, slot));
  const round = job.encoderLuma || job.candidates ? (side) => Math.ceil(side / 16) * 16 : (side) => side;
  const size = round(width) * round(height) * pixelBytes;
  const source = copied(readFileSync(job.from));
  const result = copied(new Uint8Array(size));
  const from = pixels(source, width, height, pixelBytes);
  const to = pixels(result, round(width), round(height), pixelBytes);
  const run = job.encoderLuma ? kernel.jpegpre_carrier : kernel.jpegpre_edit;
  const times = [];
  let choice = null;
  for (let i = 0; i < (job.repeat ?? 1); i++) {
    const begin = process.cpuUsage().user;
    if (job.candidates) choice = carry(plan, job, from, to);
    else check(run(plan, from, to, 0, Math.ceil(height / 16)));
    times.push((process.cpuUsage().user - begin) / 1e6);
  }
  seconds.push(times.sort((a, b) => a - b)[times.length >> 1]);
  chosen.push(choice);
  writeFileSync(job.to, new Uint8Array(kernel.memory.buffer, result, size));
  kernel.jpegpre_plan_destroy(plan);
  for (const at of [...tables, source, result, from, to]) kernel.free(at);
}
console.log(JSON.stringify({ level: text(kernel.jpegpre_kernel_level(handle)), seconds, chosen }));
