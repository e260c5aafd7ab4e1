// The page at an address that another program serves, in Chromium: takes the samples, waits for files and comparison.
// Usage: node tests/others/served.mjs URL. Prints one JSON object; exits with 1 if the page has an error.
import { launch } from "../browser/browser.mjs";

const [url] = process.argv.slice(2);
const browser = await launch();
const problems = [];
try {
  const page = await browser.context.newPage();
  page.setDefaultTimeout(240_000);
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("request", (request) => {
    if (!request.url().startsWith(url) && !/^(blob|data):/.test(request.url())) problems.push(`asks ${request.url()}`);
  });
  await page.goto(url);
  await page.locator("#samples").click();
  await page.locator("#photos td.saved").nth(1).waitFor();
  await page.getByText("An ordinary JPEG of this look needs").waitFor();
  const cells = await page.locator("#photos tr").first().locator("td").allInnerTexts();
  const isIsolated = await page.evaluate(() => crossOriginIsolated);
  console.log(JSON.stringify({ cells, isIsolated, problems }));
} finally {
  await browser.close();
}
process.exit(problems.length ? 1 : 0);
