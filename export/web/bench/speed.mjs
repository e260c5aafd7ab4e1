// Speed in headless Chromium, interleaved: editing plus the browser's encoder, against MozJPEG in WebAssembly.
// Usage: node bench/speed.mjs [PICTURE] [ROUNDS]; prints JSON. Needs a built dist/.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { launch } from "../tests/browser/browser.mjs";
import { serve } from "../tests/browser/server.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const [picture = `${root}/../../tests/pictures/gb82_city.webp`, rounds = "7"] = process.argv.slice(2);

const server = await serve({ "/dist/": `${root}dist/`, "/jsquash/": `${root}node_modules/@jsquash/jpeg/`, "/bench/": `${root}bench/` });
const browser = await launch();
try {
  const page = await browser.context.newPage();
  await page.goto(`${server.url}/blank.html`);
  const file = readFileSync(picture).toString("base64");
  const result = await page.evaluate(measure, { file, rounds: Number(rounds) });
  console.log(JSON.stringify(result, null, 1));
} finally {
  await browser.close();
  await server.close();
}

/** Runs in the page. */
async function measure({ file, rounds }) {
  const blob = await (await fetch(`data:image/webp;base64,${file}`)).blob();
  // About 2 MP whatever the picture: repeated, so that fixed costs weigh as they do for photos.
  const bitmap = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(1632, 1224);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = context.createPattern(bitmap, "repeat");
  context.fillRect(0, 0, canvas.width, canvas.height);
  const image = context.getImageData(0, 0, canvas.width, canvas.height);
  const megapixels = (canvas.width * canvas.height) / 1e6;

  const { createPreprocessor } = await load("/dist/index.js");
  const variants = {};
  for (const threads of [1, 2]) {
    const start = performance.now();
    const preprocessor = await createPreprocessor({ backend: "wasm", threads });
    const opened = performance.now() - start;
    variants[`edit + toBlob, ${threads} thread${threads > 1 ? "s" : ""}`] = {
      opened,
      run: async () => (await preprocessor.compress(image, { quality: 75 })).blob.size,
    };
  }
  const mozjpeg = new Worker("/bench/mozjpeg_worker.js", { type: "module" });
  const ask = (message) =>
    new Promise((resolve, reject) => {
      mozjpeg.onmessage = (event) => resolve(event.data);
      mozjpeg.onerror = (event) => reject(new Error(event.message));
      mozjpeg.postMessage(message);
    });
  const start = performance.now();
  await ask({ image: new ImageData(16, 16), options: {} });
  variants["MozJPEG wasm, defaults"] = {
    opened: performance.now() - start,
    run: () => ask({ image, options: { quality: 75, auto_subsample: false } }),
  };
  variants["plain toBlob"] = {
    run: async () => (await canvas.convertToBlob({ type: "image/jpeg", quality: 0.75 })).size,
  };

  const times = Object.fromEntries(Object.keys(variants).map((name) => [name, []]));
  const sizes = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, { run }] of Object.entries(variants)) {
      const from = performance.now();
      sizes[name] = await run();
      times[name].push((performance.now() - from) / megapixels);
    }
  }
  const round = (value) => Math.round(value * 10) / 10;
  return Object.fromEntries(
    Object.entries(times).map(([name, all]) => {
      const sorted = all.slice(1).sort((a, b) => a - b); // the first run warms up
      return [
        name,
        {
          bestMillisecondsPerMegapixel: round(sorted[0]),
          medianMillisecondsPerMegapixel: round(sorted[sorted.length >> 1]),
          openMilliseconds: variants[name].opened && round(variants[name].opened),
          sizeBytes: sizes[name],
        },
      ];
    }),
  );
}
