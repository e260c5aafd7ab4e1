// Which models the build takes: those of export/models (or $JPEGPRE_MODELS) that have an int8 ONNX form.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = process.env.JPEGPRE_MODELS ?? fileURLToPath(new URL("../../models", import.meta.url));

/** Returns [{ description, from, path }]: src/protocol.ts's ModelDescription, the file, and its place in dist/. */
export function shippedModels() {
  const models = [];
  for (const name of readdirSync(ROOT).sort()) {
    const file = join(ROOT, name, "model.json");
    if (!existsSync(file)) continue;
    const card = JSON.parse(readFileSync(file, "utf8"));
    const listed = Object.entries(card.files).find(([, { format, precision }]) => format === "onnx" && precision === "int8");
    // Other kinds of networks are shipped there too: only preprocessors are cut into tiles.
    if (!listed || !card.tile) continue;
    const [path, { sha256 }] = listed;
    const from = join(ROOT, name, path);
    const content = readFileSync(from);
    if (createHash("sha256").update(content).digest("hex") !== sha256) {
      throw new Error(`${from} is not the file that its model.json describes`);
    }
    const { alignment, overlap } = card.tile;
    const description = {
      name: card.name,
      version: card.version,
      qualityRange: card.quality_range,
      tile: { alignment, overlap },
      sha256,
      sizeBytes: content.length,
    };
    models.push({ description, from, path: `models/${card.name}.onnx` });
  }
  if (models.length === 0) {
    throw new Error(`no model in ${ROOT} has an int8 ONNX form: export one with "jpegpre export" first`);
  }
  return models;
}

/** The module "jpegpre:models": each address is written out, in the form that bundlers know. */
export function modelsModule(models) {
  const entries = models.map(({ description, path }) => {
    const fields = JSON.stringify({ ...description, path });
    return `{ ...${fields}, locate: () => new URL("./${path}", import.meta.url) }`;
  });
  return `export const models = [${entries.join(",\n")}];`;
}
