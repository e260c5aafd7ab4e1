import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { planTiles } from "../../src/worker/tiling.js";

interface Case {
  height: number;
  width: number;
  maxPixels: number;
  alignment: number;
  overlap: number;
  plan: unknown;
}

const folder = process.env.JPEGPRE_CASES;

describe("planTiles", () => {
  // tests/web/test_web.py writes the plans of jpegpre_tf/runtime/inference/tiling.py to this file.
  it.skipIf(!folder)("gives the same plan as the Python runtime", () => {
    const cases = JSON.parse(readFileSync(join(folder!, "tile_plans.json"), "utf8")) as Case[];
    expect(cases.length).toBeGreaterThan(100);
    for (const { height, width, plan, ...options } of cases) {
      expect(planTiles(height, width, options), `${height} x ${width}`).toEqual(plan);
    }
  });

  it("takes every pixel from exactly one tile, with context around it", () => {
    for (const [height, width] of [
      [1, 1],
      [3000, 4000],
      [517, 16_001],
      [100_000, 16],
    ] as const) {
      const overlap = 32;
      const { rows, columns, tileHeight, tileWidth } = planTiles(height, width, {
        maxPixels: 1 << 18,
        alignment: 16,
        overlap: 20,
      });
      expect(tileHeight * tileWidth).toBeLessThanOrEqual(1 << 18);
      for (const [spans, size, length] of [
        [rows, tileHeight, height],
        [columns, tileWidth, width],
      ] as const) {
        let reached = 0;
        for (const { start, keepFrom, keepTo } of spans) {
          expect(keepFrom).toBe(reached);
          if (start > 0) expect(keepFrom - start).toBeGreaterThanOrEqual(overlap);
          if (keepTo < length) expect(start + size - keepTo).toBeGreaterThanOrEqual(overlap);
          reached = keepTo;
        }
        expect(reached).toBe(length);
      }
    }
  });

  it("refuses an alignment that leaves no tile", () => {
    expect(() => planTiles(100, 100, { maxPixels: 0, alignment: NaN, overlap: 0 })).toThrow(RangeError);
  });
});
