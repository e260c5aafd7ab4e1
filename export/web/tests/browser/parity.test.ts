/** The same pictures through the browser and through the Python runtime; tests/web/test_web.py makes the cases. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { cases, useBrowser } from "./harness.js";

interface Case {
  profile: string;
  picture: string;
  quality: number;
  strength: number;
  /** File with the RGB levels that the Python runtime gives. */
  expected: string;
  /** What the Python runtime and libjpeg-turbo save, in percent of `plainBytes`. */
  savedPercent: number;
  /** Size of their file without preprocessing. */
  plainBytes: number;
}

const harness = useBrowser();

describe.skipIf(!cases)("the browser and Python", () => {
  it("edit alike: within one level on 99.9 % of samples, and save alike within 2 points", { timeout: 300_000 }, async () => {
    const all = JSON.parse(readFileSync(join(cases!, "parity.json"), "utf8")) as Case[];
    const page = await harness.open();
    const results = await page.evaluate(async (all) => {
      const { createPreprocessor } = await load("/dist/index.js");
      const results = [];
      let open: { key: string; preprocessor: Awaited<ReturnType<typeof createPreprocessor>> } | undefined;
      for (const { profile, picture, quality, strength, expected, plainBytes } of all) {
        const key = profile;
        if (open?.key !== key) {
          open?.preprocessor.close();
          open = { key, preprocessor: await createPreprocessor({ profile }) };
        }
        const file = await (await fetch(`/cases/${picture}`)).blob();
        const levels = new Uint8Array(await (await fetch(`/cases/${expected}`)).arrayBuffer());
        const bitmap = await createImageBitmap(file);
        const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d")!;
        context.drawImage(bitmap, 0, 0);
        const image = context.getImageData(0, 0, bitmap.width, bitmap.height);
        const { data } = await open.preprocessor.preprocess(image, { quality, strength });
        let equal = 0;
        let close = 0;
        for (let i = 0; i < levels.length; i++) {
          const difference = Math.abs(levels[i]! - data[Math.floor(i / 3) * 4 + (i % 3)]!);
          if (difference === 0) equal++;
          if (difference <= 1) close++;
        }
        const { bytes } = await open.preprocessor.compress(file, { quality, strength, keepColorProfile: true });
        results.push({
          equal: equal / levels.length,
          close: close / levels.length,
          // Of the same bytes as in Python: Chromium's colour profile, about 500 bytes in either file, is a tenth
          // of the smallest ones.
          savedPercent: (100 * (bytes.plain - bytes.output)) / plainBytes,
        });
      }
      return results;
    }, all);
    for (const [i, { equal, close, savedPercent }] of results.entries()) {
      const { profile, picture, quality, savedPercent: expected } = all[i]!;
      const what = `${profile}, ${picture}, quality ${quality}`;
      console.log(
        `${what}: ${(equal * 100).toFixed(3)} % equal, ${(close * 100).toFixed(4)} % within 1 level; ` +
          `saved ${savedPercent.toFixed(2)} %, Python ${expected.toFixed(2)} %`,
      );
      expect(close, what).toBeGreaterThanOrEqual(0.999);
      expect(Math.abs(savedPercent - expected), what).toBeLessThanOrEqual(2);
    }
    expect(results.length).toBeGreaterThanOrEqual(6);
  });

  it("write files that other programs read: kept, stripped and handed back", async () => {
    const page = await harness.open();
    const files = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const preprocessor = await createPreprocessor();
      const result: Record<string, { kept: string; base64: string; size: number[] }> = {};
      for (const [target, source, options] of [
        ["camera-kept.jpg", "camera.jpg", { keepMetadata: true }],
        ["camera-bare.jpg", "camera.jpg", {}],
        ["png-kept.jpg", "camera.png", { keepMetadata: true }],
        ["small-returned.jpg", "small.jpg", { quality: 90 }],
        ["small-kept.jpg", "small.jpg", { quality: 90, keepMetadata: true }],
      ] as const) {
        const file = await (await fetch(`/cases/${source}`)).blob();
        const { blob, kept, width, height } = await preprocessor.compress(file, options);
        const base64 = await new Promise<string>((resolve) => {
          const reader = new FileReader();
          reader.onload = () => resolve((reader.result as string).split(",")[1]!);
          reader.readAsDataURL(blob);
        });
        result[target] = { kept, base64, size: [width, height] };
      }
      return result;
    });
    for (const [name, { base64 }] of Object.entries(files)) writeFileSync(join(cases!, name), Buffer.from(base64, "base64"));
    expect(Object.values(files).map(({ kept }) => kept)).toEqual(["edited", "edited", "edited", "original", "original"]);
    for (const { size } of Object.values(files)) expect(size).toEqual([192, 256]);
  });
});
