// Which models the build takes: those of savedmodels/ (or $JPEGPRE_MODELS) that have an ONNX form.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = process.env.JPEGPRE_MODELS ?? fileURLToPath(new URL("../../../savedmodels", import.meta.url));

// By preference: what runs fastest in WebAssembly first (measured, README.md, Speed).
const PRECISIONS = ["int8", "fp32"];

/** Returns [{ description, copies: [{ from, to }] }]; `description` is src/protocol.ts's ModelDescription. */
export function shippedModels() {
  const models = [];
  for (const name of readdirSync(ROOT).sort()) {
    const file = join(ROOT, name, "model.json");
    if (!existsSync(file)) continue;
    const card = JSON.parse(readFileSync(file, "utf8"));
    const files = {};
    const copies = [];
    for (const precision of PRECISIONS) {
      const listed = Object.entries(card.files).find(
        ([, entry]) => entry.format === "onnx" && entry.precision === precision,
      );
      if (!listed) continue;
      const [path, { sha256 }] = listed;
      const from = join(ROOT, name, path);
      const content = readFileSync(from);
      if (createHash("sha256").update(content).digest("hex") !== sha256) {
        throw new Error(`${from} is not the file that its model.json describes`);
      }
      const to = `models/${card.name}/${precision}.onnx`;
      files[precision] = { path: to, sha256, sizeBytes: content.length };
      copies.push({ from, to });
    }
    // Other kinds of networks are shipped there too: only preprocessors are cut into tiles.
    if (copies.length === 0 || !card.tile) continue;
    const { alignment, overlap } = card.tile;
    models.push({
      description: {
        name: card.name,
        version: card.version,
        qualityRange: card.quality_range,
        tile: { alignment, overlap },
        files,
      },
      copies,
    });
  }
  if (models.length === 0) {
    throw new Error(`no model in ${ROOT} has an ONNX form: export one with "jpegpre export" first`);
  }
  return models;
}
