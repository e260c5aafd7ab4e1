/** The models' tables by quality against Python's; tests/web/test_web.py writes them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { tunedTables, type TablesFile } from "../../src/jpeg/tuned_tables.js";

const folder = process.env.JPEGPRE_CASES;

interface Case {
  profile: string;
  file: TablesFile;
  /** Luma and chroma of qualities 1, 2, ... 100. */
  expected: number[][][];
}

describe.skipIf(!folder)("a model's tables", () => {
  it("are Python's at every quality, of every profile", () => {
    const cases = JSON.parse(readFileSync(join(folder!, "tuned_tables.json"), "utf8")) as Case[];
    expect(cases.length).toBeGreaterThan(0);
    for (const { profile, file, expected } of cases) {
      expect(expected).toHaveLength(100);
      for (const [i, [luma, chroma]] of expected.entries()) expect(tunedTables(file, i + 1), `${profile}, ${i + 1}`).toEqual({ luma, chroma });
    }
  });

  it("are other ones where the file says otherwise", () => {
    const [{ file }] = JSON.parse(readFileSync(join(folder!, "tuned_tables.json"), "utf8")) as [Case];
    const doubled = { ...file, log_factors: file.log_factors.map((node) => node.map((table) => table.map((value) => value + Math.log(2)))) };
    const [once, twice] = [tunedTables(file, 40), tunedTables(doubled, 40)];
    expect(twice.luma.every((step, i) => Math.abs(step - Math.min(255, 2 * once.luma[i]!)) <= 1)).toBe(true);
  });
});
