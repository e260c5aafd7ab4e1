import { describe, expect, it } from "vitest";

import { compare } from "../../demo/score/compare.js";

/** An encoder whose size and score grow with quality as real ones do. */
const sizeAt = (quality: number): number => Math.round(4000 * 1.03 ** quality);
const scoreAt = (quality: number): number => 20 + 0.7 * quality;

function blob(size: number): Blob {
  return new Blob([new Uint8Array(size)]);
}

function run(ours: Blob, oursScore: number, quality: number) {
  return compare(ours, quality, {
    plainAt: async (q) => blob(sizeAt(q)),
    score: async ([one]) => [one === ours ? oursScore : scoreAt(Math.log(one!.size / 4000) / Math.log(1.03))],
  });
}

describe("compare", () => {
  it("interpolates the size that the look needs, and the score of the same size", async () => {
    for (const [quality, size, score] of [[75, sizeAt(70.4), scoreAt(73.2)], [75, sizeAt(74.5), scoreAt(79)], [40, sizeAt(30.9), scoreAt(12)]] as const) {
      const found = (await run(blob(size), score, quality))!;
      const at = Math.log(size / 4000) / Math.log(1.03);
      expect(found.equal).toBeCloseTo(scoreAt(at), 1);
      expect(Math.abs(found.neededBytes / sizeAt((score - 20) / 0.7) - 1)).toBeLessThan(0.002);
      expect(found.nearest.size).toBe(sizeAt(Math.round(at)));
      expect(found.plain).toBeCloseTo(scoreAt(quality), 1);
    }
  });

  it("says nothing where plain JPEG cannot get so small or so good", async () => {
    expect(await run(blob(100), 50, 75)).toBeUndefined();
    expect(await run(blob(sizeAt(50)), 99, 75)).toBeUndefined();
  });
});
