// One photo in Firefox and in Chromium: the same quantized coefficients in the same tables, and its optimized Huffman tables.
// Then with Firefox' protection against fingerprinting, which has to be found out. Usage: npm run test:firefox (after a build)
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

import { launch } from "../browser/browser.mjs";
import { serve } from "../browser/server.mjs";
import { launchFirefox } from "./marionette.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const picture = process.argv[2] ?? join(root, "../../tests/pictures/gb82_city.webp");
const QUALITIES = [30, 60, 75, 90];

/** In the page. Gives the files of all qualities, or the error. */
async function compressAll(address, qualities) {
  try {
    const { createPreprocessor } = await import("/dist/index.js");
    const preprocessor = await createPreprocessor({ threads: 2 });
    const photo = await (await fetch(address)).blob();
    const results = [];
    for (const quality of qualities) {
      const { blob, bytes, kept, path, editReason } = await preprocessor.compress(photo, { quality });
      const content = new Uint8Array(await blob.arrayBuffer());
      const base64 = btoa(Array.from(content, (byte) => String.fromCharCode(byte)).join(""));
      const { width } = await createImageBitmap(blob);
      results.push({ quality, base64, plain: bytes.plain, kept, path, editReason, width });
    }
    return results;
  } catch (error) {
    return `${error.code ?? error.name}: ${error.message}`;
  }
}

const server = await serve({ "/dist/": join(root, "dist/"), "/pictures/": `${dirname(picture)}/` });
const address = `/pictures/${basename(picture)}`;
const bundled = await build({ entryPoints: [join(root, "src/jpeg/read_coefficients.ts")], bundle: true, format: "esm", write: false });
const { readCoefficients } = await import(`data:text/javascript;base64,${Buffer.from(bundled.outputFiles[0].text).toString("base64")}`);

async function inFirefox(preferences) {
  const firefox = await launchFirefox(preferences);
  try {
    await firefox.ask("WebDriver:Navigate", { url: `${server.url}/blank.html` });
    const script = `const [address, qualities, done] = arguments; (${compressAll})(address, qualities).then(done);`;
    return [await firefox.ask("WebDriver:ExecuteAsyncScript", { script, args: [address, QUALITIES], sandbox: null }), firefox.version];
  } finally {
    await firefox.close();
  }
}

async function inChromium() {
  const browser = await launch();
  try {
    const page = await browser.context.newPage();
    await page.goto(`${server.url}/blank.html`);
    return await page.evaluate(`(${compressAll})(...${JSON.stringify([address, QUALITIES])})`);
  } finally {
    await browser.close();
  }
}

try {
  const [theirs, version] = await inFirefox({});
  const ours = await inChromium();
  assert.ok(Array.isArray(theirs), `Firefox: ${theirs}`);
  assert.ok(Array.isArray(ours), `Chromium: ${ours}`);
  for (const [i, { quality, base64, plain, kept, path, editReason }] of theirs.entries()) {
    const jpeg = Buffer.from(base64, "base64");
    console.log(`Firefox ${version}, quality ${quality}: ${plain} -> ${jpeg.length} bytes, ${kept}, ${path}${editReason ? ` (${editReason})` : ""}`);
    const chromium = Buffer.from(ours[i].base64, "base64");
    console.log(`Chromium, quality ${quality}: ${ours[i].plain} -> ${chromium.length} bytes, ${ours[i].kept}, ${ours[i].path}`);
    if (process.env.OUTPUT) writeFileSync(join(process.env.OUTPUT, `firefox-${quality}.jpg`), jpeg);
    assert.equal(kept, "edited");
    if (path !== "carrier" || ours[i].path !== "carrier") continue;
    const [a, b] = [readCoefficients(jpeg), readCoefficients(chromium)];
    if (a && b) assert.deepEqual(a, b);
    assert.ok(Math.abs(jpeg.length - chromium.length) < 100, "sizes differ by more than headers");
  }
  assert.ok(theirs.some(({ path }) => path === "carrier"));
  const [refused] = await inFirefox({ "privacy.resistFingerprinting": true });
  console.log(`Firefox ${version} with privacy.resistFingerprinting: ${Array.isArray(refused) ? "compressed" : refused}`);
  assert.match(String(refused), /^canvas-blocked: /);
} finally {
  await server.close();
}
