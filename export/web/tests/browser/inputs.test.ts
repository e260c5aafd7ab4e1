/** What `compress` and `preprocess` take, and what becomes of it. */
import type { Page } from "playwright-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { useBrowser } from "./harness.js";

const harness = useBrowser();
let page: Page;
beforeEach(async () => void (page = await harness.open()));
afterEach(() => page.close());

describe("pictures", () => {
  it("of every kind give the same file; a File comes out as a File, closed ones are refused", async () => {
    const result = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const loaded: number[] = [];
      const preprocessor = await createPreprocessor({ onProgress: (fraction) => loaded.push(fraction) });
      const blob = await (await fetch("/pictures/gb82_girl.webp")).blob();
      const bitmap = await createImageBitmap(blob);
      const element = Object.assign(new Image(), { src: "/pictures/gb82_girl.webp" });
      const canvas = document.createElement("canvas");
      const offscreen = new OffscreenCanvas(bitmap.width, bitmap.height);
      canvas.width = canvas.height = bitmap.width;
      for (const target of [canvas, offscreen]) (target.getContext("2d") as CanvasRenderingContext2D).drawImage(bitmap, 0, 0);
      const frame = new VideoFrame(canvas, { timestamp: 0 });
      const response = await fetch("/pictures/gb82_girl.webp");
      const file = new File([blob], "girl.in.webp", { lastModified: 5 });
      const pictures = [blob, bitmap, element, canvas, offscreen, frame, response, await blob.arrayBuffer(), file];
      const results = await Promise.all(pictures.map((picture) => preprocessor.compress(picture)));
      const named = results.at(-1)!.blob as File;

      const closed = await createImageBitmap(blob);
      closed.close();
      const video = document.createElement("video");
      const refused = [closed, video, new ArrayBuffer(0), await fetch("/nothing"), response, { width: 1 } as ImageBitmap];
      const messages = [];
      for (const picture of refused) messages.push(await preprocessor.compress(picture).then(() => "fine", (error) => `${error.code ?? error.name}: ${error.message}`));
      return { sizes: results.map(({ blob }) => blob.size), named: [named.name, named.type, named.lastModified], messages, last: loaded.at(-1), steps: loaded.length };
    });
    expect(new Set(result.sizes).size).toBe(1);
    expect(result.named).toEqual(["girl.in.jpg", "image/jpeg", 5]);
    expect(result.messages).toEqual([
      expect.stringMatching(/^TypeError: `picture` must have pixels: a ImageBitmap that is empty, closed/),
      expect.stringMatching(/^TypeError: `picture` must have pixels: a HTMLVideoElement/),
      "TypeError: `picture` must have bytes: it is empty, or was sent away",
      expect.stringMatching(/^not-a-picture: http.*\/nothing gave HTTP 404$/),
      "TypeError: `picture` must be a Response that was not read yet",
      expect.stringMatching(/^TypeError: `picture` must be a Blob, .*Received: Object$/),
    ]);
    expect(result.last).toBe(1);
    expect(result.steps).toBeGreaterThan(1);
  });

  it("of another origin that may not be read are said to be such", async () => {
    const other = await harness.open("/blank.html", false);
    const message = await page.evaluate(async (address) => {
      const { createPreprocessor } = await load("/dist/index.js");
      const preprocessor = await createPreprocessor({ threads: 1 });
      const element = Object.assign(new Image(), { src: address });
      return preprocessor.compress(element).then(() => "fine", (error) => `${error.code ?? error.name}: ${error.message}`);
    }, harness.url.replace("127.0.0.1", "localhost") + "/pictures/gb82_girl.webp");
    await other.close();
    expect(message).toMatch(/from another origin without CORS|that is empty, closed or not loaded/);
  });
});

describe("results", () => {
  it("are JPEG files unless the original is wanted, as small as asked for, and end their progress at 1", async () => {
    const result = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const preprocessor = await createPreprocessor();
      const canvas = new OffscreenCanvas(64, 48);
      canvas.getContext("2d")!.fillRect(0, 0, 64, 48);
      const png = await canvas.convertToBlob({ type: "image/png" });
      const types = [];
      for (const allowOriginal of [false, true]) {
        const { blob, kept } = await preprocessor.compress(png, { allowOriginal });
        types.push([blob.type, kept]);
      }
      const photo = await (await fetch("/pictures/gb82_city.webp")).blob();
      const progress: number[] = [];
      const onProgress = (fraction: number): void => void progress.push(fraction);
      const scaled = await preprocessor.compress(photo, { maxWidth: 200, maxHeight: 1000, onProgress });
      const { width, height } = await createImageBitmap(scaled.blob);
      const decoded = new OffscreenCanvas(200, 200).getContext("2d")!;
      decoded.drawImage(await createImageBitmap(scaled.blob), 0, 0);
      const smooth = new OffscreenCanvas(200, 200).getContext("2d")!;
      smooth.imageSmoothingQuality = "high";
      smooth.drawImage(await createImageBitmap(photo), 0, 0, 200, 200);
      const [a, b] = [decoded, smooth].map((context) => context.getImageData(0, 0, 200, 200).data);
      const difference = Math.sqrt(a!.reduce((sum, value, i) => sum + (value - b![i]!) ** 2, 0) / a!.length);
      const small = await preprocessor.compress(photo, { maxWidth: 1000 });
      progress.push(-1);
      await preprocessor.compress(photo, { strength: 0, onProgress });
      const withProfile = await preprocessor.compress(photo, { keepColorProfile: true });
      preprocessor[Symbol.dispose]();
      const after = await preprocessor.compress(photo).catch((error) => error.code);
      const profileBytes = withProfile.blob.size - small.blob.size;
      return { types, size: [scaled.width, scaled.height, width, height], difference, whole: small.width, progress, profileBytes, after };
    });
    expect(result.types).toEqual([["image/jpeg", expect.stringMatching(/edited|plain/)], ["image/png", "original"]]);
    expect(result.size).toEqual([200, 200, 200, 200]);
    expect(result.difference).toBeLessThan(20); // the same picture; sharper than the canvas has it
    expect(result.whole).toBe(576);
    expect(result.progress[result.progress.indexOf(-1) - 1]).toBe(1);
    expect(result.progress.at(-1)).toBe(1);
    expect(result.profileBytes).toBeGreaterThan(300);
    expect(result.profileBytes).toBeLessThan(700);
    expect(result.after).toBe("closed");
  });

  it("say that an animation lost its other pictures, and turn WebP photos that the browser leaves lying", async () => {
    const result = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const preprocessor = await createPreprocessor();
      const pixel = [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0];
      const gif = (count: number): Blob => {
        const header = [...new TextEncoder().encode("GIF89a"), 1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255];
        return new Blob([Uint8Array.from([...header, ...Array.from({ length: count }, () => pixel).flat(), 0x3b])]);
      };
      const animated = [];
      for (const count of [1, 2]) animated.push((await preprocessor.compress(gif(count))).isAnimated);
      // 2 x 1 pixels, orientation 6; the second as PNG.
      const turned = [];
      for (const [base64, type] of [
        ["UklGRlIAAABXRUJQVlA4WAoAAAAIAAAAAQAAAAAAVlA4TBEAAAAvAQAAAAfQ//73v/+BiOh/AABFWElGGgAAAE1NACoAAAAIAAEBEgADAAAAAQAGAAAAAAAA", "image/webp"],
        ["iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAGmVYSWZNTQAqAAAACAABARIAAwAAAAEABgAAAAAAANZnS2kAAAAPSURBVHicY/z//z8DAwMADv8C/7jFnpkAAAAASUVORK5CYII=", "image/png"],
      ] as const) {
        const file = await (await fetch(`data:${type};base64,${base64}`)).blob();
        const { width, height } = await preprocessor.compress(file);
        turned.push([width, height]);
      }
      return { animated, turned };
    });
    expect(result).toEqual({ animated: [false, true], turned: [[1, 2], [1, 2]] });
  });
});

describe("preprocess", () => {
  it("keeps a wide color space, and takes floating-point samples for what they are", async () => {
    const result = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const preprocessor = await createPreprocessor();
      const wide = new ImageData(32, 32, { colorSpace: "display-p3" });
      for (let i = 0; i < wide.data.length; i++) wide.data[i] = i % 4 === 3 ? 255 : (i * 7) % 200;
      const options = { pixelFormat: "rgba-float16", colorSpace: "display-p3" } as ImageDataSettings;
      const float = new ImageData(32, 32, options);
      const samples = float.data as unknown as number[];
      for (let i = 0; i < samples.length; i++) samples[i] = wide.data[i]! / 255;
      const [a, b] = [await preprocessor.preprocess(wide, { quality: 60 }), await preprocessor.preprocess(float, { quality: 60 })];
      const [c, d] = [await preprocessor.compress(wide), await preprocessor.compress(float)];
      return {
        spaces: [a.colorSpace, b.colorSpace],
        isFloat: !((float.data as unknown) instanceof Uint8ClampedArray),
        differing: a.data.filter((value, i) => value !== b.data[i]).length,
        isEdited: a.data.some((value, i) => value !== wide.data[i]),
        sizes: c.blob.size - d.blob.size,
        isFlattened: d.isFlattened,
      };
    });
    expect(result).toEqual({ spaces: ["display-p3", "display-p3"], isFloat: true, differing: 0, isEdited: true, sizes: expect.any(Number), isFlattened: false });
    expect(Math.abs(result.sizes)).toBeLessThan(20);
  });
});

describe("loading", () => {
  it("is cancelled by its signal", async () => {
    const outcome = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const controller = new AbortController();
      const pending = createPreprocessor({ signal: controller.signal, onProgress: () => controller.abort(new Error("enough")) });
      const first = await pending.catch((error) => error.message);
      return [first, await createPreprocessor({ signal: AbortSignal.abort() }).catch((error) => error.name)];
    });
    expect(outcome).toEqual(["enough", "AbortError"]);
  });
});
