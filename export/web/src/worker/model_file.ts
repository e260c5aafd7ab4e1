/** A profile's file in models/: its tables and its network in one, so that there is one request. scripts/models.mjs writes it. */
import type { TablesFile } from "../jpeg/tuned_tables.js";
import { JpegpreError } from "../errors.js";

export interface Model {
  tables: TablesFile;
  /** An int8 ONNX file of the signature "decide". */
  network: Uint8Array<ArrayBuffer>;
}

/** @throws JpegpreError "model" if it is something else. */
export function readModel(content: Uint8Array<ArrayBuffer>): Model {
  const length = content.length >= 4 ? new DataView(content.buffer, content.byteOffset).getUint32(0, true) : Infinity;
  if (4 + length > content.length) throw new JpegpreError("model", "the model is cut off");
  const { tables } = JSON.parse(new TextDecoder().decode(content.subarray(4, 4 + length))) as { tables: TablesFile };
  if (tables.format !== 1) throw new JpegpreError("model", `the model's tables are of format ${tables.format}, not 1`);
  return { tables, network: content.subarray(4 + length) };
}
