/** One browser and one server per test file, and the package inside a page. */
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll } from "vitest";

import type * as Package from "../../src/index.js";
import { launch } from "./browser.mjs";
import { serve } from "./server.mjs";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const pictures = fileURLToPath(new URL("../../../../tests/pictures/", import.meta.url));

declare global {
  /** In the page: imports a module. */
  function load(url: "/dist/index.js"): Promise<typeof Package>;
}

/** Folder with cases from tests/web/test_web.py; undefined when vitest is run by itself. */
export const cases = process.env.JPEGPRE_CASES;

export interface Harness {
  /** A page on an origin with (or without) cross-origin isolation. */
  open(path?: string, isIsolated?: boolean): Promise<Page>;
  url: string;
  /** The browser's profile folder, for `usage` of ./processes.mjs. */
  profile: string;
}

/** Call at the top of a test file. */
export function useBrowser(more: string[] = []): Harness {
  const folders = {
    "/dist/": `${root}dist/`,
    "/demo/": `${root}demo-dist/`,
    "/pictures/": pictures,
    ...(cases && { "/cases/": cases }),
  };
  let browser: Awaited<ReturnType<typeof launch>>;
  let isolated: Awaited<ReturnType<typeof serve>>;
  let plain: typeof isolated;
  const harness: Harness = {
    url: "",
    profile: "",
    open: async (path = "/blank.html", isIsolated = true) => {
      const page = await browser.context.newPage();
      page.setDefaultTimeout(Number(process.env.JPEGPRE_TIMEOUT ?? 90_000)); // for machines that do much else
      await page.goto((isIsolated ? isolated : plain).url + path);
      return page;
    },
  };
  beforeAll(async () => {
    browser = await launch(more);
    isolated = await serve(folders);
    plain = await serve(folders, false);
    harness.url = isolated.url;
    harness.profile = browser.profile;
  });
  afterAll(async () => {
    await browser?.close();
    await isolated?.close();
    await plain?.close();
  });
  return harness;
}
