// Leaves in dist/ the types that index.d.ts is made of: all others describe what is inside.
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
const PUBLIC = ["index.d.ts", "types.d.ts", "errors.d.ts"];
for (const name of readdirSync(dist, { recursive: true })) {
  if (name.endsWith(".d.ts") && !PUBLIC.includes(name)) rmSync(join(dist, name));
}
for (const name of ["worker", "jpeg", "kernel"]) {
  const folder = join(dist, name);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) rmSync(folder, { recursive: true });
}
