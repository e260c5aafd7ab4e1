import { describe, expect, it } from "vitest";

import { searchQuality } from "../../src/worker/size_search.js";

/** Sizes that grow with quality as real ones do, and an editor that saves `saving` of them. */
function picture(saving: (quality: number) => number) {
  const plain = (quality: number): number => Math.round(20_000 * 1.027 ** quality + 40 * quality);
  let edits = 0;
  return {
    size: (quality: number) => Math.round(plain(quality) * (1 - saving(quality))),
    edits: () => edits,
    trials: {
      plainSize: async (quality: number) => plain(quality),
      edited: async (quality: number) => ({
        sizeBytes: (edits++, Math.round(plain(quality) * (1 - saving(quality)))),
      }),
    },
  };
}

describe("searchQuality", () => {
  for (const [name, saving] of [
    ["a constant saving", () => 0.1],
    ["a saving that falls with quality", (quality: number) => 0.2 - quality / 600],
    ["no saving", () => 0],
    ["a large saving", () => 0.5],
  ] as const) {
    it(`finds the highest quality that fits, with ${name}, in few edits`, async () => {
      for (const wanted of [1, 2, 17, 50, 74, 75, 93, 94]) {
        const { size, trials, edits } = picture(saving);
        for (const maxBytes of [size(wanted), size(wanted + 1) - 1]) {
          const found = await searchQuality(maxBytes, trials);
          expect(found).toMatchObject({ quality: wanted, isTooLarge: false });
          expect(found.trial.sizeBytes).toBeLessThanOrEqual(maxBytes);
        }
        expect(edits()).toBeLessThanOrEqual(2 * 4);
      }
    });
  }

  it("stops at quality 95 however much room there is", async () => {
    expect((await searchQuality(1e9, picture(() => 0.1).trials)).quality).toBe(95);
  });

  it("says so if even quality 1 is too large, with the smallest file", async () => {
    const { size, trials } = picture(() => 0.1);
    expect(await searchQuality(size(1) - 1, trials)).toMatchObject({
      quality: 1,
      isTooLarge: true,
      trial: { sizeBytes: size(1) },
    });
  });
});
