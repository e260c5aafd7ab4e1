/**
 * Progressive carriers of an odd number of blocks: their scans of luma alone hold blocks that complete MCUs, which the picture has
 * not. The result is, to the byte, what jpegpre_tf/jpeg/carriers/finish.py makes of a file of libjpeg.
 */
import { BitReader, BitWriter } from "./bits.js";
import { decodingTable, encodingTable, optimalCode } from "./huffman.js";
import { readCodes } from "./scan.js";
import { DHT, DRI, joined, segment, segments, SOS } from "./segments.js";

/** libjpeg's limits of a run of blocks that end: in blocks, and in correction bits. */
const MOST_BLOCKS = 0x7fff;
const MOST_CORRECTIONS = 937;

/** Columns and rows of blocks. */
export interface Blocks {
  columns: number;
  rows: number;
}

/** A code and the bits after it; or bits alone, where `symbol` is undefined. */
interface Item {
  symbol: number | undefined;
  bits: number;
  length: number;
}

/**
 * @param jpeg A progressive file without restart markers.
 * @param luma The identifier of its first component.
 * @param coded Blocks that its scans of luma alone have, and `kept`, those of them that they shall have.
 * @throws RangeError in one line.
 */
export function withoutPadding(jpeg: Uint8Array, luma: number, coded: Blocks, kept: Blocks): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [jpeg.subarray(0, 2)];
  // Huffman tables by class and number, and those that the new file does not have, or not any more.
  const tables = new Map<number, Uint8Array>();
  const unwritten = new Set<number>();
  const known = new Uint8Array(coded.columns * coded.rows * 64);
  let end = 2;
  for (const { marker, payload, from, to } of segments(jpeg)) {
    end = to;
    if (marker === DRI && payload.some(Boolean)) throw new RangeError("a progressive carrier must be encoded without restart markers");
    if (marker === DHT) {
      for (const [slot, { counts, symbols }] of readCodes([payload])) {
        tables.set(slot, Uint8Array.of(slot, ...counts, ...symbols));
        unwritten.add(slot);
      }
    } else if (marker === SOS) {
      const [header, data] = [jpeg.subarray(from, from + 4 + payload.length), jpeg.subarray(from + 4 + payload.length, to)];
      const count = payload[0]!;
      const [first, last, bits] = payload.subarray(1 + 2 * count) as unknown as [number, number, number];
      const slots = Array.from({ length: count }, (_, i) => (first ? 0x10 | (payload[2 + 2 * i]! & 15) : payload[2 + 2 * i]! >> 4));
      if (count === 1 && payload[1] === luma) {
        if (!first) throw new RangeError("a progressive carrier must have the DC coefficients of all components in one scan");
        const [slot] = slots as [number];
        const code = tables.get(slot);
        if (!code) throw new RangeError("the JPEG file has a damaged scan");
        const reader = new ScanReader(data, decodingTable(readCodes([code]).get(slot)!), first, last, bits >> 4 > 0, known);
        parts.push(...writeCodes(slot, header, keptItems(reader, coded, kept)));
        unwritten.add(slot);
        continue;
      }
      // Scans that refine DC coefficients have no codes.
      for (const slot of new Set(first || bits >> 4 === 0 ? slots : [])) {
        if (unwritten.delete(slot)) parts.push(segment(DHT, tables.get(slot)!));
      }
      parts.push(jpeg.subarray(from, to));
    } else parts.push(jpeg.subarray(from, to));
  }
  return joined([...parts, jpeg.subarray(end)]);
}

/** Reads a scan of one component's AC coefficients, block by block (T.81, G.1.2.2 and G.1.2.3). */
class ScanReader {
  readonly #reader: BitReader;
  #at = 0;
  /** Blocks that the run of ended ones still has. */
  #ended = 0;

  constructor(
    data: Uint8Array,
    readonly table: Uint16Array,
    readonly first: number,
    readonly last: number,
    readonly isRefinement: boolean,
    /** 64 for each block: whether the coefficient is not 0 by the scans so far. */
    readonly known: Uint8Array,
  ) {
    this.#reader = new BitReader(data);
  }

  /** The items of the next block, whether it ends before its last coefficient, and the corrections behind its end. */
  next(): { items: Item[]; isEnded: boolean; corrections: Item[] } {
    const { known, last, isRefinement } = this;
    const reader = this.#reader;
    const items: Item[] = [];
    const corrections: Item[] = [];
    const correction = (): Item => ({ symbol: undefined, bits: reader.take(1), length: 1 });
    let k = this.first;
    while (this.#ended === 0 && k <= last) {
      const symbol = reader.symbol(this.table);
      const length = symbol & 15;
      let zeros = symbol >> 4;
      if (length === 0 && zeros < 15) {
        this.#ended = (1 << zeros) + reader.take(zeros);
        break;
      }
      items.push({ symbol, bits: reader.take(length), length });
      if (!isRefinement) k += zeros;
      else {
        for (; k <= last; k++) {
          if (known[this.#at + k]) items.push(correction());
          else if (zeros-- === 0) break;
        }
      }
      if (k > last) throw new RangeError("the JPEG file has a damaged scan");
      if (length) known[this.#at + k] = 1;
      k++;
    }
    const isEnded = this.#ended > 0;
    if (isEnded) {
      this.#ended--;
      for (; isRefinement && k <= last; k++) if (known[this.#at + k]) corrections.push(correction());
    }
    this.#at += 64;
    return { items, isEnded, corrections };
  }
}

/** What the scan says of the blocks that are kept. */
function keptItems(reader: ScanReader, coded: Blocks, kept: Blocks): Item[] {
  const result: Item[] = [];
  let run = 0;
  let pending: Item[] = [];
  const endRun = (): void => {
    if (run === 0) return;
    const length = 31 - Math.clz32(run);
    result.push({ symbol: length << 4, bits: run - (1 << length), length }, ...pending);
    [run, pending] = [0, []];
  };
  for (let block = 0; block < coded.columns * coded.rows; block++) {
    const { items, isEnded, corrections } = reader.next();
    if (block % coded.columns >= kept.columns || block >= kept.rows * coded.columns) continue;
    if (items.length) endRun();
    for (const item of items) result.push(item);
    if (!isEnded) continue;
    run++;
    pending.push(...corrections);
    if (run === MOST_BLOCKS || pending.length > MOST_CORRECTIONS) endRun();
  }
  endRun();
  return result;
}

/** A scan's Huffman table, its header and its bytes. */
function writeCodes(slot: number, header: Uint8Array, items: readonly Item[]): Uint8Array[] {
  const frequencies = new Uint32Array(256);
  for (const { symbol } of items) if (symbol !== undefined) frequencies[symbol]!++;
  const code = optimalCode(frequencies);
  const table = encodingTable(code);
  const writer = new BitWriter();
  for (const { symbol, bits, length } of items) {
    if (symbol !== undefined) writer.put(table[symbol]! >>> 5, table[symbol]! & 31);
    writer.put(bits, length);
  }
  return [segment(DHT, Uint8Array.of(slot, ...code.counts, ...code.symbols)), header, writer.end()];
}
