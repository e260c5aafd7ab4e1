import { defineConfig } from "vitest/config";

const folder = process.env.JPEGPRE_CASES;

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    // Browsers are started once per file; two cores carry one of them well.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // For tests/web/test_web.py, which checks that nothing was left out.
    ...(folder && { reporters: ["default", "json"], outputFile: { json: `${folder}/results.json` } }),
  },
});
