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
const sizes = {
  desktop: { viewport: { width: 1280, height: 900 } },
  phone: { viewport: { width: 375, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
};
for (const [size, options] of Object.entries(sizes)) {
  for (const colorScheme of ["light", "dark"]) {
    const browser = await launch([], { ...options, colorScheme });
    const page = await browser.context.newPage();
    const picture = (name) => page.screenshot({ path: join(folder, `${size}-${colorScheme}-${name}.png`), fullPage: true });
    await page.goto(server.url);
    await page.locator("#status").getByText(/^$/).waitFor({ state: "attached" });
    await picture("empty");
    await page.locator("#samples").click();
    await page.locator("#files").setInputFiles({ name: "notes about a long walk in the hills.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") });
    await page.getByText("plain, same size").nth(1).waitFor({ timeout: 120_000 });
    await picture("done");
    await page.locator("[data-zoom='4']").click();
    await page.locator("#goal-size").locator("xpath=following-sibling::label").click();
    await page.getByText("plain, same size").nth(1).waitFor({ timeout: 120_000 });
    await page.waitForTimeout(1000);
    await page.locator("#viewer").screenshot({ path: join(folder, `${size}-${colorScheme}-zoomed.png`) });
    await browser.close();
  }
}
await server.close();
