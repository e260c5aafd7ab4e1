/** What the package promises, in a real browser. */
import type { Page } from "playwright-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { useBrowser } from "./harness.js";

const harness = useBrowser();
let page: Page;
beforeEach(async () => void (page = await harness.open()));
afterEach(() => page.close());

describe("compress", () => {
  it("gives what canvas.toBlob gives, smaller after editing", async () => {
    const result = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const preprocessor = await createPreprocessor();
      const file = await (await fetch("/pictures/gb82_city.webp")).blob();
      const result = await preprocessor.compress(file, { quality: 60, plain: true });
      const alone = await preprocessor.compress(file, { quality: 60 });
      const bitmap = await createImageBitmap(file);
      const canvas = document.createElement("canvas");
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
      canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
      const encoded = await new Promise<Blob>((resolve) => canvas.toBlob((blob) => resolve(blob!), "image/jpeg", 0.6));
      const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((value, i) => value === b[i]);
      const bytes = async (blob: Blob): Promise<Uint8Array> => new Uint8Array(await blob.arrayBuffer());
      return {
        ...result,
        blob: result.blob.type,
        isPlainSame: same(await bytes(encoded), await bytes(result.plain)),
        isAloneSame: alone.plain === undefined && alone.bytes.plain === undefined && same(await bytes(alone.blob), await bytes(result.blob)),
        decodes: (await createImageBitmap(result.blob)).width,
        size: result.blob.size,
        fileSize: file.size,
      };
    });
    expect(result).toMatchObject({ isPlainSame: true, isAloneSame: true, blob: "image/jpeg", kept: "edited", quality: 60, width: 576, height: 576 });
    expect(result.decodes).toBe(576);
    expect(result.bytes).toMatchObject({ input: result.fileSize, output: result.size });
    expect(result.bytes.output).toBeLessThan(0.97 * result.bytes.plain);
  });

  it("meets a size with the highest quality that fits", async () => {
    const result = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const preprocessor = await createPreprocessor();
      const file = await (await fetch("/pictures/gb82_girl.webp")).blob();
      const maxBytes = 25_000;
      const found = await preprocessor.compress(file, { maxBytes });
      const next = await preprocessor.compress(file, { quality: found.quality + 1 });
      const impossible = await preprocessor.compress(file, { maxBytes: 700 }).catch((error) => `${error.code}: ${error.message}`);
      return { size: found.blob.size, next: next.blob.size, impossible };
    });
    expect(result.size).toBeLessThanOrEqual(25_000);
    expect(result.next).toBeGreaterThan(25_000);
    expect(result.impossible).toMatch(/^impossible-size: 700 bytes are too few .* smallest possible file has \d+/);
  });

  it("hands the input back where nothing smaller comes out", async () => {
    const result = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const preprocessor = await createPreprocessor();
      const file = await (await fetch("/pictures/gb82_girl.webp")).blob();
      const { blob: small } = await preprocessor.compress(file, { quality: 20 });
      const again = await preprocessor.compress(small, { quality: 90 });
      return { kept: again.kept, size: again.blob.size, small: small.size };
    });
    expect(result).toEqual({ kept: "original", size: result.small, small: result.small });
  });

  it("puts transparent pictures on the background", async () => {
    const result = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const preprocessor = await createPreprocessor();
      const canvas = new OffscreenCanvas(64, 64);
      const context = canvas.getContext("2d")!;
      context.fillStyle = "#00f";
      context.fillRect(0, 0, 32, 64);
      const file = await canvas.convertToBlob({ type: "image/png" });
      const middle = async (background?: string): Promise<unknown> => {
        const { plain, isFlattened } = await preprocessor.compress(file, { plain: true, background });
        const check = new OffscreenCanvas(64, 64).getContext("2d")!;
        check.drawImage(await createImageBitmap(plain), 0, 0);
        return [isFlattened, ...check.getImageData(56, 30, 1, 1).data];
      };
      return [await middle(), await middle("#ff0000"), await middle("rgba(0, 0, 0, 0)")];
    });
    expect(result[0]).toEqual([true, 255, 255, 255, 255]);
    expect(result[1]).toEqual([true, 254, 0, 0, 255]); // JPEG's colours round
    expect(result[2]).toEqual([true, 255, 255, 255, 255]);
  });

  it("works on several pictures at once, bitmaps and pixels too, and leaves them alone", async () => {
    const sizes = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const preprocessor = await createPreprocessor({ workers: 2 });
      const file = await (await fetch("/pictures/gb82_girl.webp")).blob();
      const bitmap = await createImageBitmap(file);
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d")!;
      context.drawImage(bitmap, 0, 0);
      const pixels = context.getImageData(0, 0, bitmap.width, bitmap.height);
      const results = await Promise.all([file, bitmap, pixels, file].map((picture) => preprocessor.compress(picture)));
      return [...results.map(({ blob }) => blob.size), bitmap.width, pixels.data.length];
    });
    expect(new Set(sizes.slice(0, 4)).size).toBe(1);
    expect(sizes.slice(4)).toEqual([576, 576 * 576 * 4]);
  });
});

describe("preprocess", () => {
  it("is the identity at strength 0, keeps alpha, and leaves its argument alone", async () => {
    const result = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const preprocessor = await createPreprocessor();
      const image = new ImageData(37, 21);
      for (let i = 0; i < image.data.length; i++) image.data[i] = (i * i * 31) % 256;
      const before = image.data.slice();
      const same = await preprocessor.preprocess(image, { quality: 50, strength: 0 });
      const edited = await preprocessor.preprocess(image, { quality: 10 });
      const differing = (a: Uint8ClampedArray, b: Uint8ClampedArray, alpha: boolean): number =>
        a.filter((value, i) => (i % 4 === 3) === alpha && value !== b[i]).length;
      return {
        size: [edited.width, edited.height],
        argument: differing(image.data, before, false) + differing(image.data, before, true),
        strength0: differing(same.data, before, false) + differing(same.data, before, true),
        alpha: differing(edited.data, before, true),
        isEdited: differing(edited.data, before, false) > 100,
      };
    });
    expect(result).toEqual({ size: [37, 21], argument: 0, strength0: 0, alpha: 0, isEdited: true });
  });

  it("shows no seams: strips give the pixels of the whole, on one thread and on two", async () => {
    const counts = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const bitmap = await createImageBitmap(await (await fetch("/pictures/gb82_city.webp")).blob());
      const context = new OffscreenCanvas(500, 333).getContext("2d")!;
      context.drawImage(bitmap, 0, 0);
      const image = context.getImageData(0, 0, 500, 333);
      const results: Uint8ClampedArray[] = [];
      for (const options of [{ tilePixels: 1 << 20 }, { tilePixels: 1 << 14 }, { threads: 2 }]) {
        const preprocessor = await createPreprocessor(options);
        results.push((await preprocessor.preprocess(image, { quality: 40 })).data);
        preprocessor.close();
      }
      return results.slice(1).map((data) => data.filter((value, i) => value !== results[0]![i]).length);
    });
    // Bit for bit: every output pixel sees the same inputs and sums them in the same order.
    expect(counts).toEqual([0, 0]);
  });

  it("needs no cross-origin isolation: as many threads, the same result", async () => {
    const run = (): Promise<{ isolated: boolean; threads: number; sum: number }> =>
      page.evaluate(async () => {
        const { createPreprocessor } = await load("/dist/index.js");
        const preprocessor = await createPreprocessor({ threads: 2 });
        const file = await (await fetch("/pictures/gb82_girl.webp")).blob();
        const { blob } = await preprocessor.compress(file);
        const sum = new Uint8Array(await blob.arrayBuffer()).reduce((a, b) => (a * 31 + b) % 1e9, 0);
        return { isolated: crossOriginIsolated, threads: preprocessor.threads, sum };
      });
    const isolated = await run();
    await page.close();
    page = await harness.open("/blank.html", false);
    const plain = await run();
    expect(isolated).toMatchObject({ isolated: true, threads: 2 });
    expect(plain).toEqual({ isolated: false, threads: 2, sum: isolated.sum });
  });
});

describe("carrier", () => {
  it("gives through an encoder of one's own what compress gives", async () => {
    const result = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const preprocessor = await createPreprocessor();
      const bitmap = await createImageBitmap(await (await fetch("/pictures/gb82_city.webp")).blob());
      const context = new OffscreenCanvas(203, 131).getContext("2d")!;
      context.drawImage(bitmap, 0, 0);
      const image = context.getImageData(0, 0, 203, 131);
      const carrier = await preprocessor.carrier(image, { quality: 60 });
      const canvas = new OffscreenCanvas(carrier.image.width, carrier.image.height);
      canvas.getContext("2d")!.putImageData(carrier.image, 0, 0);
      const encode = async (quality: number): Promise<ArrayBuffer> =>
        (await canvas.convertToBlob({ type: "image/jpeg", quality: quality / 100 })).arrayBuffer();
      const finished = new Uint8Array(carrier.finish(await encode(carrier.quality!)));
      const { blob, path } = await preprocessor.compress(image, { quality: 60, keepColorProfile: true });
      const compressed = new Uint8Array(await blob.arrayBuffer());
      const { encoderTables } = carrier;
      const fixed = await preprocessor.carrier(image, { quality: 60, encoderTables });
      let refused = "";
      try {
        carrier.finish(await encode(carrier.quality! - 5));
      } catch (error) {
        refused = (error as Error).message;
      }
      const wrong = { luma: [0], chroma: [] };
      return {
        path,
        isSame: compressed.length === finished.length && compressed.every((byte, i) => byte === finished[i]),
        size: [carrier.image.width, carrier.image.height, carrier.width, carrier.height, carrier.cutPixels],
        fixed: [fixed.quality, fixed.image.data.every((sample, i) => sample === carrier.image.data[i])],
        refused,
        wrong: await preprocessor.carrier(image, { quality: 60, encoderTables: wrong }).catch((error) => error.message),
      };
    });
    expect(result).toEqual({
      path: "carrier",
      isSame: true,
      size: [208, 144, 203, 131, expect.any(Number)],
      fixed: [undefined, true],
      refused: expect.stringMatching(/must have the luma table that its carrier was made for/),
      wrong: "`encoderTables.luma` must be 64 whole numbers from 1 to 255. Received: 1 values",
    });
  });
});
