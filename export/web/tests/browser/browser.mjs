// Debian's Chromium, headless, with a fresh profile.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

// Without these Chromium asks its maker's servers at every start.
export const ARGUMENTS = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const EXECUTABLE = process.env.CHROMIUM ?? "/usr/bin/chromium";

/**
 * @param {string[]} more Further command-line arguments.
 * @param {import("playwright-core").LaunchOptions & import("playwright-core").BrowserContextOptions} options
 * @returns {Promise<{ context: import("playwright-core").BrowserContext, profile: string, close(): Promise<void> }>}
 */
export async function launch(more = [], options = {}) {
  const profile = mkdtempSync(join(tmpdir(), "jpegpre-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: EXECUTABLE,
    args: [...ARGUMENTS, ...more],
    serviceWorkers: "block", // it would answer requests that tests want to change
    ...options,
  });
  return {
    context,
    profile,
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
