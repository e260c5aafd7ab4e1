/** Wrong arguments of every function, and odd ones that are right. */
import type { Page } from "playwright-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { useBrowser } from "./harness.js";

const harness = useBrowser();
let page: Page;
beforeEach(async () => void (page = await harness.open()));
afterEach(() => page.close());

describe("wrong arguments", () => {
  it("are refused by name, with what was received, on one short line", async () => {
    const messages = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const preprocessor = await createPreprocessor({ threads: 1 });
      const blob = new Blob();
      const image = new ImageData(8, 8);
      const carrier = await preprocessor.carrier(image, { quality: 75 });
      const entries = new Array(64).fill(3);
      const tables = (luma: unknown): object => ({ quality: 75, encoderTables: { luma, chroma: entries } });
      const bad: [expected: string, call: () => unknown][] = [
        ["RangeError: `profile` must be one of balanced, fidelity, perceptual. Received: nope", () => createPreprocessor({ profile: "nope" })],
        ["TypeError: `profile` must be a string. Received: number 5", () => createPreprocessor({ profile: 5 } as object)],
        ["RangeError: `backend` must be auto or wasm. Received: webgpu", () => createPreprocessor({ backend: "webgpu" } as object)],
        ["RangeError: `backend` must be auto or wasm. Received: Object", () => createPreprocessor({ backend: {} } as object)],
        [
          "TypeError: `precision` is no option here. Known are assets, backend, onProgress, profile, signal, threads, tilePixels, timeoutSeconds, workers",
          () => createPreprocessor({ precision: "fp32" } as object),
        ],
        ["TypeError: options must be an object. Received: string fidelity", () => createPreprocessor("fidelity" as never)],
        ["TypeError: `signal` must be an AbortSignal. Received: Object", () => createPreprocessor({ signal: {} } as object)],
        ["RangeError: `threads` must be from 1 to 64. Received: 0", () => createPreprocessor({ threads: 0 })],
        ["RangeError: `threads` must be a whole number from 1 to 64. Received: 1.5", () => createPreprocessor({ threads: 1.5 })],
        ["TypeError: `assets` must be the URL of a folder. Received: number 5", () => createPreprocessor({ assets: 5 } as object)],
        ["TypeError: `assets` must be the URL of a folder. Received: data:,x", () => createPreprocessor({ assets: "data:,x" })],
        ["TypeError: options must be an object. Received: number 75", () => preprocessor.compress(blob, 75 as never)],
        ["RangeError: `quality` must be from 1 to 100. Received: 101", () => preprocessor.compress(blob, { quality: 101 })],
        ["TypeError: `quality` must be a number from 1 to 100. Received: string 80", () => preprocessor.compress(blob, { quality: "80" } as object)],
        ["TypeError: give either `quality` or `maxBytes`, not both", () => preprocessor.compress(blob, { quality: 50, maxBytes: 10 })],
        ["RangeError: `maxBytes` must be a whole number, 1 or more. Received: 0", () => preprocessor.compress(blob, { maxBytes: 0 })],
        ["TypeError: `maxWidth` must be a whole number, 1 or more. Received: string 9", () => preprocessor.compress(blob, { maxWidth: "9" } as object)],
        ["RangeError: `maxHeight` must be a whole number, 1 or more. Received: Infinity", () => preprocessor.compress(blob, { maxHeight: Infinity })],
        ["RangeError: `strength` must be from 0 to 1. Received: NaN", () => preprocessor.compress(blob, { strength: NaN })],
        ["TypeError: `plain` must be true or false. Received: number 1", () => preprocessor.compress(blob, { plain: 1 } as object)],
        ["RangeError: `background` must be a CSS color. Received: whitish", () => preprocessor.compress(blob, { background: "whitish" })],
        ["TypeError: `image` must be ImageData. Received: Object", () => preprocessor.preprocess({} as ImageData, { quality: 50 })],
        ["TypeError: `quality` must be a number from 1 to 100. Received: undefined", () => preprocessor.preprocess(image, undefined!)],
        ["RangeError: `encoderTables.luma` must be 64 whole numbers from 1 to 255. Received: string x", () => preprocessor.carrier(image, tables("x") as never)],
        ["RangeError: `encoderTables.luma` must be 64 whole numbers from 1 to 255. Received: number 0 at position 1", () => preprocessor.carrier(image, tables([1, 0, ...entries.slice(2)]) as never)],
        ["RangeError: `encoderTables.luma` must be 64 whole numbers from 1 to 255. Received: undefined", () => preprocessor.carrier(image, { quality: 75, encoderTables: 5 as never })],
        ["TypeError: `jpeg` must be a Uint8Array or ArrayBuffer. Received: Blob", () => carrier.finish(blob as never)],
        ["TypeError: `jpeg` must be a Uint8Array or ArrayBuffer. Received: undefined", () => carrier.finish(undefined!)],
        ["RangeError: the file is no JPEG file", () => carrier.finish(new Uint8Array(50))],
      ];
      const outcomes = [];
      for (const [expected, call] of bad) {
        const outcome = await Promise.resolve().then(call).then(() => "accepted", (error) => `${error.name}: ${error.message}`);
        if (outcome !== expected) outcomes.push([expected, outcome]);
      }
      const pictures = ["x", "data:image/png;base64," + "A".repeat(5000), "a\nb", undefined, null, [blob], new SharedArrayBuffer(4)];
      const refused = [];
      for (const picture of pictures) refused.push(await preprocessor.compress(picture as unknown as Blob).catch((error) => error.message.split("Received: ")[1]));
      return { outcomes, refused };
    });
    expect(messages.outcomes).toEqual([]);
    const start = "data:image/png;base64," + "A".repeat(38);
    expect(messages.refused).toEqual(["string x", `string ${start}… (5022 characters)`, "string a b", "undefined", "null", "Array", "SharedArrayBuffer"]);
  });

  it("fail their own call alone: pixels that were sent away, a progress function that throws", async () => {
    const workers = page.workers().length;
    const result = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const thrown = await createPreprocessor({ onProgress: (fraction) => { if (fraction === 1) throw new Error("mine"); } }).catch((error) => error.message);
      const preprocessor = await createPreprocessor({ threads: 1 });
      const gone = new ImageData(8, 8);
      structuredClone(gone.data.buffer, { transfer: [gone.data.buffer] });
      const other = preprocessor.compress(new ImageData(600, 600));
      const options = { quality: 75 };
      const calls = [() => preprocessor.compress(gone), () => preprocessor.preprocess(gone, options), () => preprocessor.carrier(gone, options)];
      const refused = [];
      for (const call of calls) refused.push(await call().then(() => "accepted", (error) => `${error.name}: ${error.message}`));
      const width = await other.then((result) => result.width, (error) => error.message);
      preprocessor.close();
      return { thrown, refused, width };
    });
    expect(result.thrown).toBe("mine");
    expect(result.refused).toEqual(["picture", "image", "image"].map((name) => `TypeError: \`${name}\` must have pixels: those of this ImageData were sent away`));
    expect(result.width).toBe(600);
    // Nobody got the first preprocessor to close it: its worker must not go on.
    await expect.poll(() => page.workers().length).toBe(workers);
  });
});

describe("odd arguments", () => {
  it("that are right are taken: null for nothing, objects of another window, bytes of shared or growing memory", async () => {
    const result = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const frame = document.body.appendChild(document.createElement("iframe"));
      const other = frame.contentWindow as unknown as typeof globalThis;
      const none = { profile: null, assets: null, signal: null, onProgress: null } as object;
      const preprocessor = await createPreprocessor({ ...none, threads: 1 });
      const isNull = { quality: 60, maxBytes: null, maxWidth: null, signal: null, background: null } as object;
      const photo = await (await fetch("/pictures/gb82_girl.webp")).arrayBuffer();
      const size = (picture: unknown): Promise<number> => preprocessor.compress(picture as Blob, isNull).then(({ blob }) => blob.size);
      const copy = (memory: ArrayBufferLike, length = photo.byteLength): Uint8Array => {
        const view = new Uint8Array(memory, 0, length);
        view.set(new Uint8Array(photo));
        return view;
      };
      const Growing = ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer;
      const growing = new Growing(photo.byteLength, { maxByteLength: 2 * photo.byteLength });
      const foreign = new other.ArrayBuffer(photo.byteLength);
      const sizes = [await size(photo), await size(copy(new SharedArrayBuffer(photo.byteLength + 9))), await size(copy(growing)), (copy(foreign), await size(foreign))];

      const own = new ImageData(32, 32);
      for (let i = 0; i < own.data.length; i++) own.data[i] = i % 4 === 3 ? 255 : (i * 7) % 251;
      const theirs = new other.ImageData(32, 32);
      theirs.data.set(own.data);
      const signal = new other.AbortController().signal;
      const [a, b] = [await preprocessor.preprocess(own, { quality: 60 }), await preprocessor.preprocess(theirs, { quality: 60, signal })];
      const colors = [];
      for (const background of ["red", "#12345678", "rgb(1 2 3 / 50%)", "hsl(120deg 50% 50%)", "transparent"]) {
        colors.push((await preprocessor.compress(new ImageData(8, 8), { background })).isFlattened);
      }
      preprocessor.close();
      const located = [];
      for (const assets of ["/dist", "/dist/?version=3", "/dist#x", new URL("/dist/", location.href)]) {
        located.push(await createPreprocessor({ assets, threads: 1 }).then((opened) => opened.close(), (error) => error.message));
      }
      return { sizes, isSame: a.data.every((level, i) => level === b.data[i]), colors, located };
    });
    expect(new Set(result.sizes).size).toBe(1);
    expect(result.sizes[0]).toBeGreaterThan(10_000);
    expect(result.isSame).toBe(true);
    expect(result.colors).toEqual([true, true, true, true, true]);
    expect(result.located).toEqual([undefined, undefined, undefined, undefined]);
  });
});
