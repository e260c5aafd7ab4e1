/** The quantized coefficients that a file holds. */
import { emptyCoefficients, PLANES, type Coefficients } from "../worker/coefficients.js";
import { ZIGZAG } from "./frame.js";
import { decodingTable } from "./huffman.js";
import { findScan, type Scan } from "./scan.js";

const NATURAL = Uint8Array.from(ZIGZAG);
/** Components of the blocks of an MCU of 4:2:0. */
const COMPONENTS = Uint8Array.of(0, 0, 0, 0, 1, 2);

/**
 * Called with each coefficient that is not 0.
 *
 * @param component 0..2.
 * @param row, column Of its block, in the component.
 * @param index 0..63, natural order.
 */
type Take = (component: number, row: number, column: number, index: number, value: number) => void;

/** @returns Undefined if the file is none of one baseline scan, 4:2:0, sides multiples of 16. */
export function readCoefficients(jpeg: Uint8Array): Coefficients | undefined {
  const scan = findCarrierScan(jpeg);
  if (!scan) return undefined;
  const { width, height } = scan.frame;
  const result = emptyCoefficients(width, height);
  const columns = PLANES.map(({ side }) => width / side);
  const planes = PLANES.map(({ name }) => result[name]);
  const isWhole = eachCoefficient(jpeg, scan, (component, row, column, index, value) => {
    planes[component]![(row * columns[component]! + column) * 64 + index] = value;
  });
  return isWhole ? result : undefined;
}

/**
 * How many of the coefficients a carrier's file holds otherwise, without holding them all.
 *
 * @param wanted Of a picture whose sides, rounded up to multiples of 16, are the file's.
 * @returns Undefined if the file cannot be read, or is of another size.
 */
export function countWrong(jpeg: Uint8Array, wanted: Coefficients): number | undefined {
  const scan = findCarrierScan(jpeg);
  const rounded = [wanted.width, wanted.height].map((side) => Math.ceil(side / 16) * 16);
  if (!scan || scan.frame.width !== rounded[0] || scan.frame.height !== rounded[1]) return undefined;
  // Of luma, the file has blocks that complete MCUs: they count for nothing.
  const columns = PLANES.map(({ side }) => Math.ceil(wanted.width / side));
  const rows = PLANES.map(({ side }) => Math.ceil(wanted.height / side));
  const planes = PLANES.map(({ name }) => wanted[name]);
  let missing = planes.reduce((sum, plane) => sum + nonzeroCount(plane), 0);
  let added = 0;
  const isWhole = eachCoefficient(jpeg, scan, (component, row, column, index, value) => {
    const width = columns[component]!;
    if (column >= width || row >= rows[component]!) return;
    const expected = planes[component]![(row * width + column) * 64 + index]!;
    if (expected === value) missing--;
    else if (expected === 0) added++;
  });
  return isWhole ? missing + added : undefined;
}

/** By pairs: nearly all are 0. */
function nonzeroCount({ buffer, byteOffset, length }: Int16Array<ArrayBuffer>): number {
  const pairs = new Int32Array(buffer, byteOffset, length / 2);
  let count = 0;
  for (let i = 0; i < pairs.length; i++) {
    const pair = pairs[i]!;
    if (pair !== 0) count += (pair & 0xffff ? 1 : 0) + (pair >>> 16 ? 1 : 0);
  }
  return count;
}

function findCarrierScan(jpeg: Uint8Array): Scan | undefined {
  const scan = findScan(jpeg);
  const factors = scan?.frame.components.map(({ horizontal, vertical }) => `${horizontal}x${vertical}`).join();
  return !scan || factors !== "2x2,1x1,1x1" || scan.frame.width % 16 || scan.frame.height % 16 ? undefined : scan;
}

/**
 * Photos are read while their user waits, so this is one loop over numbers.
 *
 * @returns Whether the scan is whole.
 */
function eachCoefficient(jpeg: Uint8Array, { frame, part, start, codes }: Scan, take: Take): boolean {
  const header = part.payload;
  const numbers = [0, 1, 2].map((component) => header[2 + 2 * component]!);
  const slots = [numbers.map((number) => number >> 4), numbers.map((number) => 0x10 | (number & 15))] as const;
  if (!slots.flat().every((slot) => codes.has(slot))) return false;
  const made = new Map([...new Set(slots.flat())].map((slot) => [slot, decodingTable(codes.get(slot)!)]));
  const [forDc, forAc] = slots.map((each) => each.map((slot) => made.get(slot)!)) as [Uint16Array[], Uint16Array[]];
  const end = part.to;
  const columns = frame.width / 16;
  const mcus = columns * (frame.height / 16);
  const means = [0, 0, 0];
  let at = start;
  let window = 0;
  let held = 0;
  for (let mcu = 0; mcu < mcus; mcu++) {
    const y = Math.floor(mcu / columns);
    const x = mcu - y * columns;
    for (let block = 0; block < COMPONENTS.length; block++) {
      const component = COMPONENTS[block]!;
      const dc = forDc[component]!;
      const ac = forAc[component]!;
      const row = component === 0 ? 2 * y + (block >> 1) : y;
      const column = component === 0 ? 2 * x + (block & 1) : x;
      for (let k = 0; k < 64; ) {
        // Beyond the end there are zeros, which a damaged file alone will read. A stuffed zero follows each 255.
        for (; held <= 16; held += 8) {
          const byte = at < end ? jpeg[at]! : 0;
          at += byte === 0xff ? 2 : 1;
          window = (window << 8) | byte;
        }
        const entry = (k === 0 ? dc : ac)[(window >>> (held - 16)) & 0xffff]!;
        if (entry === 0 || at > end + 4) return false;
        held -= entry >> 8;
        const symbol = entry & 255;
        const size = symbol & 15;
        if (k > 0) {
          if (size === 0 && symbol !== 0xf0) break;
          k += symbol >> 4;
        }
        let value = 0;
        if (size > 0) {
          for (; held < size; held += 8) {
            const byte = at < end ? jpeg[at]! : 0;
            at += byte === 0xff ? 2 : 1;
            window = (window << 8) | byte;
          }
          held -= size;
          const bits = (window >>> held) & ((1 << size) - 1);
          value = bits < 1 << (size - 1) ? bits - (1 << size) + 1 : bits;
        }
        if (k === 0) value = means[component] = means[component]! + value;
        if (value !== 0 && k < 64) take(component, row, column, NATURAL[k]!, value);
        k++;
      }
    }
  }
  return true;
}
