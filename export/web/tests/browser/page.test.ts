/** The demo page, used as a visitor uses it. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { buffer } from "node:stream/consumers";
import type { Download, Page } from "playwright-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { connect, pictures, useBrowser } from "./harness.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const harness = useBrowser();
let page: Page;
let problems: string[];
let foreign: string[];

beforeEach(async () => {
  page = await harness.open();
  await page.evaluate(() => localStorage.clear()); // what the test before chose
  problems = [];
  foreign = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(harness.url) && !/^(blob|data):/.test(url)) foreign.push(url);
  });
  await page.goto(`${harness.url}/demo/`);
});
afterEach(async () => {
  await page.close();
  // No network at run time, and nothing that the page's own policy had to stop.
  expect(foreign).toEqual([]);
  expect(problems).toEqual([]);
});

const rows = () => page.locator("#photos tr");
const text = (selector: string): Promise<string> => page.locator(selector).innerText();

/** The browser is another process's: it hands out what it saved as a stream. */
async function contentOf(download: Download): Promise<Buffer> {
  return buffer(await download.createReadStream());
}

async function finished(count: number): Promise<void> {
  await page.locator("#photos td.saved").nth(count - 1).waitFor();
}

describe("the page", () => {
  it("takes samples, shows sizes and savings, and for the one looked at what plain JPEG needs, with a wipe", async () => {
    await page.locator("#samples").click();
    await finished(2);
    await page.getByText("An ordinary JPEG of this look needs").waitFor();
    const cells = await rows().first().locator("td").allInnerTexts();
    expect(cells[0]).toMatch(/city\.webp\s+576 × 576, quality 75/);
    expect(cells[1]).toMatch(/^\d+ kB → \d+\.\d kB$/);
    expect(cells[2]).toMatch(/^−\d+ %$/);
    expect(cells[3]).toMatch(/^\d+\.\d kB\s+for this look$/);
    expect(await rows().nth(1).locator("td").nth(3).innerText()).toMatch(/^\d+\.\d kB\s+at this quality$/); // not looked at
    const [, needed, percent] = /needs (\d+\.\d) kB \((\d+) % saved\)/.exec(await text("#verdict-look"))!.map(Number);
    expect(percent).toBeGreaterThan(2);
    const result = Number(/→ (\d+\.\d) kB/.exec(await text("#verdict-sizes"))![1]);
    expect(Math.abs(100 * (1 - result / needed!) - percent!)).toBeLessThan(1);
    const [, ours, equal] = /^score (\d+\.\d), ordinary of the same size (\d+\.\d)$/.exec(await text("#verdict-score"))!.map(Number);
    expect(ours).toBeGreaterThan(equal!);
    expect(await text("#summary")).toMatch(/^2 of 2 photos: \d+ kB → .* kB \(−\d+ %\)\s+ordinary JPEGs of the same quality: \d+/);
    expect(await page.locator("#before").evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(576);
    expect(await page.locator("#after").evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(576);
    await rows().nth(1).locator(".photo").click();
    await rows().nth(1).getByText("for this look").waitFor();
  });

  it("hands a pixel back as it came, and praises nothing", async () => {
    const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg==";
    await page.locator("#files").setInputFiles([{ name: "dot.png", mimeType: "image/png", buffer: Buffer.from(png, "base64") }]);
    await page.getByText("Your file is smaller than anything made of it: it is kept.").waitFor();
    expect(await page.locator("#photos .saved:not(.even), #verdict-sizes .won, #summary .won").count()).toBe(0);
    // It was made white for plain JPEG alone: what is handed back is still transparent.
    expect(await rows().first().locator("td").first().innerText()).toMatch(/dot\.png\s+1 × 1, your file is smaller: kept$/);
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
    expect([...(await contentOf(one)).subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    const [all] = await Promise.all([page.waitForEvent("download"), page.locator("#download-all").click()]);
    expect(all.suggestedFilename()).toBe("smaller-photos.zip");
    const archive = await contentOf(all);
    expect(archive.subarray(0, 4).toString("latin1")).toBe("PK\u0003\u0004");
    expect(archive.includes("city-smaller.jpg") && archive.includes("girl-smaller.jpg")).toBe(true);
  });

  it("aims for a file size, and says what is impossible", async () => {
    await page.locator("#samples").click();
    await finished(2);
    await page.getByText("file size", { exact: true }).click();
    await page.locator("#size").fill("30");
    await page.locator("#photos").getByText(/quality (?!75)\d+/).nth(1).waitFor();
    for (const size of await page.locator("#photos .cell-sizes strong").allInnerTexts()) {
      expect(parseFloat(size)).toBeLessThanOrEqual(30);
      expect(parseFloat(size)).toBeGreaterThan(27);
    }
    await page.locator("#size").fill("1");
    await page.getByText("1000 bytes are too few for this picture").nth(1).waitFor();
    await page.locator("#size").fill("");
    expect(await text("#size-hint")).toMatch(/1 kB is still in force/);
    expect(await rows().count()).toBe(2);
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
    // From the picture through the table to the settings: everything can be reached.
    await page.locator("#against").focus();
    const reached: string[] = [];
    for (let i = 0; i < 20; i++) {
      await page.keyboard.press("Tab");
      reached.push(await focus());
    }
    expect(reached.join("|")).toMatch(/Fit.*4:1.*stage.*wipe.*save.*files.*samples.*download-all.*clear.*city\.webp.*Save.*✕.*girl\.webp.*Save/);
    await page.locator("#wipe").focus();
    await page.keyboard.press("Home");
    expect(await page.locator("#pair").evaluate((pair) => pair.style.getPropertyValue("--at"))).toBe("0%");
  });

  it("fits a phone: nothing sticks out", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.locator("#samples").click();
    await finished(2);
    await page.getByText("An ordinary JPEG of this look needs").waitFor();
    expect((await page.locator("#against").boundingBox())!.width).toBeGreaterThan(300);
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
    const worker = page.workers().find((candidate) => /\/worker-[^/]+\.js$/.test(candidate.url()))!;
    await worker.evaluate(() => void setTimeout(() => { throw new Error("simulated crash"); }));
    await page.locator("#quality").fill("60");
    await page.locator("#photos").getByText("quality 60").nth(1).waitFor();
    problems = problems.filter((problem) => !problem.includes("simulated crash"));
  });

  it("loses nothing when a network cannot be loaded: photos wait, or the old one goes on", async () => {
    const isModel = (name: string) => (url: URL): boolean => url.pathname.includes(name) && url.pathname.endsWith(".bin");
    await page.route(isModel("perceptual"), (route) => route.fulfill({ status: 404 }));
    await page.locator("#samples").click();
    await finished(2);
    await page.locator("#profile").selectOption("perceptual");
    await page.getByText(/^Cannot load the model .*\(HTTP 404\).* Still with balanced\.$/).waitFor();
    expect(await page.locator("#profile").inputValue()).toBe("balanced");
    expect(await page.locator("#photos td.saved").count()).toBe(2);

    const isBalanced = isModel("balanced");
    await page.route(isBalanced, (route) => route.abort());
    await page.reload();
    await page.locator("#status.bad").waitFor();
    await page.locator("#samples").click();
    await page.locator("#photos progress").nth(1).waitFor();
    await page.unroute(isBalanced);
    await page.getByRole("button", { name: "Try again" }).click();
    // Where the page's own policy or a server refuses, browsers say so in their console.
    await page.locator("#photos td.saved").first().waitFor();
    await page.unrouteAll();
    problems = problems.filter((problem) => !/404|ERR_FAILED/.test(problem));
  });

  it("remembers its settings, and scales down", async () => {
    await page.locator("#quality").fill("60");
    await page.locator("#side").fill("200");
    await page.locator("#side").blur();
    await page.waitForFunction(() => localStorage.getItem("jpegpre-settings")?.includes('"side":"200"'));
    await page.reload();
    expect(await text("#quality-shown")).toBe("60");
    await page.locator("#samples").click();
    await finished(2);
    expect(await rows().first().locator("td").first().innerText()).toMatch(/200 × 200, quality 60/);
  });

  it("takes a whole folder, but only its pictures", async () => {
    await page.evaluate(async () => {
      const picture = await (await fetch("/pictures/gb82_girl.webp")).blob();
      const file = (name: string): object => ({ isFile: true, name, file: (give: (file: File) => void) => give(new File([picture], name)) });
      const folder = (name: string, children: object[]): object => {
        const batches = [children, []];
        return { isDirectory: true, name, createReader: () => ({ readEntries: (give: (some: object[]) => void) => give(batches.shift()!) }) };
      };
      const entry = folder("holiday", [file("a.webp"), file("notes.txt"), file("._a.webp"), folder("day 2", [file("b.webp")])]);
      const event = new DragEvent("drop", { bubbles: true, cancelable: true });
      Object.defineProperty(event, "dataTransfer", { value: { types: ["Files"], files: [], items: [{ webkitGetAsEntry: () => entry }] } });
      document.body.dispatchEvent(event);
    });
    await finished(2);
    expect((await rows().locator(".name").allInnerTexts()).map((name) => name.split("\n")[0]!.slice(0, 6))).toEqual(["a.webp", "b.webp"]);
  });

  it("says what HEIC photos are", async () => {
    const bytes = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from("ftypheic"), Buffer.alloc(40)]);
    await page.locator("#files").setInputFiles([{ name: "IMG_1.HEIC", mimeType: "image/heic", buffer: bytes }]);
    await page.getByText(/This browser cannot open HEIC photos: Safari does/).waitFor();
  });

  for (const colorScheme of ["light", "dark"] as const) {
    it(`has no fault that axe finds, ${colorScheme}`, async () => {
      await page.emulateMedia({ colorScheme });
      // Colors change in steps: halfway a label has the new color on the old ground.
      const settle = (): Promise<unknown> => page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
      const check = async (): Promise<string[]> => {
        // Not by a tag: the page's policy allows no other scripts.
        await page.evaluate(`${axe}; undefined`);
        await settle();
        return page.evaluate(async () => {
          const { violations } = await (globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> } }).axe.run();
          return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => html.slice(0, 100) + failureSummary).join("; ")}`);
        });
      };
      expect(await check()).toEqual([]);
      await page.locator("#samples").click();
      await page.locator("#files").setInputFiles([{ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") }]);
      await finished(2);
      await page.getByText("An ordinary JPEG of this look needs").waitFor();
      for (const details of await page.locator("details").all()) await details.evaluate((element: HTMLDetailsElement) => (element.open = true));
      expect(await check()).toEqual([]);
    });
  }
});

describe("without a network", () => {
  it("the page opens again and works", async () => {
    const browser = await connect();
    try {
      const context = await browser.newContext();
      const fresh = await context.newPage();
      fresh.setDefaultTimeout(90_000);
      await fresh.goto(`${harness.url}/demo/`);
      await fresh.evaluate(async () => void (await navigator.serviceWorker.ready));
      await fresh.waitForFunction(() => navigator.serviceWorker.controller !== null);
      await context.setOffline(true);
      await fresh.reload();
      await fresh.locator("#samples").click();
      await fresh.locator("#photos td.saved").nth(1).waitFor();
      expect(await fresh.evaluate(() => fetch("/blank.html").then(() => "answered", () => "offline"))).toBe("offline");
    } finally {
      await browser.close();
    }
  });
});
