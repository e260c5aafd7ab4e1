// An app as a user of the package would write it, put together anew in a temporary folder for each bundler.
import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const photo = fileURLToPath(new URL("../../../../tests/pictures/gb82_girl.webp", import.meta.url));

/** The page's script: `run(options)` compresses a photo and returns what came out, or the error. */
export const SOURCE = `
import { createPreprocessor } from "jpegpre";

export async function run(options) {
  try {
    const preprocessor = await createPreprocessor(options);
    const photo = new File([await (await fetch("/photo.webp")).blob()], "photo.webp");
    const { blob, kept } = await preprocessor.compress(photo, { quality: 75 });
    const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
    preprocessor.close();
    return [kept, blob.name, blob.size, Array.from(new Uint8Array(digest.slice(0, 8))).join(" ")].join();
  } catch (error) {
    return error.code + ": " + error.message;
  }
}
globalThis.run = run;
`;

/** The same from inside a worker of the app's own; \`WORKER\` is how the bundler wants it to be written. */
export const IN_WORKER = `
import { run } from "./app.js";
addEventListener("message", async ({ data }) => postMessage(await run(data)));
`;
export const USES_WORKER = `
import "./app.js";
globalThis.runInWorker = (options) => new Promise((resolve) => {
  const worker = new Worker(new URL("./in_worker.js", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => resolve("the app's worker failed: " + event.message);
  worker.postMessage(options);
});
`;

/** Packs the package as npm would; returns the tarball's path. Needs dist/. */
export function pack() {
  const folder = mkdtempSync(join(tmpdir(), "jpegpre-pack-"));
  const output = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], { cwd: root, encoding: "utf8" });
  const [{ filename, size }] = Object.values(JSON.parse(output));
  return { tarball: join(folder, filename), sizeBytes: size };
}

/** Makes the app's folder, with the package unpacked in its node_modules. */
export function makeApp(tarball, html = "app") {
  const folder = mkdtempSync(join(tmpdir(), "jpegpre-app-"));
  const installed = join(folder, "node_modules/jpegpre");
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["xzf", tarball, "-C", installed, "--strip-components=1"]);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }));
  writeFileSync(join(folder, "app.js"), SOURCE);
  writeFileSync(join(folder, "in_worker.js"), IN_WORKER);
  writeFileSync(join(folder, "main.js"), USES_WORKER);
  writeFileSync(join(folder, "index.html"), page(`/${html}.js`));
  for (const target of [folder, join(folder, "public")]) {
    mkdirSync(target, { recursive: true });
    copyFileSync(photo, join(target, "photo.webp"));
  }
  return folder;
}

export function page(script) {
  return `<!doctype html><link rel="icon" href="data:,"><body><script type="module" src="${script}"></script>`;
}

export { cpSync };
