// Compiles src/kernel/*.c to src/kernel/kernel.wasm with the pinned clang from npm: the same bytes on every machine.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { commands, runLLVM } from "@yowasp/clang";

const folder = fileURLToPath(new URL("../src/kernel", import.meta.url));
const names = readdirSync(folder).filter((name) => /\.[ch]$/.test(name));
const files = Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
const options = ["--target=wasm32", "-std=c17", "-O3", "-msimd128", "-Wall", "-Werror", "-ffreestanding", "-nostdlib"];
const link = ["--no-entry", "--export=__heap_base", "--strip-all", "-z", "stack-size=65536"].map((option) => `-Wl,${option}`);
const sources = names.filter((name) => name.endsWith(".c"));

await runLLVM(null, {}, { fetchProgress: () => {} }); // loads the compiler, which would print its progress
const output = await commands.clang([...options, ...link, "-o", "kernel.wasm", ...sources], files);
writeFileSync(join(folder, "kernel.wasm"), output["kernel.wasm"]);
