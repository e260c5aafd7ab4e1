/** A model's learned quantization tables by quality; the same, to the bit, as jpegpre_tf/jpeg/tuned_tables.py. */
import { STANDARD_CHROMA, STANDARD_LUMA } from "./standard_tables.js";
import type { Tables } from "./tables.js";

/** What the tables.json of a model holds, as far as tables depend on it. */
export interface TablesFile {
  format: number;
  /** Ascending. */
  node_qualities: number[];
  /** [node][luma, chroma][64]: ln of the factors on Annex K's tables. */
  log_factors: number[][][];
  /** Qualities asked for, and those of the family that they mean; both ascending. */
  calibration?: { quality: number[]; at: number[] };
}

/** @returns Tables of files of a quality 1..100. */
export function tunedTables({ node_qualities: nodes, log_factors: factors, calibration }: TablesFile, quality: number): Tables {
  const at = calibration ? interpolated(quality, calibration.quality, calibration.at) : quality;
  const scale = logScale(at);
  // Interpolation wants ascending positions, and scales fall where qualities rise.
  const positions = nodes.map((node) => -logScale(node));
  const weights = nodes.map((_, i) => interpolated(-scale, positions, nodes.map((_, k) => (k === i ? 1 : 0))));
  const [luma, chroma] = [STANDARD_LUMA, STANDARD_CHROMA].map((base, kind) =>
    base.map((entry, i) => {
      const factor = weights.reduce((sum, weight, node) => sum + weight * Math.fround(factors[node]![kind]![i]!), 0);
      return Math.min(255, Math.max(1, roundHalfToEven(entry * Math.exp(factor + scale))));
    }),
  ) as [number[], number[]];
  return { luma, chroma };
}

/** ln of the factor on Annex K's tables: libjpeg's scale without its rounding, at least 0.02. */
function logScale(quality: number): number {
  return Math.log(quality < 50 ? 50 / Math.max(quality, 1) : Math.max(2 - quality / 50, 0.02));
}

/** On the lines through points of ascending `xs`; constant beyond them. */
function interpolated(x: number, xs: readonly number[], ys: readonly number[]): number {
  const last = xs.length - 1;
  if (x <= xs[0]!) return ys[0]!;
  if (x >= xs[last]!) return ys[last]!;
  const i = xs.findIndex((at, index) => index < last && at <= x && x < xs[index + 1]!);
  const slope = (ys[i + 1]! - ys[i]!) / (xs[i + 1]! - xs[i]!);
  return slope * (x - xs[i]!) + ys[i]!;
}

function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
