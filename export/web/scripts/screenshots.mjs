// Pictures of the page at work, to look at: desktop and phone, light and dark. Usage: node scripts/screenshots.mjs FOLDER
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { launch } from "../tests/browser/browser.mjs";
import { serve } from "../tests/browser/server.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = process.argv[2] ?? join(root, "screenshots");
mkdirSync(folder, { recursive: true });

const server = await serve({ "/": join(root, "demo-dist/") });
const phone = { deviceScaleFactor: 2, hasTouch: true, isMobile: true };
const sizes = {
  390: { viewport: { width: 390, height: 844 }, ...phone },
  430: { viewport: { width: 430, height: 932 }, ...phone },
  800: { viewport: { width: 800, height: 1100 } },
  1280: { viewport: { width: 1280, height: 900 } },
};
for (const [size, options] of Object.entries(sizes)) {
  for (const colorScheme of size === "390" || size === "1280" ? ["light", "dark"] : ["light"]) {
    const browser = await launch([], { ...options, colorScheme });
    const page = await browser.context.newPage();
    const picture = (name) => page.screenshot({ path: join(folder, `${size}-${colorScheme}-${name}.png`), fullPage: true });
    await page.goto(server.url);
    await page.locator("#status").getByText(/^$/).waitFor({ state: "attached" });
    await picture("empty");
    await page.locator("#samples").click();
    await page.locator("#files").setInputFiles({ name: "notes about a long walk in the hills.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") });
    await page.getByText("An ordinary JPEG of this look needs").waitFor({ timeout: 120_000 });
    await picture("done");
    await page.locator("[data-zoom='4']").click();
    await page.locator("#goal-size").locator("xpath=following-sibling::label").click();
    await page.getByText("An ordinary JPEG of this look needs").waitFor({ timeout: 120_000 });
    await page.waitForTimeout(1000);
    await page.locator("#viewer").screenshot({ path: join(folder, `${size}-${colorScheme}-zoomed.png`) });
    await browser.close();
  }
}
await server.close();
