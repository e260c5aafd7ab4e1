/** What is done to JPEG files' bytes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { tablesOf } from "../../src/jpeg/encoder_tables.js";
import { finish } from "../../src/jpeg/finish.js";
import { readFrame } from "../../src/jpeg/frame.js";
import { decodingTable, encodingTable, optimalCode } from "../../src/jpeg/huffman.js";
import { reoptimized } from "../../src/jpeg/reoptimize.js";
import { joined, latin, segment, segments } from "../../src/jpeg/segments.js";
import { stripJpeg } from "../../src/worker/metadata.js";

const folder = process.env.JPEGPRE_CASES;
const file = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(join(folder!, name)));

describe("Huffman codes", () => {
  it("are those that writing and reading agree on, never longer than 16 bits, never of ones alone", () => {
    const rare = Array.from({ length: 256 }, (_, i) => (i < 40 ? Math.round(1.6 ** i) : 0)); // unlimited, up to 39 bits
    for (const frequencies of [rare, [5], [0, 1, 1], Array.from({ length: 256 }, (_, i) => 1 + (i % 7))]) {
      const all = Array.from({ length: 256 }, (_, i) => frequencies[i] ?? 0);
      const code = optimalCode(all);
      expect(new Set(code.symbols)).toEqual(new Set(all.flatMap((count, symbol) => (count ? [symbol] : []))));
      const [reading, writing] = [decodingTable(code), encodingTable(code)];
      for (const symbol of code.symbols) {
        const length = writing[symbol]! & 31;
        const bits = writing[symbol]! >>> 5;
        expect(length).toBeLessThanOrEqual(16);
        expect(bits).toBeLessThan((1 << length) - 1);
        expect(reading[bits << (16 - length)]).toBe((length << 8) | symbol);
      }
    }
  });

  // tests/web/test_web.py writes both with libjpeg-turbo.
  it.skipIf(!folder)("of a file with the standard's become those that libjpeg-turbo finds best", () => {
    for (const name of ["color", "gray", "whole"]) {
      const [standard, best] = [file(`${name}-standard.jpg`), file(`${name}-optimized.jpg`)];
      const ours = reoptimized(standard)!;
      const scan = (jpeg: Uint8Array): Uint8Array => {
        const { from, to } = readFrame(jpeg).scans[0]!;
        return jpeg.slice(from, to);
      };
      expect(Buffer.compare(scan(ours), scan(best)), name).toBe(0);
      expect(ours.length).toBeLessThanOrEqual(best.length);
      expect(reoptimized(ours)).toBeUndefined();
      expect(reoptimized(best)).toBeUndefined();
    }
  });

  it.skipIf(!folder)("of damaged, progressive and other files are left alone", () => {
    const standard = file("color-standard.jpg");
    for (let cut = 2; cut < standard.length; cut += 97) expect(reoptimized(standard.slice(0, cut))).toBeUndefined();
    expect(reoptimized(file("progressive.jpg"))).toBeUndefined();
    expect(reoptimized(new Uint8Array(9))).toBeUndefined();
    for (let at = 300; at < standard.length; at += 61) {
      const damaged = standard.slice();
      damaged[at]! ^= 0x5a;
      reoptimized(damaged); // neither throws nor hangs
    }
  });
});

describe.skipIf(!folder)("finish", () => {
  const target = { luma: Array.from({ length: 64 }, (_, i) => 3 + i), chroma: Array.from({ length: 64 }, (_, i) => 70 - i) };

  it("writes tables and size, and nothing else", () => {
    const jpeg = file("whole-standard.jpg"); // 256 x 192
    const done = finish(jpeg, tablesOf(jpeg)!, target, 250, 177);
    expect(tablesOf(done)).toEqual(target);
    expect(readFrame(done)).toMatchObject({ width: 250, height: 177 });
    const differing = done.reduce<number[]>((found, byte, i) => (byte === jpeg[i] ? found : [...found, i]), []);
    const { tables, start } = readFrame(jpeg);
    const isAllowed = (at: number): boolean =>
      (at > start && at < start + 5) || [...tables.values()].some((table) => at >= table.start && at < table.start + 64);
    expect(differing.filter((at) => !isAllowed(at))).toEqual([]);
    expect(done.length).toBe(jpeg.length);
  });

  // tests/web/test_web.py finishes them in Python.
  it.each([[248, 192], [250, 177], [243, 180]])("writes luma's scans of progressive files of %i x %i as Python does", (width, height) => {
    const jpeg = file(`carrier-${width}x${height}.jpg`);
    expect(finish(jpeg, tablesOf(jpeg)!, target, width, height)).toEqual(file(`finished-${width}x${height}.jpg`));
  });

  it("refuses progressive files that are damaged, or have restart markers", () => {
    const jpeg = file("progressive.jpg");
    const encoder = tablesOf(jpeg)!;
    const scans = readFrame(jpeg).scans;
    const broken = jpeg.slice();
    broken.fill(0xfe, scans[1]!.from + 20, scans[1]!.to);
    expect(() => finish(broken, encoder, target, 250, 177)).toThrow(/damaged scan/);
    const restarts = joined([jpeg.subarray(0, 2), segment(0xdd, Uint8Array.of(0, 8)), jpeg.subarray(2)]);
    expect(() => finish(restarts, encoder, target, 250, 177)).toThrow(/without restart markers/);
    expect(finish(restarts, encoder, target, 252, 190).length).toBe(restarts.length);
  });

  it("refuses what is not the file that it expects", () => {
    const jpeg = file("whole-standard.jpg");
    const encoder = tablesOf(jpeg)!;
    const other = { ...encoder, luma: encoder.luma.map((entry) => Math.min(255, entry + 1)) };
    expect(() => finish(jpeg, other, target, 250, 177)).toThrow(/must have the luma table that its carrier was made for/);
    expect(() => finish(jpeg, encoder, target, 240, 177)).toThrow(/must be 240 pixels wide and 192 high.*Received: 256x192/);
    expect(() => finish(jpeg, encoder, { ...target, luma: [0] }, 250, 177)).toThrow(/`target.luma` must be 64 whole numbers/);
    expect(() => finish(file("full-color.jpg"), encoder, target, 250, 177)).toThrow(/must be 4:2:0. Received: sampling factors 1x1/);
    expect(() => finish(jpeg.slice(0, 30), encoder, target, 250, 177)).toThrow(RangeError);
    expect(() => finish(latin("no picture"), encoder, target, 250, 177)).toThrow("the file is no JPEG file");
  });
});

describe("stripJpeg", () => {
  const exif = segment(0xe1, latin("Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"));
  const start = Uint8Array.of(0xff, 0xd8);
  const end = Uint8Array.of(0xff, 0xd9);
  const scan = joined([segment(0xda, Uint8Array.of(1, 1, 0, 0, 63, 0)), Uint8Array.of(1, 2, 0xff, 0, 3)]);

  it("takes metadata out wherever it is, and what lies between and behind", () => {
    const hidden = joined([start, Uint8Array.of(0, 0, 0), exif, Uint8Array.of(0xff, 0xd0), exif, scan, exif, scan, end, latin("video")]);
    expect(stripJpeg(hidden)).toEqual(joined([start, scan, scan, end]));
  });

  it("leaves JFIF without thumbnails", () => {
    const jfif = latin("JFIF\0\x01\x01\0\0\x48\0\x48");
    const withThumbnail = joined([start, segment(0xe0, joined([jfif, Uint8Array.of(1, 1, 9, 9, 9)])), segment(0xe0, latin("JFXX\0\x13\x01\x01\x09\x09\x09")), scan, end]);
    const [first] = [...segments(stripJpeg(withThumbnail))];
    expect(first!.payload).toEqual(joined([jfif, Uint8Array.of(0, 0)]));
    expect(stripJpeg(withThumbnail).length).toBe(2 + 18 + scan.length + 2);
  });
});
