// Builds dist/: index.js, worker.js and its chunks, ONNX Runtime's WebAssembly in ort/, models in models/.
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

import { shippedModels } from "./models.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const RUNTIME_FILES = ["ort-wasm-simd-threaded", "ort-wasm-simd-threaded.asyncify"].flatMap((name) => [
  `${name}.mjs`,
  `${name}.wasm`,
]);

const models = shippedModels();
rmSync(dist, { recursive: true, force: true });

await build({
  absWorkingDir: root,
  entryPoints: { index: "src/index.ts", worker: "src/worker/worker.ts", tile_worker: "src/worker/tile_worker.ts" },
  outdir: "dist",
  bundle: true,
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  loader: { ".wasm": "binary" },
  // ONNX Runtime without its .mjs inlined: its threads then load that file, not our worker.
  conditions: ["onnxruntime-web-use-extern-wasm"],
});

const copy = (from, to) => {
  mkdirSync(dirname(join(dist, to)), { recursive: true });
  copyFileSync(from, join(dist, to));
};
for (const name of RUNTIME_FILES) copy(join(root, "node_modules/onnxruntime-web/dist", name), `ort/${name}`);

for (const { copies } of models) for (const { from, to } of copies) copy(from, to);
writeFileSync(join(dist, "models.json"), JSON.stringify({ models: models.map((model) => model.description) }));
