// One photo in Firefox or WebKitGTK and in Chromium: the same quantized coefficients in the same tables. Then the page there, with a photo
// dropped on it; and in Firefox its protection against fingerprinting, which has to be found out.
// Usage: npm run test:firefox, npm run test:webkit (after a build); a photo may follow.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

import { launch } from "../browser/browser.mjs";
import { serve } from "../browser/server.mjs";
import { launchFirefox } from "./marionette.mjs";
import { launchWebKit } from "./webkit.mjs";

const BROWSERS = { firefox: launchFirefox, webkit: launchWebKit };
const QUALITIES = [30, 60, 75, 90];
const root = fileURLToPath(new URL("../..", import.meta.url));
const [name, picture = join(root, "../../tests/pictures/gb82_city.webp")] = process.argv.slice(2);
if (!(name in BROWSERS)) throw new Error(`name a browser: ${Object.keys(BROWSERS).join(" or ")}`);

/** In the page. Gives the files of all qualities, or the error. */
async function compressAll(address, qualities) {
  try {
    const { createPreprocessor } = await import("/dist/index.js");
    const preprocessor = await createPreprocessor({ threads: 2 });
    const photo = await (await fetch(address)).blob();
    const results = [];
    for (const quality of qualities) {
      const { blob, bytes, kept, path, editReason } = await preprocessor.compress(photo, { quality, plain: true });
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

/** In the page's page: drops the photo on it, waits for the result and the comparison, and gives what is shown. */
async function dropPhoto(address) {
  const errors = [];
  addEventListener("error", ({ message }) => errors.push(message));
  const until = async (what, find) => {
    for (const start = performance.now(); !find(); ) {
      if (performance.now() - start > 240_000) throw new Error(`the page has no ${what}: ${document.body.innerText}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  try {
    const file = new File([await (await fetch(address)).blob()], "dropped.webp", { type: "image/webp" });
    const transfer = new DataTransfer();
    transfer.items.add(file);
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    await until("result", () => document.querySelector("#photos td.saved"));
    await until("comparison", () => /of this look needs/.test(document.getElementById("verdict-look").textContent));
    await until("picture", () => document.getElementById("after").naturalWidth > 0);
    const cells = [...document.querySelectorAll("#photos td")].map((cell) => cell.innerText.replace(/\s+/g, " ").trim());
    return { cells: cells.slice(0, 4), verdict: document.querySelector(".verdict p").innerText, width: document.getElementById("after").naturalWidth, errors };
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}

const server = await serve({ "/dist/": join(root, "dist/"), "/demo/": join(root, "demo-dist/"), "/pictures/": `${dirname(picture)}/` });
const address = `/pictures/${basename(picture)}`;
const bundled = await build({ entryPoints: [join(root, "src/jpeg/read_coefficients.ts")], bundle: true, format: "esm", write: false });
const { readCoefficients } = await import(`data:text/javascript;base64,${Buffer.from(bundled.outputFiles[0].text).toString("base64")}`);

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

function compareFiles(theirs, ours, title) {
  assert.ok(Array.isArray(theirs), `${title}: ${theirs}`);
  assert.ok(Array.isArray(ours), `Chromium: ${ours}`);
  let compared = 0;
  for (const [i, { quality, base64, plain, kept, path, editReason }] of theirs.entries()) {
    const jpeg = Buffer.from(base64, "base64");
    console.log(`${title}, quality ${quality}: ${plain} -> ${jpeg.length} bytes, ${kept}, ${path}${editReason ? ` (${editReason})` : ""}`);
    const chromium = Buffer.from(ours[i].base64, "base64");
    console.log(`Chromium, quality ${quality}: ${ours[i].plain} -> ${chromium.length} bytes, ${ours[i].kept}, ${ours[i].path}`);
    if (process.env.OUTPUT) writeFileSync(join(process.env.OUTPUT, `${name}-${quality}.jpg`), jpeg);
    assert.equal(kept, "edited");
    if (path !== "carrier" || ours[i].path !== "carrier") continue;
    const [a, b] = [readCoefficients(jpeg), readCoefficients(chromium)];
    if (a && b) assert.deepEqual(a, b);
    assert.ok(Math.abs(jpeg.length - chromium.length) < 100, "sizes differ by more than headers");
    compared++;
  }
  assert.ok(compared > 0, "no file was made by a carrier");
}

function checkPage(shown, title) {
  assert.equal(typeof shown, "object", `${title}, page: ${shown}`);
  console.log(`${title}, page: ${shown.cells.join(" | ")} | ${shown.verdict}`);
  assert.match(shown.cells[0], /^dropped\.webp \d+ × \d+, quality 75/);
  assert.match(shown.cells[2], /^−\d+ %$/);
  assert.deepEqual(shown.errors, []);
  assert.ok(shown.width > 0);
}

try {
  const browser = await BROWSERS[name]();
  const title = `${name} ${browser.version}`;
  let theirs;
  try {
    await browser.open(`${server.url}/blank.html`);
    theirs = await browser.run(compressAll, [address, QUALITIES]);
    await browser.open(`${server.url}/demo/`);
    checkPage(await browser.run(dropPhoto, [address]), title);
  } finally {
    await browser.close();
  }
  compareFiles(theirs, await inChromium(), title);
  if (name === "firefox") {
    const protectedBrowser = await launchFirefox({ "privacy.resistFingerprinting": true });
    try {
      await protectedBrowser.open(`${server.url}/blank.html`);
      const refused = await protectedBrowser.run(compressAll, [address, QUALITIES]);
      console.log(`${title} with privacy.resistFingerprinting: ${Array.isArray(refused) ? "compressed" : refused}`);
      assert.match(String(refused), /^canvas-blocked: /);
    } finally {
      await protectedBrowser.close();
    }
  }
} finally {
  await server.close();
}
