/** The browser of all test files, one server and storage for each, and the package inside a page. */
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, beforeAll, inject } from "vitest";

import type * as Package from "../../src/index.js";
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
}

/** The browser's first process, for `usage` of ./processes.mjs. */
export const browserProcess = inject("browserProcess");

export function connect(): Promise<Browser> {
  return chromium.connect(inject("browserAddress"));
}

/** Call at the top of a test file. */
export function useBrowser(): Harness {
  const folders = {
    "/dist/": `${root}dist/`,
    "/demo/": `${root}demo-dist/`,
    "/pictures/": pictures,
    ...(cases && { "/cases/": cases }),
  };
  let browser: Browser;
  let context: BrowserContext;
  let isolated: Awaited<ReturnType<typeof serve>>;
  let plain: typeof isolated;
  const harness: Harness = {
    url: "",
    open: async (path = "/blank.html", isIsolated = true) => {
      const page = await context.newPage();
      page.setDefaultTimeout(Number(process.env.JPEGPRE_TIMEOUT ?? 90_000)); // for machines that do much else
      await page.goto((isIsolated ? isolated : plain).url + path);
      return page;
    },
  };
  beforeAll(async () => {
    browser = await connect();
    context = await browser.newContext({ serviceWorkers: "block" }); // they would answer requests that tests want to change
    isolated = await serve(folders);
    plain = await serve(folders, false);
    harness.url = isolated.url;
  });
  afterAll(async () => {
    await browser?.close();
    await isolated?.close();
    await plain?.close();
  });
  return harness;
}
