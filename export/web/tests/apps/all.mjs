// What takes too long for each run, or needs programs from npm's registry: Next.js with both of its bundlers, TypeScript from 5.0 on,
// publint and attw. Usage: npm run test:apps, or npm run test:apps -- "TypeScript 5" for those whose names begin so.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { launch } from "../browser/browser.mjs";
import { SOURCE, makeApp, pack } from "./app.mjs";

const { tarball } = pack();
const run = (command, args, options = {}) =>
  execFileSync(command, args, { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8", ...options });
const [wanted = ""] = process.argv.slice(2);
let failures = 0;

async function check(name, work) {
  if (!name.startsWith(wanted)) return;
  try {
    const note = await work();
    console.log(`ok      ${name}${note ? `: ${note}` : ""}`);
  } catch (error) {
    failures++;
    console.log(`FAILED  ${name}: ${error.message}\n${error.stdout ?? ""}${error.stderr ?? ""}`);
  }
}

const TYPED = `
import { createPreprocessor, profiles, JpegpreError, type Carrier, type Compared, type Compressed, type CompressOptions, type Picture, type Preprocessor } from "jpegpre";

export async function smaller(picture: Picture, signal: AbortSignal | undefined): Promise<Blob> {
  const options: CompressOptions = { quality: 75, signal, maxWidth: undefined };
  const preprocessor: Preprocessor = await createPreprocessor({ profile: profiles[0]?.name, signal });
  try {
    const result: Compressed = await preprocessor.compress(picture, options);
    const compared: Compared = await preprocessor.compress(picture, { ...options, plain: true });
    console.log(compared.bytes.plain - compared.bytes.output, compared.plain.size, result.plain?.size);
    const edited: ImageData = await preprocessor.preprocess(new ImageData(1, 1), { quality: 60 });
    const carrier: Carrier = await preprocessor.carrier(edited, { quality: 60, encoderTables: undefined });
    console.log(edited.width, result.bytes.input ?? 0, result.path, new Blob([carrier.finish(new Uint8Array(2))]).size);
    return result.blob;
  } catch (error) {
    if (error instanceof JpegpreError && error.code === "not-a-picture") console.log(error.message);
    throw error;
  } finally {
    preprocessor.close();
  }
}
export const taken = (file: File, buffer: ArrayBuffer, bytes: Uint8Array, canvas: OffscreenCanvas, response: Response): Picture[] => [file, buffer, bytes, canvas, response];
`;
const USING = `
import { createPreprocessor } from "jpegpre";
export async function f(file: File): Promise<Blob> {
  using preprocessor = await createPreprocessor();
  return (await preprocessor.compress(file)).blob;
}
`;

async function checkTypes(version) {
  const folder = makeApp(tarball);
  run("npm", ["install", "--no-audit", "--no-fund", tarball, `typescript@${version}`], { cwd: folder });
  writeFileSync(join(folder, "typed.ts"), TYPED);
  const [major, minor] = version.split(".").map(Number);
  const knowsUsing = major > 5 || minor >= 2;
  if (knowsUsing) writeFileSync(join(folder, "using.ts"), USING);
  const sets = [
    { lib: ["ES2022", "DOM"], files: ["typed.ts"] },
    { lib: ["ES2022", "WebWorker"], files: ["typed.ts"] },
    ...(knowsUsing ? [{ lib: ["ESNext", "DOM", "DOM.Iterable"], files: ["typed.ts", "using.ts"] }] : []),
  ];
  for (const { lib, files } of sets) {
    for (const [module, moduleResolution] of [["ESNext", "Bundler"], ["NodeNext", "NodeNext"]]) {
      const compilerOptions = { target: "ES2022", lib, module, moduleResolution, types: [], strict: true, skipLibCheck: false };
      Object.assign(compilerOptions, { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noEmit: true });
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
      run(join(folder, "node_modules/.bin/tsc"), ["-p", "."], { cwd: folder });
    }
  }
  rmSync(folder, { recursive: true, force: true });
}

async function checkNext(flag) {
  const folder = mkdtempSync(join(tmpdir(), "jpegpre-next-"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "app", private: true }));
  run("npm", ["install", "--no-audit", "--no-fund", tarball, "next@16", "react@19", "react-dom@19"], { cwd: folder });
  const source = makeApp(tarball);
  mkdirSync(join(folder, "app"));
  run("cp", ["-r", join(source, "public"), folder]);
  writeFileSync(join(folder, "app/layout.js"), "export default ({ children }) => <html lang='en'><body>{children}</body></html>;");
  writeFileSync(join(folder, "app/work.js"), SOURCE.replace("globalThis.run = run;", ""));
  const view = `"use client";
    import { useEffect } from "react";
    import { run } from "./work.js";
    export default function Page() { useEffect(() => { globalThis.run = run; }, []); return <p>ready</p>; }`;
  writeFileSync(join(folder, "app/page.js"), view);
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };
  const next = join(folder, "node_modules/.bin/next");
  run(next, ["build", flag], { cwd: folder, env });
  const port = String(4000 + Math.floor(Math.random() * 20_000));
  const server = spawn(process.execPath, [join(folder, "node_modules/next/dist/bin/next"), "start", "-p", port], { cwd: folder, env });
  const browser = await launch();
  try {
    await new Promise((resolve, reject) => {
      server.stdout.on("data", (text) => /Ready/.test(text) && resolve());
      server.on("exit", () => reject(new Error("next start ended")));
    });
    const page = await browser.context.newPage();
    await page.goto(`http://localhost:${port}/`);
    await page.waitForFunction(() => "run" in globalThis);
    const outcome = await page.evaluate(() => globalThis.run());
    if (!outcome.startsWith("edited,photo.jpg,")) throw new Error(outcome);
    return outcome;
  } finally {
    await browser.close();
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

await check("publint", () => run("npx", ["--yes", "publint@0.3", "run", tarball, "--strict"]).trim().split("\n").at(-1));
await check("attw", () => void run("npx", ["--yes", "@arethetypeswrong/cli@0.18", tarball, "--profile", "esm-only"]));
const VERSIONS = [...Array.from({ length: 10 }, (_, minor) => `5.${minor}`), "6", "7"];
for (const version of VERSIONS) await check(`TypeScript ${version}`, () => checkTypes(version));
for (const flag of ["--turbopack", "--webpack"]) await check(`Next.js 16 ${flag}`, () => checkNext(flag));
process.exit(failures ? 1 : 0);
