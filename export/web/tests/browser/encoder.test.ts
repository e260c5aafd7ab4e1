/** The browser's own encoder, as carriers use it: its tables are read, and its files finished. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

import type * as EncoderTables from "../../src/jpeg/encoder_tables.js";
import type * as Finish from "../../src/jpeg/finish.js";
import type * as Reoptimize from "../../src/jpeg/reoptimize.js";
import { standardTables } from "../../src/jpeg/standard_tables.js";
import { useBrowser } from "./harness.js";

const harness = useBrowser();

describe("the browser's encoder", () => {
  it("uses Annex K's tables, and its files carry other ones and a smaller size once finished", async () => {
    const names = ["encoder_tables", "finish", "reoptimize"];
    const contents = names.map((name) => `export * from "./src/jpeg/${name}.ts";`).join("\n");
    const resolveDir = fileURLToPath(new URL("../..", import.meta.url));
    const { outputFiles } = await build({ stdin: { contents, resolveDir }, bundle: true, format: "iife", globalName: "tools", write: false });
    const page = await harness.open();
    await page.evaluate(`${outputFiles[0]!.text}; globalThis.tools = tools; undefined`);
    const result = await page.evaluate(async () => {
      const { tools } = globalThis as unknown as { tools: typeof EncoderTables & typeof Finish & typeof Reoptimize };
      const tables = await Promise.all([50, 90].map((quality) => tools.encoderTables(quality)));
      const canvas = new OffscreenCanvas(64, 48);
      const context = canvas.getContext("2d")!;
      for (let y = 0; y < 48; y++) {
        for (let x = 0; x < 64; x++) {
          context.fillStyle = `rgb(${64 + 2 * x} ${150 - y} ${(x * y) % 200})`;
          context.fillRect(x, y, 1, 1);
        }
      }
      const jpeg = new Uint8Array(await (await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 })).arrayBuffer());
      const once = tools.finish(jpeg, tables[1]!, tables[0]!, 57, 33);
      const bitmap = await createImageBitmap(new Blob([once]));
      const back = tools.finish(tools.finish(jpeg, tables[1]!, tables[0]!, 64, 48), tables[0]!, tables[1]!, 64, 48);
      return {
        tables,
        full: await tools.encoderTables(100),
        size: [bitmap.width, bitmap.height],
        isBack: back.every((byte, i) => byte === jpeg[i]),
        isOptimal: tools.reoptimized(jpeg) === undefined,
      };
    });
    expect(result.tables).toEqual([50, 90].map((quality) => standardTables(quality)));
    expect(result.full).toBeUndefined(); // Chromium writes 4:4:4 there
    expect(result.size).toEqual([57, 33]);
    expect(result.isBack).toBe(true);
    expect(result.isOptimal).toBe(true);
  });
});
