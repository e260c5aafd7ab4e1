// Encodes pictures in headless Chromium three ways, for bench/equal_score.py: with toBlob, with this package, with
// MozJPEG in WebAssembly. Usage: node bench/equal_score_page.mjs OUTPUT PICTURE...; writes OUTPUT/<encoder>/<picture>-<quality>.jpg.
// MozJPEG's files are not made again where they are there.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

import { launch } from "../tests/browser/browser.mjs";
import { serve } from "../tests/browser/server.mjs";

const QUALITIES = [20, 35, 50, 65, 75, 85, 92];
const root = fileURLToPath(new URL("..", import.meta.url));
const [output, ...pictures] = process.argv.slice(2);

const server = await serve({ "/dist/": `${root}dist/`, "/jsquash/": `${root}node_modules/@jsquash/jpeg/` });
const browser = await launch();
const page = await browser.context.newPage();
await page.goto(`${server.url}/blank.html`);
for (const picture of pictures) {
  const path = (encoder, quality) => join(output, encoder, `${basename(picture).replace(/\.[^.]*$/, "")}-${quality}.jpg`);
  const hasOther = QUALITIES.every((quality) => existsSync(path("mozjpeg", quality)));
  const files = await page.evaluate(encode, { file: readFileSync(picture).toString("base64"), qualities: QUALITIES, hasOther });
  for (const { encoder, quality, jpeg } of files) {
    mkdirSync(join(output, encoder), { recursive: true });
    writeFileSync(path(encoder, quality), Buffer.from(jpeg, "base64"));
  }
}
await browser.close();
await server.close();

/** Runs in the page. */
async function encode({ file, qualities, hasOther }) {
  const blob = new Blob([Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0))]);
  globalThis.preprocessor ??= await (await load("/dist/index.js")).createPreprocessor();
  const { default: mozjpeg } = await load("/jsquash/encode.js");
  const bitmap = await createImageBitmap(blob);
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const image = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const base64 = (data) =>
    new Promise((resolve) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result.split(",")[1]);
      reader.readAsDataURL(new Blob([data]));
    });
  const files = [];
  for (const quality of qualities) {
    // As ImageData: a smaller input file would be handed back as it is.
    const { blob: ours, plain } = await preprocessor.compress(image, { quality, plain: true });
    files.push({ encoder: "plain", quality, jpeg: await base64(plain) });
    files.push({ encoder: "ours", quality, jpeg: await base64(ours) });
    if (!hasOther) files.push({ encoder: "mozjpeg", quality, jpeg: await base64(await mozjpeg(image, { quality })) });
  }
  return files;
}
