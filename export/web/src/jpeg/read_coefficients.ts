/** The quantized coefficients that a file holds. */
import { emptyCoefficients, type Coefficients } from "../worker/coefficients.js";
import { ZIGZAG } from "./frame.js";
import { findScan, readScan } from "./scan.js";

/** @returns Undefined if the file is none of one baseline scan, 4:2:0, sides multiples of 16. */
export function readCoefficients(jpeg: Uint8Array): Coefficients | undefined {
  const scan = findScan(jpeg);
  const factors = scan?.frame.components.map(({ horizontal, vertical }) => `${horizontal}x${vertical}`).join();
  if (!scan || factors !== "2x2,1x1,1x1" || scan.frame.width % 16 || scan.frame.height % 16) return undefined;
  const symbols = readScan(jpeg, scan);
  if (!symbols) return undefined;
  const { width, height } = scan.frame;
  const result = emptyCoefficients(width, height);
  const columns = width / 16;
  const means = [0, 0, 0];
  let next = 0;
  const readBlock = (component: number, plane: Int16Array, block: number): void => {
    for (let k = 0; k < 64; next++) {
      const symbol = symbols.codes[next]! & 255;
      const size = symbol & 15;
      const bits = symbols.bits[next]!;
      const value = size && bits < 1 << (size - 1) ? bits - (1 << size) + 1 : bits;
      if (k === 0) plane[block * 64] = means[component] = means[component]! + value;
      else if (size === 0 && symbol !== 0xf0) {
        next++;
        return;
      } else if (size) plane[block * 64 + ZIGZAG[k + (symbol >> 4)]!] = value;
      k += k === 0 ? 1 : (symbol >> 4) + 1;
    }
  };
  for (let mcu = 0; mcu < columns * (height / 16); mcu++) {
    const [x, y] = [mcu % columns, Math.floor(mcu / columns)];
    for (const [down, right] of [[0, 0], [0, 1], [1, 0], [1, 1]] as const) {
      readBlock(0, result.luma, (2 * y + down) * 2 * columns + 2 * x + right);
    }
    readBlock(1, result.cb, mcu);
    readBlock(2, result.cr, mcu);
  }
  return result;
}
