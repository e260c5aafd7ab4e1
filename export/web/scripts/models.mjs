// Which models the build takes: those of savedmodels (or $JPEGPRE_MODELS) that have tables and an int8 ONNX form of "decide".
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = process.env.JPEGPRE_MODELS ?? fileURLToPath(new URL("../../../savedmodels", import.meta.url));
// What src/jpeg/tuned_tables.ts needs of tables.json.
const TABLE_FIELDS = ["format", "node_qualities", "log_factors", "calibration"];

/** Returns [{ description, content, path }]: src/protocol.ts's ModelDescription, the file's bytes, and its place in dist/. */
export function shippedModels() {
  const models = [];
  for (const name of readdirSync(ROOT).sort()) {
    const folder = join(ROOT, name);
    if (!existsSync(join(folder, "model.json"))) continue;
    const card = JSON.parse(readFileSync(join(folder, "model.json"), "utf8"));
    // Other kinds of networks are kept there too: only preprocessors have both.
    const files = Object.entries(card.files);
    const network = files.find(([path, { precision }]) => precision === "int8" && path.endsWith("_decide.onnx"))?.[0];
    const tables = files.find(([, { format }]) => format === "tables")?.[0];
    if (!network || !tables) continue;
    const content = joined(tablesOf(checked(folder, tables, card)), checked(folder, network, card));
    const description = {
      name: card.name,
      version: card.version,
      qualityRange: card.quality_range,
      sha256: sha256(content),
      sizeBytes: content.length,
    };
    models.push({ description, content, path: `models/${card.name}.bin` });
  }
  if (models.length === 0) {
    throw new Error(`no model in ${ROOT} has tables and an int8 ONNX form: export one with "jpegpre export" first`);
  }
  return models;
}

/** The form that src/worker/model_file.ts reads: the length of JSON, JSON, the network. */
function joined(tables, network) {
  const json = Buffer.from(JSON.stringify({ tables }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json, network]);
}

function tablesOf(content) {
  const tables = JSON.parse(content.toString("utf8"));
  const fields = TABLE_FIELDS.filter((name) => tables[name] !== undefined).map((name) => [name, tables[name]]);
  const { calibration, ...result } = Object.fromEntries(fields);
  return calibration ? { ...result, calibration: { quality: calibration.quality, at: calibration.at } } : result;
}

function checked(folder, path, card) {
  const content = readFileSync(join(folder, path));
  if (sha256(content) !== card.files[path].sha256) {
    throw new Error(`${join(folder, path)} is not the file that its model.json describes`);
  }
  return content;
}

function sha256(content) {
  return createHash("sha256").update(content).digest("hex");
}

/** The module "jpegpre:models": each address is written out, in the form that bundlers know. */
export function modelsModule(models) {
  const entries = models.map(({ description, path }) => {
    const fields = JSON.stringify({ ...description, path });
    return `{ ...${fields}, locate: () => new URL("./${path}", import.meta.url) }`;
  });
  return `export const models = [${entries.join(",\n")}];`;
}
