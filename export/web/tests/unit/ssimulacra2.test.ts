import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { Ssimulacra2 } from "../../demo/score/ssimulacra2.js";

/** RGB levels, base64, as tests/web/test_web.py writes them, with the Python package's score. */
interface Case {
  width: number;
  height: number;
  original: string;
  decoded: string;
  score: number;
}

const folder = process.env.JPEGPRE_CASES;

function picture({ width, height }: Case, rgb: string): ImageData {
  const bytes = Buffer.from(rgb, "base64");
  const data = new Uint8ClampedArray(width * height * 4).map((_, i) => (i % 4 === 3 ? 255 : bytes[(i >> 2) * 3 + (i % 4)]!));
  return { width, height, data, colorSpace: "srgb" } as ImageData;
}

describe("Ssimulacra2", () => {
  it.skipIf(!folder)("gives the Python package's scores", () => {
    const cases = JSON.parse(readFileSync(join(folder!, "scores.json"), "utf8")) as Case[];
    expect(cases.length).toBeGreaterThan(3);
    for (const item of cases) {
      const score = new Ssimulacra2(picture(item, item.original)).score(picture(item, item.decoded));
      // float32 planes against float64: variances are differences of nearly equal numbers.
      expect(Math.abs(score - item.score), `${item.width} x ${item.height}`).toBeLessThan(0.05);
    }
  });

  it("gives 100 for the picture itself and refuses tiny ones", () => {
    const data = Uint8ClampedArray.from({ length: 64 * 64 * 4 }, (_, i) => (i % 4 === 3 ? 255 : (i * 7) % 256));
    const image = { width: 64, height: 64, data, colorSpace: "srgb" } as ImageData;
    expect(new Ssimulacra2(image).score(image)).toBe(100);
    expect(() => new Ssimulacra2({ ...image, width: 7, height: 64 } as ImageData)).toThrow(RangeError);
  });
});
