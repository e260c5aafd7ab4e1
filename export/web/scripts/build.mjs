// Builds dist/: index.js, worker.js, models/, types, and the licenses of what worker.js brings along.
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

import { modelsModule, shippedModels } from "./models.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const models = shippedModels();
rmSync(dist, { recursive: true, force: true });

const shared = { absWorkingDir: root, bundle: true, target: "es2022", minify: true, legalComments: "none", outdir: "dist" };
await build({
  ...shared,
  entryPoints: { index: "src/index.ts" },
  format: "esm",
  plugins: [
    {
      name: "models",
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /^jpegpre:models$/ }, () => ({ path: "models", namespace: "jpegpre" }));
        onLoad({ filter: /.*/, namespace: "jpegpre" }, () => ({ contents: modelsModule(models), loader: "js" }));
      },
    },
  ],
});
// A classic script: it can be started from another origin, and nobody has to bundle it.
await build({ ...shared, entryPoints: { worker: "src/worker/main.ts" }, format: "iife", loader: { ".wasm": "binary" } });

for (const { content, path } of models) {
  mkdirSync(dirname(join(dist, path)), { recursive: true });
  writeFileSync(join(dist, path), content);
}

// Beside package.json, where npm packs them from.
copyFileSync(join(root, "../../LICENSE"), join(root, "LICENSE"));
const NOTICED = ["pica", "glur", "multimath"];
const notices = NOTICED.map((name) => {
  const folder = join(root, "node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((candidate) => /^licen[cs]e/i.test(candidate));
  return `${name} ${version}, ${license}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
});
const heading = "dist/worker.js contains parts of these programs:\n\n";
writeFileSync(join(root, "THIRD-PARTY-NOTICES.txt"), heading + notices.join(`\n${"-".repeat(78)}\n\n`));
