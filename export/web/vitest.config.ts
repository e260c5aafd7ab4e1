import { defineConfig } from "vitest/config";

const folder = process.env.JPEGPRE_CASES;
const include = ["tests/**/*.test.ts"];
/** They measure memory and pauses of the whole browser, which all files share. */
const alone = ["tests/browser/large.test.ts"];
const shared = {
  // About 3 s at most on free cores; the rest is for machines that do much else (see tests/browser/harness.ts).
  testTimeout: 210_000 + Number(process.env.JPEGPRE_TIMEOUT ?? 90_000),
  hookTimeout: 120_000,
};

export default defineConfig({
  test: {
    globalSetup: "tests/browser/start_browser.ts",
    projects: [
      { extends: true, test: { ...shared, name: "two at a time", include, exclude: alone, maxWorkers: 2, sequence: { groupOrder: 0 } } },
      { extends: true, test: { ...shared, name: "alone", include: alone, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
    // For tests/web/test_web.py, which checks that nothing was left out.
    ...(folder && { reporters: ["default", "json"], outputFile: { json: `${folder}/results.json` } }),
  },
});
