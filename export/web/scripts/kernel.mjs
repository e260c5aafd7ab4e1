// Compiles export/kernel/ to WebAssembly with the pinned clang from npm: npm run build:kernel
//
// Writes kernel.wasm, for every browser with SIMD, and kernel-relaxed.wasm, for those with relaxed SIMD; same results.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { commands, runLLVM } from "@yowasp/clang";

const source = fileURLToPath(new URL("../../kernel", import.meta.url));
const files = {};
for (const folder of ["include", "src", "wasm"]) {
  const names = readdirSync(join(source, folder)).filter((name) => /\.[ch]$/.test(name));
  files[folder] = Object.fromEntries(names.map((name) => [name, readFileSync(join(source, folder, name), "utf8")]));
}
const options = ["--target=wasm32", "-std=c17", "-O3", "-ffp-contract=off", "-msimd128", "-mbulk-memory", "-ffreestanding", "-nostdlib"];
const warnings = ["-Wall", "-Wextra", "-Werror"];
const RELAXED = "-mrelaxed-simd";

/** Returns the object file of one source. */
async function compile(path, more) {
  const object = `${path.replaceAll("/", "-")}.o`;
  const output = await commands.clang([...options, ...warnings, ...more, "-Iinclude", "-Iwasm", "-c", path, "-o", object], files);
  return output[object];
}

/** Levels as in export/kernel/build.py: symbol, name, products. */
function compileLevel(symbol, label, products, more) {
  return compile("src/level.c", [`-DLEVEL=${symbol}`, `-DLEVEL_NAME="${label}"`, `-DLEVEL_PRODUCTS=${products}`, ...more]);
}

/** What only kernel-relaxed.wasm has. */
async function compileRelaxed() {
  const level = await compileLevel("level_relaxed", "relaxed-simd", 4, [RELAXED]);
  return [level, await compile("src/levels.c", [RELAXED])];
}

async function link(objects) {
  const inputs = Object.fromEntries(objects.map((object, i) => [`${i}.o`, object]));
  const link = ["--no-entry", "--strip-all", "-z", "stack-size=131072"].map((option) => `-Wl,${option}`);
  const output = await commands.clang(["--target=wasm32", "-nostdlib", ...link, "-o", "kernel.wasm", ...Object.keys(inputs)], inputs);
  return output["kernel.wasm"];
}

await runLLVM(null, {}, { fetchProgress: () => {} }); // loads the compiler, which would print its progress
if (isMainThread) {
  // The two levels take most of the time: one in a thread of its own.
  const relaxed = new Promise((resolve, reject) => {
    new Worker(new URL(import.meta.url)).once("message", resolve).once("error", reject);
  });
  const shared = [await compileLevel("level_simd128", "simd128", 0, [])];
  for (const folder of ["src", "wasm"]) {
    for (const name of Object.keys(files[folder])) {
      if (name.endsWith(".c") && !/^levels?\.c$/.test(name)) shared.push(await compile(`${folder}/${name}`, []));
    }
  }
  const target = process.argv[2] ?? join(source, "wasm-dist");
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, "kernel.wasm"), await link([...shared, await compile("src/levels.c", [])]));
  writeFileSync(join(target, "kernel-relaxed.wasm"), await link([...shared, ...(await relaxed)]));
} else {
  parentPort.postMessage(await compileRelaxed());
}
