/** One browser for all test files. */
import { chromium } from "playwright-core";
import type { TestProject } from "vitest/node";

import { ARGUMENTS, EXECUTABLE } from "./browser.mjs";

declare module "vitest" {
  export interface ProvidedContext {
    browserAddress: string;
    browserProcess: number;
  }
}

export default async function start(project: TestProject): Promise<() => Promise<void>> {
  const server = await chromium.launchServer({ executablePath: EXECUTABLE, args: ARGUMENTS });
  project.provide("browserAddress", server.wsEndpoint());
  project.provide("browserProcess", server.process().pid!);
  return () => server.close();
}
