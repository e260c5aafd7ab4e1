// Writes the page's service worker, which knows every file of the page: it then opens without a network.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** @param {string} folder The built page. */
export function writeServiceWorker(folder) {
  const names = readdirSync(folder, { recursive: true })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => statSync(join(folder, name)).isFile() && name !== "sw.js")
    .filter((name) => !name.endsWith(".bin") || name.includes("balanced")) // the other profiles when they are chosen
    .sort();
  const hash = createHash("sha256");
  for (const name of names) hash.update(name).update(readFileSync(join(folder, name)));
  const template = readFileSync(fileURLToPath(new URL("./sw.js", import.meta.url)), "utf8");
  const script = template
    .replace("__VERSION__", hash.digest("hex").slice(0, 16))
    .replace("[/* __FILES__ */]", JSON.stringify(names));
  writeFileSync(join(folder, "sw.js"), script);
}
