/** The package as it is packed, in fresh apps of several bundlers, in Chromium: each gives the same file. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { connect } from "../browser/harness.js";
import { serve } from "../browser/server.mjs";
import { makeApp, pack, page as html, root } from "./app.mjs";

type Server = Awaited<ReturnType<typeof serve>>;

let browser: Browser;
let context: BrowserContext;
let tarball: string;
let sizeBytes: number;
let expected: string;
let requests: string[];
const made: string[] = [];
const servers: Server[] = [];

function app(script = "main"): string {
  const folder = makeApp(tarball, script);
  made.push(folder);
  return folder;
}

async function served(folder: string, headers: Record<string, string> = {}): Promise<string> {
  const server = await serve({ "/": `${folder}/` }, false, headers);
  servers.push(server);
  return server.url;
}

/** Opens the app and calls its function; returns what it gave, with all requests to other places than the site. */
async function outcome(url: string, name = "run", options: object = {}): Promise<string> {
  const page = await context.newPage();
  try {
    await page.goto(url);
    await page.waitForFunction((name) => name in globalThis, name);
    return await page.evaluate(
      ([name, options]) => (globalThis as unknown as Record<string, (options: object) => Promise<string>>)[name]!(options),
      [name, options] as const,
    );
  } finally {
    await page.close();
  }
}

beforeAll(async () => {
  browser = await connect();
  context = await browser.newContext({ serviceWorkers: "block" });
  ({ tarball, sizeBytes } = pack());
  // Without a bundler: an import map is all it takes.
  const folder = app("app");
  const map = JSON.stringify({ imports: { jpegpre: "/node_modules/jpegpre/dist/index.js" } });
  writeFileSync(join(folder, "index.html"), `<script type="importmap">${map}</script>${html("/main.js")}`);
  const url = await served(folder);
  expected = await outcome(url);
  ({ requests } = servers[0]!);
});

afterAll(async () => {
  await browser?.close();
  for (const server of servers) await server.close();
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

describe("the tarball", () => {
  it("has less than 1 MB, the licenses, and nothing that is not needed", () => {
    expect(sizeBytes).toBeLessThan(1e6);
    const names = execFileSync("tar", ["tzf", tarball], { encoding: "utf8" }).trim().split("\n");
    expect(names).toEqual(expect.arrayContaining(["LICENSE", "THIRD-PARTY-NOTICES.txt", "README.md"].map((name) => `package/${name}`)));
    expect(names.filter((name) => !/\/(dist\/(index|worker)\.js|dist\/(index|types|errors)\.d\.ts|dist\/models\/\w+\.bin|[^/]+)$/.test(name))).toEqual([]);
  });

  it("is imported by Node without effect, and refused there with a code", () => {
    const folder = app();
    const script = `
      import { createPreprocessor, profiles } from "jpegpre";
      if (!profiles.some(({ name }) => name === "balanced")) throw new Error("no profiles");
      console.log(await createPreprocessor().catch((error) => error.code));`;
    writeFileSync(join(folder, "node.mjs"), script);
    expect(execFileSync("node", ["node.mjs"], { cwd: folder, encoding: "utf8" }).trim()).toBe("unsupported-browser");
  });
});

describe("without a bundler", () => {
  it("makes the requests that README.md lists, of at most 400 kB", () => {
    const prefix = "/node_modules/jpegpre/dist/";
    const own = requests.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
    expect([...new Set(own)]).toEqual(["index.js", "worker.js", "models/balanced.bin"]); // worker.js by each thread
    expect(requests.filter((path) => !path.startsWith(prefix)).sort()).toEqual(["/", "/app.js", "/main.js", "/photo.webp"]);
    const sizes = ["index.js", "worker.js", "models/balanced.bin"].map((name) => gzipSync(readFileSync(join(root, "dist", name))).length);
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(400_000);
  });

  it("weighs what README.md says", () => {
    const text = readFileSync(join(root, "README.md"), "utf8");
    const files = { code: ["index.js", "worker.js"], model: ["models/balanced.bin"] };
    for (const [label, names] of Object.entries(files)) {
      const stated = new RegExp(`^\\| ${label}[:,].* \\| ([\\d,]+) \\| ([\\d,]+) \\|$`, "m").exec(text)!.slice(1).map((cell) => Number(cell.replaceAll(",", "")));
      const contents = names.map((name) => readFileSync(join(root, "dist", name)));
      for (const [i, sizeOf] of [(content: Buffer) => content.length, (content: Buffer) => gzipSync(content).length].entries()) {
        const sum = contents.reduce((total, content) => total + sizeOf(content), 0);
        expect(Math.abs(sum / stated[i]! - 1), `${label}: ${sum} bytes`).toBeLessThan(0.05); // room for a model trained anew
      }
    }
  });

  it("works, also from another origin, and inside a worker", async () => {
    expect(expected).toMatch(/^edited,photo\.jpg,\d+,/);
    const folder = app();
    rmSync(join(folder, "node_modules"), { recursive: true });
    const cdn = await serve({ "/": join(root, "dist/") }, false, { "Access-Control-Allow-Origin": "*" });
    servers.push(cdn);
    for (const name of ["app.js", "in_worker.js"]) {
      // What an import map does, which workers have none of.
      const text = (await import("./app.mjs"))[name === "app.js" ? "SOURCE" : "IN_WORKER"].replace('"jpegpre"', `"${cdn.url}/index.js"`);
      writeFileSync(join(folder, name), text);
    }
    const url = await served(folder);
    expect(await outcome(url)).toBe(expected);
    expect(await outcome(url, "runInWorker")).toBe(expected);
  });

  it("keeps to the content security policy that README.md states, under Trusted Types too", async () => {
    const folder = app();
    const types = "require-trusted-types-for 'script'; trusted-types jpegpre";
    const policy = (more: string): string =>
      `default-src 'none'; img-src data:; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'${more}`;
    writeFileSync(join(folder, "app.js"), (await import("./app.mjs")).SOURCE.replace('"jpegpre"', '"/node_modules/jpegpre/dist/index.js"'));
    for (const more of ["", `; ${types}`]) {
      const url = await served(folder, { "Content-Security-Policy": policy(more) });
      expect(await outcome(url)).toBe(expected);
    }
    const url = await served(folder, { "Content-Security-Policy": policy("").replace("worker-src 'self'", "worker-src 'none'") });
    expect(await outcome(url)).toMatch(/^worker: the worker .*worker\.js cannot be loaded: .*content security policy/);
  });
});

describe("Vite", () => {
  it("builds it and serves it while developing, with no configuration, inside a worker too", async () => {
    const { build, createServer } = await import("vite");
    const folder = app();
    const shared = { root: folder, configFile: false, logLevel: "error" } as const;
    await build({ ...shared, worker: { format: "es" } });
    const url = await served(join(folder, "dist"));
    expect(await outcome(url)).toBe(expected);
    expect(await outcome(url, "runInWorker")).toBe(expected);
    const server = await createServer({ ...shared, server: { port: 0, host: "127.0.0.1", hmr: false } });
    await server.listen();
    try {
      const address = server.resolvedUrls!.local[0]!;
      // Newly found dependencies may make it load the page again.
      expect(await outcome(address).catch(() => outcome(address))).toBe(expected);
      expect(await outcome(address, "runInWorker").catch(() => outcome(address, "runInWorker"))).toBe(expected);
    } finally {
      await server.close();
    }
  });
});

describe("webpack", () => {
  it("builds it with no configuration, inside a worker too", async () => {
    const webpack = createRequire(import.meta.url)("webpack") as typeof import("webpack");
    const folder = app();
    const output = join(folder, "public");
    await new Promise<void>((resolve, reject) =>
      webpack({ mode: "production", context: folder, entry: "./main.js", output: { path: output } }, (error, stats) => {
        if (error ?? stats?.hasErrors()) reject(error ?? new Error(stats!.toString()));
        else resolve();
      }),
    );
    writeFileSync(join(output, "index.html"), html("/main.js"));
    const url = await served(output);
    expect(await outcome(url)).toBe(expected);
    expect(await outcome(url, "runInWorker")).toBe(expected);
  });
});

describe("esbuild", () => {
  it("bundles it: one clear error without `assets`, and with it all is well", async () => {
    const { build } = await import("esbuild");
    const folder = app();
    const output = join(folder, "public");
    await build({ entryPoints: [join(folder, "app.js")], bundle: true, format: "esm", outdir: output, logLevel: "error" });
    writeFileSync(join(output, "index.html"), html("/app.js"));
    const url = await served(output);
    expect(await outcome(url)).toMatch(/^worker: the worker .*\/worker\.js cannot be loaded: if your bundler .* as `assets`/);
    mkdirSync(join(output, "static"));
    cpSync(join(folder, "node_modules/jpegpre/dist"), join(output, "static/jpegpre"), { recursive: true });
    expect(await outcome(url, "run", { assets: "/static/jpegpre" })).toBe(expected);
    expect(readdirSync(output)).toContain("app.js");
    // A script that is no module, which esbuild makes unless told otherwise, does not know its own address.
    await build({ entryPoints: [join(folder, "app.js")], bundle: true, format: "iife", outdir: output, logLevel: "error" });
    expect(await outcome(url)).toMatch(/^worker: where the worker is cannot be told, because .* has no `import\.meta\.url`: .* as `assets`$/);
    expect(await outcome(url, "run", { assets: "/static/jpegpre" })).toBe(expected);
  });
});
