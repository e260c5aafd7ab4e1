/** The demo page, used as a visitor uses it. */
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { pictures, useBrowser } from "./harness.js";

const harness = useBrowser();
let page: Page;
let problems: string[];
let foreign: string[];

beforeEach(async () => {
  page = await harness.open("/demo/");
  problems = [];
  foreign = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(harness.url) && !/^(blob|data):/.test(url)) foreign.push(url);
  });
});
afterEach(async () => {
  await page.close();
  // No network at run time, and nothing that the page's own policy had to stop.
  expect(foreign).toEqual([]);
  expect(problems).toEqual([]);
});

const rows = () => page.locator("#photos tr");
const text = (selector: string): Promise<string> => page.locator(selector).innerText();

async function finished(count: number): Promise<void> {
  await page.locator("#photos td.saved").nth(count - 1).waitFor();
}

describe("the page", () => {
  it("takes samples, shows sizes, savings and scores, and a wipe", async () => {
    await page.locator("#samples").click();
    await finished(2);
    await page.getByText("plain, same size").nth(1).waitFor();
    const cells = await rows().first().locator("td").allInnerTexts();
    expect(cells[0]).toMatch(/city\.webp\s+576 × 576, quality 75/);
    expect(cells[1]).toMatch(/^\d+\.\d kB\s+score \d+\.\d$/);
    const saved = Number(/^(\d+\.\d) %$/.exec(cells[3]!)![1]);
    expect(saved).toBeGreaterThan(4);
    const [, ours, equal] = /^(\d+\.\d)\s+plain, same size (\d+\.\d)$/.exec(cells[4]!)!.map(Number);
    expect(ours).toBeGreaterThan(equal!);
    expect(await text("#summary")).toMatch(/^2 of 2 photos: .* kB instead of .* kB, \d+\.\d % saved$/);
    expect(await page.locator("#before").evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(576);
    expect(await page.locator("#after").evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(576);
  });

  it("hands a pixel back as it came, and says that it has no score", async () => {
    const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg==";
    await page.locator("#files").setInputFiles([{ name: "dot.png", mimeType: "image/png", buffer: Buffer.from(png, "base64") }]);
    await page.locator("#photos .cell-score").getByText("–").waitFor();
    // It was made white for plain JPEG alone: what is handed back is still transparent.
    expect(await rows().first().locator("td").first().innerText()).toMatch(/dot\.png\s+1 × 1, quality 75, your file is smaller: kept$/);
  });

  it("takes photos by dialog, drop and paste, refuses other files by name, and goes on", async () => {
    await page.locator("#files").setInputFiles([
      { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") },
      { name: "broken.jpg", mimeType: "image/jpeg", buffer: Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]) },
    ]);
    const picture = readFileSync(`${pictures}gb82_girl.webp`).toString("base64");
    for (const kind of ["drop", "paste"]) {
      await page.evaluate(
        ([kind, picture]) => {
          const bytes = Uint8Array.from(atob(picture!), (letter) => letter.charCodeAt(0));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], `${kind}.webp`, { type: "image/webp" }));
          const event =
            kind === "drop"
              ? new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true })
              : new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true });
          document.body.dispatchEvent(event);
        },
        [kind, picture],
      );
    }
    await finished(2);
    const all = await rows().allInnerTexts();
    expect(all[0]).toMatch(/notes\.txt\s+This browser cannot open the file \(text\/plain\)/);
    expect(all[1]).toMatch(/broken\.jpg\s+This browser cannot open the file/);
    expect(all[2]).toContain("drop.webp");
    expect(all[3]).toContain("paste.webp");
    await rows().first().getByRole("button", { name: "Remove notes.txt" }).click();
    expect(await rows().count()).toBe(3);
  });

  it("hands out one file, and all as one archive", async () => {
    await page.locator("#samples").click();
    await finished(2);
    const [one] = await Promise.all([page.waitForEvent("download"), rows().first().getByRole("button", { name: /^Save/ }).click()]);
    expect(one.suggestedFilename()).toBe("city-smaller.jpg");
    expect([...readFileSync(await one.path()).subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    const [all] = await Promise.all([page.waitForEvent("download"), page.locator("#download-all").click()]);
    expect(all.suggestedFilename()).toBe("smaller-photos.zip");
    const archive = readFileSync(await all.path());
    expect(archive.subarray(0, 4).toString("latin1")).toBe("PK\u0003\u0004");
    expect(archive.includes("city-smaller.jpg") && archive.includes("girl-smaller.jpg")).toBe(true);
  });

  it("aims for a file size, and says what is impossible", async () => {
    await page.locator("#samples").click();
    await finished(2);
    await page.getByText("file size", { exact: true }).click();
    await page.locator("#size").fill("30");
    await page.locator("#photos").getByText(/quality (?!75)\d+/).nth(1).waitFor();
    for (const size of await page.locator("#photos [data-label='Smaller']").allInnerTexts()) {
      expect(parseFloat(size)).toBeLessThanOrEqual(30);
      expect(parseFloat(size)).toBeGreaterThan(27);
    }
    await page.locator("#size").fill("1");
    await page.getByText("1000 bytes are too few for this picture").nth(1).waitFor();
  });

  it("is used by keyboard alone", async () => {
    const focus = (): Promise<string> => page.evaluate(() => document.activeElement!.id || document.activeElement!.textContent!);
    await page.keyboard.press("Tab");
    expect(await focus()).toBe("files");
    await page.keyboard.press("Tab");
    expect(await focus()).toBe("samples");
    await page.keyboard.press("Enter");
    await finished(2);
    await page.locator("#quality").focus();
    await page.keyboard.press("ArrowLeft");
    expect(await text("#quality-shown")).toBe("74");
    await page.locator("#photos").getByText("quality 74").nth(1).waitFor();
    // From the summary through the table to the wipe: everything can be reached.
    await page.locator("#clear").focus();
    const reached: string[] = [];
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press("Tab");
      reached.push(await focus());
    }
    expect(reached.join("|")).toMatch(/city\.webp.*Save.*girl\.webp.*Save.*against.*Fit.*4:1.*stage.*wipe/);
    await page.locator("#wipe").focus();
    await page.keyboard.press("Home");
    expect(await page.locator("#pair").evaluate((pair) => pair.style.getPropertyValue("--at"))).toBe("0%");
  });

  it("fits a phone: nothing sticks out", async () => {
    await page.setViewportSize({ width: 360, height: 700 });
    await page.locator("#samples").click();
    await finished(2);
    await page.getByText("plain, same size").nth(1).waitFor();
    const overflow = await page.evaluate(() => {
      const out = [...document.querySelectorAll<HTMLElement>("main *")].filter((element) => {
        const box = element.getBoundingClientRect();
        const isScrolled = element.closest(".stage, .unseen, details");
        return !isScrolled && box.width > 1 && (box.left < -0.5 || box.right > innerWidth + 0.5);
      });
      return [document.documentElement.scrollWidth - innerWidth, ...out.map((element) => element.outerHTML.slice(0, 80))];
    });
    expect(overflow).toEqual([0]);
  });

  it("survives the crash of its worker", async () => {
    await page.locator("#samples").click();
    await finished(2);
    const worker = page.workers().find((candidate) => candidate.url().endsWith("/jpegpre/worker.js"))!;
    await worker.evaluate(() => void setTimeout(() => { throw new Error("simulated crash"); }));
    await page.locator("#quality").fill("60");
    await page.locator("#photos").getByText("quality 60").nth(1).waitFor();
    problems = problems.filter((problem) => !problem.includes("simulated crash"));
  });

  it("says what is missing if the network cannot be loaded", async () => {
    await page.route("**/*.onnx", (route) => route.fulfill({ status: 404 }));
    await page.reload();
    await page.locator("#status.bad").waitFor();
    expect(await text("#status")).toMatch(/^Cannot load the model http.*\.onnx: HTTP 404\.$/);
    problems = problems.filter((problem) => !/404/.test(problem)); // the browser's own
  });
});
