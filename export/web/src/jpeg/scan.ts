/** What a baseline scan holds, symbol by symbol. */
import { readFrame, type Frame } from "./frame.js";
import { decodingTable, type Code } from "./huffman.js";
import { DHT, DRI, segments, type Segment } from "./segments.js";

export interface Scan {
  frame: Frame;
  /** All of the file's segments. */
  parts: Segment[];
  /** Its only scan. */
  part: Segment;
  /** Offset of its entropy-coded bytes. */
  start: number;
  /** By class and number, as the file has them: 0x00.. for DC, 0x10.. for AC. */
  codes: Map<number, Code>;
}

/** @returns Undefined if the file is none of one whole baseline scan without restart markers, which is what browsers write. */
export function findScan(jpeg: Uint8Array): Scan | undefined {
  let frame: Frame;
  try {
    frame = readFrame(jpeg);
  } catch {
    return undefined;
  }
  const parts = [...segments(jpeg)];
  const [part] = frame.scans;
  const interval = parts.find(({ marker }) => marker === DRI)?.payload;
  const isKnown = frame.marker <= 0xc1 && frame.scans.length === 1 && frame.isWhole && !interval?.some(Boolean);
  if (!isKnown || part!.payload[0] !== frame.components.length) return undefined;
  const codes = readCodes(parts.filter(({ marker }) => marker === DHT).map(({ payload }) => payload));
  return { frame, parts, part: part!, start: part!.from + 4 + part!.payload.length, codes };
}

/** The codes read from a scan, one after another. */
export interface Symbols {
  /** `code << 8 | symbol`; `code` as `Scan.codes` has it. */
  readonly codes: Uint16Array;
  /** The bits that follow each. */
  readonly bits: Uint16Array;
  readonly count: number;
}

/** Huffman codes by class and number, of the payloads of DHT segments. */
export function readCodes(payloads: Uint8Array[]): Map<number, Code> {
  const codes = new Map<number, Code>();
  for (const payload of payloads) {
    for (let at = 0; at + 17 <= payload.length; ) {
      const counts = Array.from(payload.subarray(at + 1, at + 17));
      const end = at + 17 + counts.reduce((sum, count) => sum + count, 0);
      codes.set(payload[at]!, { counts, symbols: Array.from(payload.subarray(at + 17, end)) });
      at = end;
    }
  }
  return codes;
}

/** Undefined if the scan is damaged. */
export function readScan(jpeg: Uint8Array, { frame, part, start, codes }: Scan): Symbols | undefined {
  const header = part.payload;
  const data = jpeg.subarray(start, part.to);
  const { components } = frame;
  const isSingle = components.length === 1;
  const most = (of: "horizontal" | "vertical"): number => Math.max(...components.map((component) => component[of]));
  const unit = (of: "horizontal" | "vertical"): number => (isSingle ? 8 : 8 * most(of));
  const mcus = Math.ceil(frame.width / unit("horizontal")) * Math.ceil(frame.height / unit("vertical"));
  const tables = new Map([...codes].map(([slot, code]) => [slot, decodingTable(code)]));
  // Of each block of an MCU: the numbers of its two codes.
  const blocks = components.flatMap(({ horizontal, vertical }, i) => {
    const numbers = header[2 + 2 * i]!;
    const pair = [numbers >> 4, 0x10 | (numbers & 15)] as const;
    return Array.from({ length: isSingle ? 1 : horizontal * vertical }, () => pair);
  });
  if (blocks.some((pair) => pair.some((slot) => !tables.has(slot)))) return undefined;

  let capacity = data.length;
  let found = new Uint16Array(capacity);
  let extra = new Uint16Array(capacity);
  let count = 0;
  let at = 0;
  let window = 0;
  let held = 0;
  const fill = (): void => {
    while (held <= 16) {
      const byte = data[at] ?? 0; // beyond the end zeros, which a damaged file alone will read
      at += byte === 0xff ? 2 : 1;
      window = ((window << 8) | byte) >>> 0;
      held += 8;
    }
  };
  const take = (bits: number): number => {
    held -= bits;
    return (window >>> held) & ((1 << bits) - 1);
  };
  for (let mcu = 0; mcu < mcus; mcu++) {
    for (const [dc, ac] of blocks) {
      for (let k = 0; k < 64; ) {
        const slot = k === 0 ? dc : ac;
        fill();
        const entry = tables.get(slot)![(window >>> (held - 16)) & 0xffff]!;
        if (entry === 0 || at > data.length + 4) return undefined;
        held -= entry >> 8;
        const symbol = entry & 255;
        const size = symbol & 15;
        fill();
        if (count === capacity) {
          capacity *= 2;
          [found, extra] = [grown(found, capacity), grown(extra, capacity)];
        }
        found[count] = (slot << 8) | symbol;
        extra[count++] = take(size);
        if (k === 0) k = 1;
        else if (size === 0) k = symbol === 0xf0 ? k + 16 : 64;
        else k += (symbol >> 4) + 1;
      }
    }
  }
  return { codes: found, bits: extra, count };
}

function grown(numbers: Uint16Array<ArrayBuffer>, length: number): Uint16Array<ArrayBuffer> {
  const result = new Uint16Array(length);
  result.set(numbers);
  return result;
}
