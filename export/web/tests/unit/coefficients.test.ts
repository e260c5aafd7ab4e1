/** Coefficients: read from files, and cut into rows. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { countWrong, readCoefficients } from "../../src/jpeg/read_coefficients.js";
import { emptyCoefficients, rowsOf, sampleRows, setRows } from "../../src/worker/coefficients.js";

const folder = process.env.JPEGPRE_CASES;
const file = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder!, name)));

describe("rows of coefficients", () => {
  it("are put back where they were taken from, also the last, which are not whole", () => {
    const whole = emptyCoefficients(37, 90);
    for (const plane of [whole.luma, whole.cb, whole.cr]) plane.forEach((_, i) => (plane[i] = i % 30_000));
    const copy = emptyCoefficients(37, 90);
    for (const [first, end] of [[0, 2], [2, 3], [3, 6]] as const) setRows(copy, rowsOf(whole, first, end), first);
    expect(copy).toEqual(whole);
    expect(rowsOf(whole, 3, 6).height).toBe(42);
  });

  it("of large pictures are sampled evenly", () => {
    const whole = emptyCoefficients(2048, 1040); // 4 times as many pixels as are wanted
    whole.cb.forEach((_, i) => (whole.cb[i] = Math.floor(i / (128 * 64))));
    const sample = sampleRows(whole);
    expect(sample.height).toBe(17 * 16);
    expect(Array.from({ length: 17 }, (_, i) => sample.cb[i * 128 * 64])).toEqual(Array.from({ length: 17 }, (_, i) => 4 * i));
    const small = emptyCoefficients(64, 64);
    expect(sampleRows(small)).toBe(small);
  });
});

// tests/web/test_web.py writes the files, and what its own reader finds in them.
describe.skipIf(!folder)("readCoefficients", () => {
  it("finds what Python finds", () => {
    const expected = JSON.parse(readFileSync(join(folder!, "coefficients.json"), "utf8")) as number[][];
    const { luma, cb, cr } = readCoefficients(file("whole-optimized.jpg"))!;
    expect([luma, cb, cr].map((plane) => [...plane])).toEqual(expected);
  });

  it("is agreed with by countWrong, which leaves out blocks that complete MCUs", () => {
    const jpeg = file("whole-optimized.jpg"); // 256 x 192
    const found = readCoefficients(jpeg)!;
    const wanted = emptyCoefficients(248, 187);
    for (let row = 0; row < 24; row++) wanted.luma.set(found.luma.subarray(row * 32 * 64, (row * 32 + 31) * 64), row * 31 * 64);
    wanted.cb.set(found.cb);
    wanted.cr.set(found.cr);
    expect(countWrong(jpeg, wanted)).toBe(0);
    const [zero, other] = [wanted.luma.indexOf(0), wanted.luma.findIndex((value) => value > 1)];
    wanted.luma[zero] = -1;
    wanted.luma[other]!--;
    wanted.cb[wanted.cb.findIndex((value) => value !== 0)] = 0;
    expect(countWrong(jpeg, wanted)).toBe(3);
    expect(countWrong(jpeg, emptyCoefficients(240, 187))).toBeUndefined();
  });

  it("leaves other files alone, and survives damaged ones", () => {
    for (const name of ["progressive.jpg", "full-color.jpg", "color-standard.jpg"]) expect(readCoefficients(file(name))).toBeUndefined();
    const whole = file("whole-standard.jpg");
    for (let at = 200; at < whole.length; at += 61) {
      const damaged = whole.slice();
      damaged[at]! ^= 0x5a;
      readCoefficients(damaged); // neither throws nor hangs
    }
  });
});
