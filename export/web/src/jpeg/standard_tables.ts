/** The standard's example quantization tables (ISO 10918-1, Annex K), and as libjpeg scales them for a quality. */
import type { Tables } from "./tables.js";

// Natural order, 8 rows of 8.
// prettier-ignore
export const STANDARD_LUMA: readonly number[] = [
  16, 11, 10, 16, 24, 40, 51, 61,
  12, 12, 14, 19, 26, 58, 60, 55,
  14, 13, 16, 24, 40, 57, 69, 56,
  14, 17, 22, 29, 51, 87, 80, 62,
  18, 22, 37, 56, 68, 109, 103, 77,
  24, 35, 55, 64, 81, 104, 113, 92,
  49, 64, 78, 87, 103, 121, 120, 101,
  72, 92, 95, 98, 112, 100, 103, 99,
];
// prettier-ignore
export const STANDARD_CHROMA: readonly number[] = [
  17, 18, 24, 47, 99, 99, 99, 99,
  18, 21, 26, 66, 99, 99, 99, 99,
  24, 26, 56, 99, 99, 99, 99, 99,
  47, 66, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
];

/** Steps of each coefficient of Y, and of Cb and Cr, in levels. */
export function standardTables(quality: number): Tables {
  const whole = Math.min(100, Math.max(1, Math.round(quality)));
  const percent = whole < 50 ? Math.floor(5000 / whole) : 200 - 2 * whole;
  const scaled = (table: readonly number[]): number[] =>
    table.map((entry) => Math.min(255, Math.max(1, Math.floor((entry * percent + 50) / 100))));
  return { luma: scaled(STANDARD_LUMA), chroma: scaled(STANDARD_CHROMA) };
}
