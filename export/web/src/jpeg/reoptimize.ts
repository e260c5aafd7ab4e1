/** The same coefficients in fewer bytes: the Huffman tables that suit the picture, where an encoder wrote the standard's. */
import { BitWriter } from "./bits.js";
import { encodingTable, optimalCode, type Code } from "./huffman.js";
import { findScan, readScan, type Symbols } from "./scan.js";
import { DHT, joined, segment } from "./segments.js";

/** Symbols of the standard's table for AC coefficients: encoders that do not optimize write all of them. */
const STANDARD_SYMBOLS = 162;

/**
 * @returns Undefined if nothing is won, or the file is none of one baseline scan without restart markers, which is what browsers
 *   write.
 */
export function reoptimized(jpeg: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  const scan = findScan(jpeg);
  if (!scan || ![...scan.codes.values()].some(({ symbols }) => symbols.length === STANDARD_SYMBOLS)) return undefined;
  const read = readScan(jpeg, scan);
  if (!read) return undefined;

  const frequencies = new Map<number, Uint32Array>();
  for (let i = 0; i < read.count; i++) {
    const slot = read.codes[i]! >> 8;
    let counted = frequencies.get(slot);
    if (!counted) frequencies.set(slot, (counted = new Uint32Array(256)));
    counted[read.codes[i]! & 255]!++;
  }
  const better = new Map([...frequencies].map(([slot, counted]) => [slot, optimalCode(counted)]));
  const parts = scan.parts.flatMap((part) => {
    if (part.marker === DHT) return [];
    if (part.from !== scan.part.from) return [jpeg.subarray(part.from, part.to)];
    const tables = [...better].map(([slot, { counts, symbols }]) => Uint8Array.of(slot, ...counts, ...symbols));
    return [segment(DHT, joined(tables)), jpeg.subarray(part.from, scan.start), writeScan(read, better)];
  });
  const result = joined([jpeg.subarray(0, 2), ...parts]);
  return result.length < jpeg.length ? result : undefined;
}

function writeScan({ codes, bits, count }: Symbols, better: Map<number, Code>): Uint8Array {
  const tables = new Map([...better].map(([slot, code]) => [slot, encodingTable(code)]));
  const writer = new BitWriter();
  for (let i = 0; i < count; i++) {
    const symbol = codes[i]! & 255;
    const entry = tables.get(codes[i]! >> 8)![symbol]!;
    writer.put(entry >>> 5, entry & 31);
    writer.put(bits[i]!, symbol & 15);
  }
  return writer.end();
}
