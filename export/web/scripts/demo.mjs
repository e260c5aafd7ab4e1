// Builds demo-dist/: the page, the package in jpegpre/ as it is shipped, sample photos. Needs dist/.
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = join(root, "demo-dist");
if (!existsSync(join(root, "dist/models.json"))) throw new Error("build the package first: npm run build:library");

await build({
  configFile: false,
  root: join(root, "demo"),
  base: "./",
  logLevel: "warn",
  build: { outDir: target, emptyOutDir: true, target: "es2022", modulePreload: { polyfill: false } },
  worker: { format: "es" },
});
cpSync(join(root, "dist"), join(target, "jpegpre"), { recursive: true, filter: (path) => !path.endsWith(".d.ts") });
mkdirSync(join(target, "samples"));
for (const name of ["city", "girl"]) {
  cpSync(join(root, `../../tests/pictures/gb82_${name}.webp`), join(target, `samples/${name}.webp`));
}
