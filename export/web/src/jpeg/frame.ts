/** The frame header and the quantization tables of a JPEG file. */
import { DQT, EOI, SOF0, SOS, segments, type Segment } from "./segments.js";

/** Natural-order index of each coefficient in zig-zag order. */
// prettier-ignore
export const ZIGZAG: readonly number[] = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

export interface Component {
  id: number;
  horizontal: number;
  vertical: number;
  /** Number of its quantization table. */
  table: number;
}

export interface QuantizationTable {
  /** Offset of its first entry in the file. */
  start: number;
  entryBytes: 1 | 2;
  /** 64, natural order. */
  values: number[];
}

export interface Frame {
  /** SOF's marker: 0xc0 baseline, 0xc1 extended, 0xc2 progressive. */
  marker: number;
  /** Offset of the header's payload in the file. */
  start: number;
  width: number;
  height: number;
  components: Component[];
  tables: Map<number, QuantizationTable>;
  scans: Segment[];
  /** Whether the file's end is there. */
  isWhole: boolean;
}

/** @throws RangeError in one line, where the file is damaged or of another kind than 8-bit Huffman-coded. */
export function readFrame(jpeg: Uint8Array): Frame {
  if (jpeg[0] !== 0xff || jpeg[1] !== 0xd8) throw new RangeError("the file is no JPEG file");
  const tables: Frame["tables"] = new Map();
  const scans: Segment[] = [];
  let header: Pick<Frame, "marker" | "start" | "width" | "height" | "components"> | undefined;
  let isWhole = false;
  for (const part of segments(jpeg)) {
    const { marker, payload, from } = part;
    if (marker === DQT) readTables(payload, from + 4, tables);
    else if (marker === SOS) scans.push(part);
    else if (marker === EOI) isWhole = true;
    else if (marker >= SOF0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      if (header) throw new RangeError("the JPEG file has two frames");
      header = { marker, start: from + 4, ...readHeader(marker, payload) };
    }
  }
  if (!header) throw new RangeError("the JPEG file has no frame header");
  return { ...header, tables, scans, isWhole };
}

function readHeader(marker: number, payload: Uint8Array): Pick<Frame, "width" | "height" | "components"> {
  if (marker > 0xc2 || payload[0] !== 8) throw new RangeError("the JPEG file must be baseline or progressive, with 8-bit samples");
  const count = payload[5] ?? 0;
  if (payload.length < 6 + 3 * count) throw new RangeError("the JPEG file has a damaged frame header");
  const components = Array.from({ length: count }, (_, i) => {
    const [id, factors, table] = payload.subarray(6 + 3 * i) as unknown as [number, number, number];
    return { id, horizontal: factors >> 4, vertical: factors & 15, table };
  });
  return { height: (payload[1]! << 8) | payload[2]!, width: (payload[3]! << 8) | payload[4]!, components };
}

function readTables(payload: Uint8Array, offset: number, tables: Frame["tables"]): void {
  for (let at = 0; at < payload.length; ) {
    const entryBytes = payload[at]! >> 4 ? 2 : 1;
    const start = at + 1;
    if (start + 64 * entryBytes > payload.length) throw new RangeError("the JPEG file has a damaged quantization table");
    const values = new Array<number>(64);
    ZIGZAG.forEach((natural, i) => {
      values[natural] = entryBytes === 1 ? payload[start + i]! : (payload[start + 2 * i]! << 8) | payload[start + 2 * i + 1]!;
    });
    tables.set(payload[at]! & 15, { start: offset + start, entryBytes, values });
    at = start + 64 * entryBytes;
  }
}
