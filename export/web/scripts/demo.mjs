// Builds demo-dist/: the page, with the package bundled as any app would do it, and sample photos. Needs dist/.
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

import { withSourceLink } from "./source_link.mjs";
import { writeServiceWorker } from "./service_worker.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = join(root, "demo-dist");
if (!existsSync(join(root, "dist/worker.js"))) throw new Error("build the package first: npm run build:library");

await build({
  configFile: false,
  root: join(root, "demo"),
  base: "./",
  logLevel: "warn",
  resolve: { alias: { jpegpre: join(root, "dist/index.js") } },
  build: { outDir: target, emptyOutDir: true, target: "es2022", modulePreload: { polyfill: false } },
  worker: { format: "es" },
  plugins: [{ name: "source link", transformIndexHtml: (html) => withSourceLink(html, process.env.JPEGPRE_REPOSITORY) }],
});
mkdirSync(join(target, "samples"), { recursive: true });
for (const name of ["city", "girl"]) {
  cpSync(join(root, `../../tests/pictures/gb82_${name}.webp`), join(target, `samples/${name}.webp`));
}
for (const [from, to] of [["LICENSE", "LICENSE.txt"], ["THIRD-PARTY-NOTICES.txt", "NOTICES.txt"], ["README.md", "PACKAGE.txt"]]) {
  cpSync(join(root, from), join(target, to));
}
writeServiceWorker(target);
