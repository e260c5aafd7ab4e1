// Compiles export/kernel/ to WebAssembly with the pinned clang from npm: npm run build:kernel
//
// Writes kernel.wasm, for every browser with SIMD, and kernel-relaxed.wasm, for those with relaxed SIMD; same results.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { commands, runLLVM } from "@yowasp/clang";

const source = fileURLToPath(new URL("../../kernel", import.meta.url));
const target = process.argv[2] ?? join(source, "wasm-dist");
const files = {};
for (const folder of ["include", "src", "wasm"]) {
  const names = readdirSync(join(source, folder)).filter((name) => /\.[ch]$/.test(name));
  files[folder] = Object.fromEntries(names.map((name) => [name, readFileSync(join(source, folder, name), "utf8")]));
}
const options = ["--target=wasm32", "-std=c17", "-O3", "-ffp-contract=off", "-msimd128", "-mbulk-memory", "-ffreestanding", "-nostdlib"];
const warnings = ["-Wall", "-Wextra", "-Werror"];
const link = ["--no-entry", "--strip-all", "-z", "stack-size=131072"].map((option) => `-Wl,${option}`);
const sources = ["src", "wasm"].flatMap((folder) =>
  Object.keys(files[folder]).filter((name) => name.endsWith(".c") && name !== "level.c").map((name) => `${folder}/${name}`),
);

/** Levels as in export/kernel/build.py: symbol, name, products. */
async function compile(name, levels, more) {
  const common = [...options, ...warnings, ...more, "-Iinclude", "-Iwasm"];
  const objects = {};
  for (const [symbol, label, products] of levels) {
    const defined = [`-DLEVEL=${symbol}`, `-DLEVEL_NAME="${label}"`, `-DLEVEL_PRODUCTS=${products}`];
    const output = await commands.clang([...common, ...defined, "-c", "src/level.c", "-o", `${symbol}.o`], files);
    objects[`${symbol}.o`] = output[`${symbol}.o`];
  }
  const output = await commands.clang([...common, ...link, "-o", name, ...sources, ...Object.keys(objects)], { ...files, ...objects });
  writeFileSync(join(target, name), output[name]);
}

await runLLVM(null, {}, { fetchProgress: () => {} }); // loads the compiler, which would print its progress
mkdirSync(target, { recursive: true });
const plain = ["level_simd128", "simd128", 0];
await compile("kernel.wasm", [plain], []);
await compile("kernel-relaxed.wasm", [["level_relaxed", "relaxed-simd", 4], plain], ["-mrelaxed-simd"]);
