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
  /** Where the browser's file goes unless nothing was saved; tests/web/test_web.py then compares it with its own. */
  file: string;
}

const harness = useBrowser();

describe.skipIf(!cases)("the browser and Python", () => {
  it("edit alike, within one level on 99.9 % of samples; and make files by carriers", { timeout: 300_000 }, async () => {
    const all = JSON.parse(readFileSync(join(cases!, "parity.json"), "utf8")) as Case[];
    const page = await harness.open();
    const results = await page.evaluate(async (all) => {
      const { createPreprocessor } = await load("/dist/index.js");
      const results = [];
      let preprocessor: Awaited<ReturnType<typeof createPreprocessor>> | undefined;
      for (const { profile, picture, quality, strength, expected } of all) {
        if (preprocessor?.profile.name !== profile) {
          preprocessor?.close();
          preprocessor = await createPreprocessor({ profile });
        }
        const file = await (await fetch(`/cases/${picture}`)).blob();
        const levels = new Uint8Array(await (await fetch(`/cases/${expected}`)).arrayBuffer());
        const bitmap = await createImageBitmap(file);
        const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d")!;
        context.drawImage(bitmap, 0, 0);
        const image = context.getImageData(0, 0, bitmap.width, bitmap.height);
        const { data } = await preprocessor.preprocess(image, { quality, strength });
        const close = levels.filter((level, i) => Math.abs(level - data[Math.floor(i / 3) * 4 + (i % 3)]!) <= 1).length;
        const { blob, kept, path, editReason } = await preprocessor.compress(file, { quality, strength });
        const bytes = new Uint8Array(await blob.arrayBuffer());
        results.push({ close: close / levels.length, kept, path, editReason, jpeg: btoa(String.fromCharCode(...bytes)) });
      }
      return results;
    }, all);
    for (const [i, { close, kept, path, editReason, jpeg }] of results.entries()) {
      const { profile, picture, quality, file } = all[i]!;
      const what = `${profile}, ${picture}, quality ${quality}`;
      expect(close, what).toBeGreaterThanOrEqual(0.999);
      expect([path, editReason], what).toEqual(path === "carrier" ? ["carrier", undefined] : ["edit", expect.stringMatching(/^too few coefficients survive/)]);
      expect(kept, what).toMatch(/^(edited|plain)$/);
      if (kept === "edited") writeFileSync(join(cases!, file), Buffer.from(jpeg, "base64"));
    }
    expect(results.length).toBeGreaterThanOrEqual(6);
    writeFileSync(join(cases!, "paths.json"), JSON.stringify(results.map(({ path }) => path)));
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
