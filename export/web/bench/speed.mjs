// Speed in headless Chromium: this package with the browser's encoder, against MozJPEG in WebAssembly, taken in turns.
// Usage: node bench/speed.mjs [ROUNDS] [PICTURE]; prints JSON. Needs a built dist/.
//
// Processor time is that of all the browser's processes, over several pictures: the system counts it in steps of 10 ms. On a
// busy machine it says more than the clock.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { launch } from "../tests/browser/browser.mjs";
import { usage } from "../tests/browser/processes.mjs";
import { serve } from "../tests/browser/server.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const [rounds = "6", picture = `${root}/../../tests/pictures/gb82_city.webp`] = process.argv.slice(2);
const PICTURES = 5; // a round
const MEGAPIXELS = (PICTURES * 1224 * 816) / 1e6;

const server = await serve({
  "/dist/": `${root}dist/`,
  "/jsquash/": `${root}node_modules/@jsquash/jpeg/`,
  "/bench/": `${root}bench/`,
});
const file = readFileSync(picture).toString("base64");
const browser = await launch();
try {
  const page = await browser.context.newPage();
  const before = usage(browser.profile).cpuMilliseconds;
  await page.goto(`${server.url}/blank.html`);
  const coldStart = await page.evaluate(start, file);
  coldStart.cpuMilliseconds = usage(browser.profile).cpuMilliseconds - before;
  const names = await page.evaluate(prepare, file);
  const runs = names.map(() => []);
  for (let round = 0; round <= Number(rounds); round++) {
    for (const i of names.keys()) {
      const before = usage(browser.profile).cpuMilliseconds;
      const { milliseconds, sizeBytes } = await page.evaluate(([i, pictures]) => variants[i].measure(pictures), [i, PICTURES]);
      const cpu = usage(browser.profile).cpuMilliseconds - before;
      if (round > 0) runs[i].push({ milliseconds, cpu, sizeBytes }); // the first warms up
    }
  }
  const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
  const mozjpeg = names.findIndex(({ name }) => name.startsWith("MozJPEG"));
  const results = { "cold start to first result": coldStart };
  for (const [i, { name, openMilliseconds }] of names.entries()) {
    results[name] = {
      cpuMillisecondsPerMegapixel: Math.round(median(runs[i].map(({ cpu }) => cpu)) / MEGAPIXELS),
      // Of two neighbouring measurements each.
      cpuRatioToMozjpeg: Number(median(runs[i].map(({ cpu }, round) => cpu / runs[mozjpeg][round].cpu)).toFixed(2)),
      wallMillisecondsPerMegapixel: Math.round(median(runs[i].map(({ milliseconds }) => milliseconds)) / MEGAPIXELS),
      openMilliseconds: Math.round(openMilliseconds),
      sizeBytes: runs[i][0].sizeBytes,
    };
  }
  console.log(JSON.stringify(results, null, 1));
} finally {
  await browser.close();
  await server.close();
}

/** Runs in the page: from nothing, with an empty cache, to the first smaller file of a small photo. */
async function start(file) {
  const from = performance.now();
  const { createPreprocessor } = await load("/dist/index.js");
  const preprocessor = await createPreprocessor();
  const ready = performance.now() - from;
  await preprocessor.compress(await (await fetch(`data:image/webp;base64,${file}`)).blob());
  const wall = performance.now() - from;
  preprocessor.close();
  return { readyMilliseconds: Math.round(ready), firstResultMilliseconds: Math.round(wall) };
}

/** Runs in the page: defines `variants`, returns their names and how long opening took. */
async function prepare(file) {
  const bitmap = await createImageBitmap(await (await fetch(`data:image/webp;base64,${file}`)).blob());
  const canvas = new OffscreenCanvas(1224, 816);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = context.createPattern(bitmap, "repeat");
  context.fillRect(0, 0, canvas.width, canvas.height);
  const image = context.getImageData(0, 0, canvas.width, canvas.height);

  globalThis.variants = [];
  const add = async (name, open) => {
    const start = performance.now();
    const run = await open();
    const openMilliseconds = performance.now() - start;
    const measure = async (pictures) => {
      const from = performance.now();
      let sizeBytes;
      for (let i = 0; i < pictures; i++) sizeBytes = await run();
      return { milliseconds: performance.now() - from, sizeBytes };
    };
    variants.push({ name, openMilliseconds, measure });
  };
  const { createPreprocessor } = await load("/dist/index.js");
  for (const threads of [1, 2]) {
    await add(`compress, ${threads} thread${threads > 1 ? "s" : ""}`, async () => {
      const preprocessor = await createPreprocessor({ threads });
      return async () => (await preprocessor.compress(image, { quality: 75 })).blob.size;
    });
  }
  await add("preprocess + toBlob, 1 thread", async () => {
    const preprocessor = await createPreprocessor({ threads: 1 });
    const target = new OffscreenCanvas(image.width, image.height);
    return async () => {
      target.getContext("2d").putImageData(await preprocessor.preprocess(image, { quality: 75 }), 0, 0);
      return (await target.convertToBlob({ type: "image/jpeg", quality: 0.75 })).size;
    };
  });
  await add("MozJPEG wasm, defaults", async () => {
    const worker = new Worker("/bench/mozjpeg_worker.js", { type: "module" });
    const ask = (message) =>
      new Promise((resolve, reject) => {
        worker.onmessage = (event) => resolve(event.data);
        worker.onerror = (event) => reject(new Error(event.message));
        worker.postMessage(message);
      });
    await ask({ image: new ImageData(16, 16), options: {} });
    return async () => (await ask({ image, options: { quality: 75 } })).byteLength;
  });
  await add("plain toBlob", async () => async () => (await canvas.convertToBlob({ type: "image/jpeg", quality: 0.75 })).size);
  return variants.map(({ name, openMilliseconds }) => ({ name, openMilliseconds }));
}
