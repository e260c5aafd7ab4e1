/** The demo page as visitors have set their browsers up. */
import { expect, it } from "vitest";

import { connect, useBrowser } from "./harness.js";

const harness = useBrowser();

it("shows in high contrast what is chosen, not by bold letters alone", async () => {
  const page = await harness.open("/demo/");
  await page.emulateMedia({ forcedColors: "active" });
  const grounds = await page.evaluate(async () => {
    await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
    const ground = (selector: string): string => getComputedStyle(document.querySelector(selector)!).backgroundColor;
    return [
      [ground(".zoom [aria-pressed=true]"), ground(".zoom [aria-pressed=false]")],
      [ground(".choice :checked + label"), ground(".choice :not(:checked) + label")],
    ];
  });
  for (const [chosen, other] of grounds) expect(chosen).not.toBe(other);
  await page.close();
});

it("says that it needs JavaScript where that does not run", async () => {
  const browser = await connect();
  try {
    const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
    await page.goto(`${harness.url}/demo/`);
    await page.getByText("Waiting for JavaScript, which this page needs…").waitFor();
  } finally {
    await browser.close();
  }
});
