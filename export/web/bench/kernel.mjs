// Processor time of the kernel alone, in Node.js, for work on it: no browser, canvas or encoder. Needs a built dist/.
// Usage: node bench/kernel.mjs [KERNEL.wasm...]; several kernels take turns, and their pixels are compared.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ROUNDS = 15;
const [WIDTH, HEIGHT] = [1024, 512];
const root = fileURLToPath(new URL("..", import.meta.url));
const paths = process.argv.length > 2 ? process.argv.slice(2) : [`${root}src/kernel/kernel.wasm`];

const stdin = {
  contents: 'export { Kernel } from "./src/worker/kernel/kernel.ts"; export { readInt8Model } from "./src/worker/kernel/int8_model.ts";',
  resolveDir: root,
};
const folder = mkdtempSync(join(tmpdir(), "jpegpre-kernel-"));
await build({ stdin, bundle: true, format: "esm", outfile: join(folder, "kernel.mjs") });
const { Kernel, readInt8Model } = await import(join(folder, "kernel.mjs"));
rmSync(folder, { recursive: true });

const model = readInt8Model(new Uint8Array(readFileSync(`${root}dist/models/balanced.onnx`)));
let noise = 1;
const picture = Uint8ClampedArray.from({ length: WIDTH * HEIGHT * 4 }, (_, i) => {
  noise = (Math.imul(noise, 1103515245) + 12345) & 0x7fffffff;
  return 128 + 60 * Math.sin(i * 0.001) + ((noise >> 16) % 31);
});
const runs = paths.map((path) => ({ path, kernel: new Kernel(new WebAssembly.Module(readFileSync(path)), model), times: [], pixels: picture }));
for (let round = 0; round <= ROUNDS; round++) {
  for (const run of runs) {
    run.pixels = picture.slice();
    const start = process.cpuUsage();
    run.kernel.edit(run.pixels, WIDTH, HEIGHT, 75, 1);
    const { user, system } = process.cpuUsage(start);
    if (round > 0) run.times.push((user + system) / 1000 / ((WIDTH * HEIGHT) / 1e6)); // the first compiles
  }
}
for (const { path, times, pixels } of runs) {
  times.sort((a, b) => a - b);
  const differing = pixels.reduce((sum, value, i) => sum + (value !== runs[0].pixels[i]), 0);
  console.log(`${path}: median ${times[ROUNDS >> 1].toFixed(1)}, least ${times[0].toFixed(1)} processor ms/MP; ${differing} samples differ from the first`);
}
