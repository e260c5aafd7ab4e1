/** The kernel's parts against plain arithmetic, and its reader of model files against files that are none. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

import { JpegpreError } from "../../src/errors.js";
import { readInt8Model, type Convolution } from "../../src/worker/kernel/int8_model.js";
import { fits } from "../../src/worker/kernel/layers.js";
import { Memory } from "../../src/worker/kernel/memory.js";
import { packed } from "../../src/worker/kernel/weights.js";

const wasm = readFileSync(new URL("../../src/kernel/kernel.wasm", import.meta.url));
// As in scripts/models.mjs.
const models = process.env.JPEGPRE_MODELS ?? fileURLToPath(new URL("../../../models", import.meta.url));
const onnx = (name: string): Uint8Array => new Uint8Array(readFileSync(`${models}/balanced/onnx/${name}.onnx`));

/** Whole numbers from -most to most, many of them extreme. */
function numbers(count: number, most: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    const value = ((state >> 8) % (2 * most + 1)) - most;
    return state % 3 === 0 ? Math.sign(value) * most : value;
  });
}

describe("a 3x3 convolution by Winograd's way", () => {
  // Widths around the 16 tiles that are done at once; odd counts of tiles.
  for (const [columns, inputs, outputs] of [[2, 64, 64], [6, 32, 48], [34, 64, 32], [64, 192, 16]] as const) {
    it(`is exact: ${columns} columns, ${inputs} inputs, ${outputs} outputs`, () => {
      const weights = Int8Array.from(numbers(outputs * inputs * 9, 127, 1));
      const padded = numbers(4 * (columns + 2) * inputs, 255, 2);
      const sum = (row: number, column: number, output: number): number => {
        let total = 0;
        for (let tap = 0; tap < 9; tap++) {
          const at = ((row + Math.floor(tap / 3)) * (columns + 2) + column + (tap % 3)) * inputs;
          for (let input = 0; input < inputs; input++) total += padded[at + input]! * weights[(output * inputs + input) * 9 + tap]!;
        }
        return total;
      };
      // The result is clipped to 0..255: biases bring one position's sum to 100, where one more or less would show.
      const where = Array.from({ length: outputs }, (_, output) => [output % 2, (output * 7) % columns] as const);
      const bias = Int32Array.from(where, ([row, column], output) => 100 - sum(row, column, output));

      const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm));
      const { memory: raw, __heap_base: base, product_3x3_scaled: run } = instance.exports as unknown as {
        memory: WebAssembly.Memory;
        __heap_base: WebAssembly.Global;
        product_3x3_scaled(...numbers: number[]): void;
      };
      const memory = new Memory(raw, base.value as number);
      const product = memory.allocate(48);
      const [at, biases, ones, input, to, scratch] = [
        outputs * inputs * 32,
        outputs * 4,
        outputs * 4,
        padded.length * 2,
        2 * columns * outputs * 2,
        16 * 16 * (2 * inputs + 64),
      ].map((size) => memory.allocate(size)) as [number, number, number, number, number, number];
      const same = (channel: number): number => channel;
      memory.shorts.set(packed({ weights, inputs, outputs, side: 3 } as unknown as Convolution, same, same), at / 2);
      memory.words.set(bias, biases / 4);
      memory.floats.fill(1, ones / 4, ones / 4 + outputs);
      memory.shorts.set(padded, input / 2);
      memory.words.set([at, biases, inputs, outputs, ones, ones], product / 4);
      memory.floats.set([0, 255], product / 4 + 6);
      run(product, input, (columns + 2) * inputs, to, columns / 2, scratch);

      for (let row = 0; row < 2; row++) {
        for (let column = 0; column < columns; column++) {
          const from = to / 2 + (row * columns + column) * outputs;
          const received = Array.from(memory.shorts.subarray(from, from + outputs));
          const expected = received.map((_, output) => Math.min(255, Math.max(0, sum(row, column, output) + bias[output]!)));
          expect(received).toEqual(expected);
        }
      }
      expect(where.every(([row, column], output) => memory.shorts[to / 2 + (row * columns + column) * outputs + output] === 100)).toBe(true);
    });
  }
});

describe("readInt8Model", () => {
  it("knows the shipped network, and that others are not of its kind", () => {
    const model = readInt8Model(onnx("int8"))!;
    expect(fits(model)).toBe(true);
    expect(model.luma.input.convolution).toMatchObject({ inputs: 128, outputs: 64, side: 1 });
    expect([model.luma.spatial.length, model.luma.mixing.length, model.chroma.mixing.length]).toEqual([1, 2, 2]);
    expect(model.headroom).toEqual({ reach: Math.fround(0.05), leastReach: 0.125, mostInReach: 19 });
    expect(readInt8Model(onnx("fp32"))).toBeUndefined();
    const wide = { ...model.luma.input, convolution: { ...model.luma.input.convolution, outputs: 72 } };
    expect(fits({ ...model, luma: { ...model.luma, input: wide } })).toBe(false);
  });

  it("leaves files alone that treat blocks near white or black another way", () => {
    // Parts of the graph by their bytes, each there once: the reach's 64 weights, the distance of white and black from the middle,
    // and the first of the weights that count pixels.
    const floats = (...values: number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);
    const counts = floats(...Array.from({ length: 96 }, (_, i) => (i % 6 < 4 ? 1 : 0)));
    for (const part of [floats(...new Array<number>(64).fill(0.05)), floats(127.5), counts]) {
      const content = Buffer.from(onnx("int8"));
      const at = content.indexOf(part);
      expect([at > 0, content.indexOf(part, at + 1)]).toEqual([true, -1]);
      floats(2).copy(content, at);
      expect(readInt8Model(content)).toBeUndefined();
    }
    expect(readInt8Model(onnx("int8"))).toBeDefined();
  });

  it("survives damaged files: says so, or does not know them", () => {
    const whole = onnx("int8");
    const outcome = (content: Uint8Array): string => {
      try {
        return readInt8Model(content) === undefined ? "unknown" : "known";
      } catch (error) {
        if (!(error instanceof JpegpreError)) throw error;
        return error.code;
      }
    };
    expect(outcome(new Uint8Array(0))).toBe("model");
    expect(outcome(new TextEncoder().encode("something else"))).toBe("model");
    for (let length = 1; length < whole.length; length += 9973) expect(outcome(whole.subarray(0, length))).toBe("model");
    let state = 7;
    for (let round = 0; round < 200; round++) {
      const content = whole.slice();
      for (let i = 0; i < 4; i++) {
        state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
        content[(state >> 4) % content.length] = state & 255;
      }
      expect(["model", "unknown", "known"]).toContain(outcome(content));
    }
  });
});
