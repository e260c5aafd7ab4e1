/** The header of an encoded carrier, made to say what its coefficients mean; the same as jpegpre_tf/jpeg/carriers/finish.py. */
import { describe } from "../checks.js";
import { readFrame, ZIGZAG, type Frame } from "./frame.js";
import { withoutPadding, type Blocks } from "./luma_scans.js";
import type { Tables } from "./tables.js";

const BLOCK = 8;
const MCU = 16;
const KINDS = ["luma", "chroma"] as const;

/**
 * Returns an encoded carrier with the tables and the size that the file shall have. Only entries of quantization tables and the two
 * numbers of the frame header change: entropy-coded bytes and metadata stay as the encoder wrote them. Except in progressive files of an
 * odd number of blocks each way, whose scans of luma are written anew without the blocks that the picture has not.
 *
 * @param jpeg The carrier as an encoder wrote it: baseline or progressive, 4:2:0 or one component.
 * @param encoder Tables that the carrier was made for.
 * @param target Tables that the file shall have.
 * @param width True size in pixels; the carrier is larger by less than an MCU.
 * @throws RangeError in one line, if `jpeg` is not that file.
 */
export function finish(
  jpeg: Uint8Array,
  encoder: Tables,
  target: Tables,
  width: number,
  height: number,
): Uint8Array<ArrayBuffer> {
  checkTables("encoder", encoder);
  checkTables("target", target);
  const frame = readFrame(jpeg);
  const isPadded = checkSize(frame, width, height);
  const result = new Uint8Array(jpeg);
  for (const [number, kinds] of tablesInUse(frame)) {
    const table = frame.tables.get(number);
    if (!table) throw new RangeError(`the JPEG file has no quantization table ${number}`);
    if (table.entryBytes !== 1) throw new RangeError("the JPEG file must have 8-bit quantization tables. Received: 16-bit ones");
    for (const kind of kinds) {
      if (!isEqual(table.values, encoder[kind])) {
        const [received, expected] = [table.values, encoder[kind]].map((values) => values.slice(0, 3).join(", "));
        throw new RangeError(
          `the JPEG file must have the ${kind} table that its carrier was made for. Received: another, which begins ${received}, not ${expected}`,
        );
      }
      if (!isEqual(target[kind], target[kinds[0]!])) {
        throw new RangeError("the target tables must be one table twice, because luma and chroma share a table in the JPEG file");
      }
    }
    const entries = target[kinds[0]!];
    ZIGZAG.forEach((natural, i) => (result[table.start + i] = entries[natural]!));
  }
  result.set([height >> 8, height & 255, width >> 8, width & 255], frame.start + 1);
  if (!isPadded) return result;
  const blocks = (wide: number, high: number): Blocks => ({ columns: Math.ceil(wide / BLOCK), rows: Math.ceil(high / BLOCK) });
  return withoutPadding(result, frame.components[0]!.id, blocks(frame.width, frame.height), blocks(width, height));
}

/** @throws RangeError if they are no tables of 8 bits. */
export function checkTables(name: string, tables: Tables): void {
  for (const kind of KINDS) {
    const fault = faultOf(tables[kind]);
    if (fault) throw new RangeError(`\`${name}.${kind}\` must be 64 whole numbers from 1 to 255. Received: ${fault}`);
  }
}

function faultOf(table: unknown): string | undefined {
  if (!Array.isArray(table) && !ArrayBuffer.isView(table)) return describe(table);
  const entries = Array.from(table as ArrayLike<unknown>);
  if (entries.length !== 64) return `${entries.length} values`;
  const wrong = entries.findIndex((entry) => !Number.isInteger(entry) || Number(entry) < 1 || Number(entry) > 255);
  return wrong < 0 ? undefined : `${describe(entries[wrong])} at position ${wrong}`;
}

function tablesInUse({ components }: Frame): Map<number, (typeof KINDS)[number][]> {
  const found = new Map<number, (typeof KINDS)[number][]>();
  components.forEach(({ table }, i) => {
    const kind = KINDS[Math.min(i, 1)]!;
    const known = found.get(table) ?? [];
    if (!known.includes(kind)) found.set(table, [...known, kind]);
  });
  return found;
}

/** @returns Whether scans of luma alone have blocks that the picture has not. */
function checkSize(frame: Frame, width: number, height: number): boolean {
  const { components, scans } = frame;
  const isGray = components.length === 1;
  const factors = components.map(({ horizontal, vertical }) => `${horizontal}x${vertical}`).join(",");
  if (!isGray && factors !== "2x2,1x1,1x1") throw new RangeError(`the JPEG file must be 4:2:0. Received: sampling factors ${factors}`);
  const up = (side: number, unit: number): number => Math.ceil(side / unit) * unit;
  const unit = isGray ? BLOCK : MCU;
  if (frame.width !== up(width, unit) || frame.height !== up(height, unit)) {
    throw new RangeError(
      `the JPEG file must be ${up(width, unit)} pixels wide and ${up(height, unit)} high, as the carrier of ${width}x${height} is. ` +
        `Received: ${frame.width}x${frame.height}`,
    );
  }
  if (scans.length === 0) throw new RangeError("the JPEG file has no scan");
  // A scan of luma alone has the blocks that hold the picture, not those that complete an MCU.
  const isLumaAlone = scans.some(({ payload }) => payload[0] === 1 && payload[1] === components[0]!.id);
  return !isGray && isLumaAlone && Boolean(Math.ceil(width / BLOCK) % 2 || Math.ceil(height / BLOCK) % 2);
}

function isEqual(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
