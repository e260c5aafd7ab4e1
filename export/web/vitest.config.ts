import { defineConfig } from "vitest/config";

const folder = process.env.JPEGPRE_CASES;

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    // Browsers are started once per file; two cores carry one of them well.
    fileParallelism: false,
    // About 3 s at most on free cores; the rest is for machines that do much else.
    testTimeout: 300_000,
    hookTimeout: 120_000,
    // For tests/web/test_web.py, which checks that nothing was left out.
    ...(folder && { reporters: ["default", "json"], outputFile: { json: `${folder}/results.json` } }),
  },
});
