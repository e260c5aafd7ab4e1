/** The same coefficients in fewer bytes: the Huffman tables that suit the picture, where an encoder wrote the standard's. */
import { readFrame, type Frame } from "./frame.js";
import { decodingTable, encodingTable, optimalCode, type Code } from "./huffman.js";
import { DHT, DRI, joined, segment, segments } from "./segments.js";

/** Symbols of the standard's table for AC coefficients: encoders that do not optimize write all of them. */
const STANDARD_SYMBOLS = 162;

/** The codes read from a scan, one after another. */
interface Symbols {
  /** `code << 8 | symbol`; `code` as in `slots`. */
  readonly codes: Uint16Array;
  /** The bits that follow each. */
  readonly bits: Uint16Array;
  readonly count: number;
}

/**
 * @returns Undefined if nothing is won, or the file is none of one baseline scan without restart markers, which is what browsers
 *   write.
 */
export function reoptimized(jpeg: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  let frame: Frame;
  try {
    frame = readFrame(jpeg);
  } catch {
    return undefined;
  }
  const all = [...segments(jpeg)];
  const [scan] = frame.scans;
  const interval = all.find(({ marker }) => marker === DRI)?.payload;
  const isKnown = frame.marker <= 0xc1 && frame.scans.length === 1 && frame.isWhole && !interval?.some(Boolean);
  if (!isKnown || scan!.payload[0] !== frame.components.length) return undefined;
  const codes = readCodes(all.filter(({ marker }) => marker === DHT).map(({ payload }) => payload));
  if (![...codes.values()].some(({ symbols }) => symbols.length === STANDARD_SYMBOLS)) return undefined;
  const start = scan!.from + 4 + scan!.payload.length;
  const read = readScan(frame, scan!.payload, codes, jpeg.subarray(start, scan!.to));
  if (!read) return undefined;

  const frequencies = new Map<number, Uint32Array>();
  for (let i = 0; i < read.count; i++) {
    const slot = read.codes[i]! >> 8;
    let counted = frequencies.get(slot);
    if (!counted) frequencies.set(slot, (counted = new Uint32Array(256)));
    counted[read.codes[i]! & 255]!++;
  }
  const better = new Map([...frequencies].map(([slot, counted]) => [slot, optimalCode(counted)]));
  const parts = all.flatMap((part) => {
    if (part.marker === DHT) return [];
    if (part !== all.find(({ from }) => from === scan!.from)) return [jpeg.subarray(part.from, part.to)];
    const tables = [...better].map(([slot, { counts, symbols }]) => Uint8Array.of(slot, ...counts, ...symbols));
    return [segment(DHT, joined(tables)), jpeg.subarray(part.from, start), writeScan(read, better)];
  });
  const result = joined([jpeg.subarray(0, 2), ...parts]);
  return result.length < jpeg.length ? result : undefined;
}

/** By class and number, as the file has them: 0x00.. for DC, 0x10.. for AC. */
function readCodes(payloads: Uint8Array[]): Map<number, Code> {
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
function readScan(frame: Frame, header: Uint8Array, codes: Map<number, Code>, data: Uint8Array): Symbols | undefined {
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

function writeScan({ codes, bits, count }: Symbols, better: Map<number, Code>): Uint8Array {
  const tables = new Map([...better].map(([slot, code]) => [slot, encodingTable(code)]));
  let output = new Uint8Array(1 << 16);
  let at = 0;
  let window = 0;
  let held = 0;
  const put = (value: number, length: number): void => {
    window = ((window << length) | value) >>> 0;
    held += length;
    for (; held >= 8; held -= 8) {
      const byte = (window >>> (held - 8)) & 255;
      output[at++] = byte;
      if (byte === 255) output[at++] = 0;
    }
    window &= 255;
  };
  for (let i = 0; i < count; i++) {
    if (at + 16 > output.length) {
      const longer = new Uint8Array(output.length * 2);
      longer.set(output);
      output = longer;
    }
    const symbol = codes[i]! & 255;
    const entry = tables.get(codes[i]! >> 8)![symbol]!;
    put(entry >>> 5, entry & 31);
    put(bits[i]!, symbol & 15);
  }
  if (held) put((1 << (8 - held)) - 1, 8 - held);
  return output.subarray(0, at);
}
