/** Broken files, hostile browsers, dying workers: a clear error each time, and the next picture works. */
import type { Page } from "playwright-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { useBrowser } from "./harness.js";

const harness = useBrowser();
let page: Page;
beforeEach(async () => void (page = await harness.open()));
afterEach(() => page.close());

/** Puts a script before the worker's own. */
async function prepend(script: string): Promise<void> {
  await page.route("**/dist/worker.js", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${script};\n${await response.text()}` });
  });
}

/** Compresses a good picture and returns "kept", or the error's code and message. */
function compressed(options: object = {}): Promise<string> {
  return page.evaluate(async (options) => {
    const { createPreprocessor } = await load("/dist/index.js");
    try {
      const preprocessor = await createPreprocessor(options);
      const file = await (await fetch("/pictures/gb82_girl.webp")).blob();
      const { kept } = await preprocessor.compress(await createImageBitmap(file, 200, 100, 160, 160));
      return kept;
    } catch (error) {
      return `${(error as { code: string }).code}: ${(error as Error).message}`;
    }
  }, options);
}

describe("files", () => {
  it("that are no pictures, damaged or too large are refused, and the next one works", async () => {
    const outcome = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const preprocessor = await createPreprocessor();
      const good = await (await fetch("/pictures/gb82_girl.webp")).blob();
      const { blob: jpeg } = await preprocessor.compress(good);
      const canvas = new OffscreenCanvas(9, 9);
      canvas.getContext("2d");
      const png = await canvas.convertToBlob();
      const huge = new Uint8Array(await png.arrayBuffer());
      new DataView(huge.buffer).setUint32(16, 70_000); // IHDR's width; its checksum no longer fits either
      const files = {
        empty: new Blob([]),
        text: new Blob(["just text"], { type: "text/plain" }),
        header: jpeg.slice(0, 200),
        drawing: new Blob(['<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>']),
        lyingPng: new Blob([huge], { type: "image/png" }),
      };
      const result: Record<string, string> = {};
      for (const [name, file] of Object.entries(files)) {
        result[name] = await preprocessor.compress(file).then(() => "fine", (error) => `${error.code}: ${error.message}`);
      }
      result.good = (await preprocessor.compress(good)).kept;
      return result;
    });
    expect(outcome.empty).toBe("not-a-picture: the file is empty");
    expect(outcome.text).toMatch(/^not-a-picture: this browser cannot open the file \(text\/plain\)/);
    expect(outcome.header).toMatch(/^not-a-picture: /);
    expect(outcome.drawing).toBe("not-a-picture: SVG files are drawings without pixels: draw it on a canvas, and give that");
    expect(outcome.lyingPng).toMatch(/^not-a-picture: /);
    expect(outcome.good).toBe("edited");
  });

  it("that were changed or removed after they were chosen are said to have been", async () => {
    const messages = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const preprocessor = await createPreprocessor({ threads: 1 });
      const photo = await (await fetch("/pictures/gb82_girl.webp")).blob();
      const folder = await navigator.storage.getDirectory();
      const handle = await folder.getFileHandle("photo.webp", { create: true });
      const write = async (content: Blob | string): Promise<void> => {
        const stream = await handle.createWritable();
        await stream.write(content);
        await stream.close();
      };
      const outcome = (file: File): Promise<string> =>
        preprocessor.compress(file).then(({ blob }) => (blob as File).name, (error) => `${error.code}: ${error.message}`);
      await write(photo);
      const chosen = await handle.getFile();
      const outcomes = [await outcome(chosen)];
      await write("another file");
      outcomes.push(await outcome(chosen));
      const again = await handle.getFile();
      await folder.removeEntry("photo.webp");
      return [...outcomes, await outcome(again)];
    });
    const reason = /^not-a-picture: the file cannot be read: it was changed, moved or deleted after it was chosen, or is a folder \(\w+\)$/;
    expect(messages).toEqual(["photo.jpg", expect.stringMatching(reason), expect.stringMatching(reason)]);
  });

  it("20,000 pixels wide work; what no canvas can hold is refused with its size", async () => {
    const outcome = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const preprocessor = await createPreprocessor();
      const striped = new ImageData(20_000, 24);
      for (let i = 0; i < striped.data.length; i++) striped.data[i] = i % 4 === 3 ? 255 : (i * 7) % 251;
      const wide = await preprocessor.compress(striped);
      const wider = await preprocessor
        .compress(new ImageData(70_000, 1))
        .then(() => "fine", (error) => `${error.code}: ${error.message}`);
      const good = await preprocessor.compress(await (await fetch("/pictures/gb82_girl.webp")).blob());
      return { wide: [wide.width, (await createImageBitmap(wide.blob)).width], wider, good: good.kept };
    });
    expect(outcome).toEqual({
      wide: [20_000, 20_000],
      wider: "too-large: 70000 x 1 pixels: a JPEG file holds at most 65535 a side",
      good: "edited",
    });
  });

  it("larger than the canvas are refused where the browser only hands out a dead canvas", async () => {
    // What Safari does above its limit: no exception, and every pixel reads as transparent black.
    await prepend(`
      const read = OffscreenCanvasRenderingContext2D.prototype.getImageData;
      OffscreenCanvasRenderingContext2D.prototype.getImageData = function (x, y, w, h, ...rest) {
        return this.canvas.width > 100 ? new ImageData(w, h) : read.call(this, x, y, w, h, ...rest);
      }`);
    expect(await compressed()).toBe("too-large: 160 x 160 pixels (0.026 MP) are more than this browser's canvas can hold");
  });
});

describe("a hostile browser", () => {
  it("that changes canvas reads is found out", async () => {
    await prepend(`
      const read = OffscreenCanvasRenderingContext2D.prototype.getImageData;
      OffscreenCanvasRenderingContext2D.prototype.getImageData = function (...where) {
        const image = read.apply(this, where);
        for (let i = 0; i < image.data.length; i += 97) image.data[i] ^= 1;
        return image;
      }`);
    expect(await compressed()).toMatch(/^canvas-blocked: this browser changes the pixels that pages read/);
  });

  it("without OffscreenCanvas is called too old", async () => {
    await page.evaluate("delete globalThis.OffscreenCanvas");
    expect(await compressed()).toBe("unsupported-browser: this is no browser, or too old a one: it has no OffscreenCanvas");
  });

  it("without SharedArrayBuffer works", async () => {
    await page.close();
    page = await harness.open("/blank.html", false);
    expect(await page.evaluate(() => typeof SharedArrayBuffer)).toBe("undefined");
    expect(await compressed()).toBe("edited");
  });
});

describe("a worker", () => {
  it("that crashes fails its job; the next one gets a new worker", async () => {
    await page.evaluate("globalThis.crashes = 1");
    await prepend(`
      self.addEventListener("message", ({ data }) => {
        if (data.kind === "compress" && data.strength === 0.5) setTimeout(() => { throw new Error("out of memory") });
      })`);
    const outcome = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const preprocessor = await createPreprocessor();
      const file = await (await fetch("/pictures/gb82_girl.webp")).blob();
      const crash = await preprocessor
        .compress(file, { strength: 0.5 })
        .then(() => "fine", (error) => `${error.code}: ${error.message}`);
      return [crash, (await preprocessor.compress(file)).kept];
    });
    expect(outcome[0]).toMatch(/^worker: the worker failed: .*out of memory/);
    expect(outcome[1]).toBe("edited");
  });

  // Twice more: where others use the machine too, the worker after it may be as silent while it starts.
  it("that dies without a word is given up after the time-out", { retry: 2 }, async () => {
    // self.close() is what a worker killed for memory looks like from the page: no event at all.
    await prepend(`
      self.addEventListener("message", ({ data }) => {
        if (data.kind === "compress" && data.strength === 0.5) self.close();
      })`);
    const outcome = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const preprocessor = await createPreprocessor({ timeoutSeconds: 8 });
      const file = await (await fetch("/pictures/gb82_girl.webp")).blob();
      const death = await preprocessor
        .compress(file, { strength: 0.5 })
        .then(() => "fine", (error) => `${error.code}: ${error.message}`);
      return [death, (await preprocessor.compress(new ImageData(16, 16))).width];
    });
    expect(outcome).toEqual([
      "worker: the worker did not answer for 8 seconds: the browser may have run out of memory",
      16,
    ]);
  });

  it("whose thread crashes or dies fails its job; the next one works", async () => {
    // Requests of a worker's own workers cannot be intercepted: they get a script that loads the real one.
    await prepend(`
      const Real = Worker;
      self.Worker = class extends Real {
        constructor(url, options) {
          const script = \`
            let held = [];
            self.addEventListener("message", (event) => {
              const strength = event.data.task?.strength;
              if (held) held.push(event.data);
              if (held || strength === 0.31 || strength === 0.32) event.stopImmediatePropagation();
              if (strength === 0.31) throw new Error("out of memory");
              if (strength === 0.32) self.close();
            });
            importScripts("\${url}");
            const early = held;
            held = undefined;
            for (const data of early) self.dispatchEvent(new MessageEvent("message", { data }));\`;
          super(URL.createObjectURL(new Blob([script], { type: "text/javascript" })), options);
        }
      }`);
    const outcome = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const preprocessor = await createPreprocessor({ threads: 2, timeoutSeconds: 8 });
      const image = new ImageData(64, 64);
      const outcome = [];
      for (const strength of [0.31, 1, 0.32, 1]) {
        const code = await preprocessor.preprocess(image, { quality: 50, strength }).then(() => "fine", (error) => error.code);
        outcome.push(code);
      }
      return outcome;
    });
    expect(outcome).toEqual(["worker", "fine", "worker", "fine"]);
  });

  it("that is not there is said by its address", async () => {
    await page.route("**/dist/worker.js", (route) => route.fulfill({ status: 404 }));
    expect(await compressed()).toMatch(/^worker: the worker http.*worker\.js cannot be loaded: if your bundler did not put it there, .*`assets`/);
  });
});

describe("a model", () => {
  it("that is another than described is refused", async () => {
    await page.route("**/*.bin", (route) => route.fulfill({ body: "something else" }));
    expect(await compressed()).toMatch(/^model: the model http.*\.bin is not the described one: expected sha256 /);
  });

  it("that is not there is said by its address", async () => {
    await page.route("**/*.bin", (route) => route.fulfill({ status: 404 }));
    expect(await compressed()).toMatch(/^model: cannot load the model http.*\.bin \(HTTP 404\)/);
  });
});

describe("close", () => {
  it("fails what is under way, and later calls", async () => {
    const codes = await page.evaluate(async () => {
      const { createPreprocessor } = await load("/dist/index.js");
      const preprocessor = await createPreprocessor();
      const pending = preprocessor.compress(new ImageData(2000, 2000));
      preprocessor.close();
      const code = (promise: Promise<unknown>): Promise<string> => promise.then(() => "fine", (error) => error.code);
      return [await code(pending), await code(preprocessor.compress(new ImageData(1, 1)))];
    });
    expect(codes).toEqual(["closed", "closed"]);
  });
});
