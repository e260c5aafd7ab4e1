/** Numbers and names for people. */

/** 1 kB is 1000 bytes, as file managers and upload limits have it. */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 999_500) return `${(count / 1e3).toFixed(count < 99_950 ? 1 : 0)} kB`;
  return `${(count / 1e6).toFixed(2)} MB`;
}

/** How `now` compares with `before`: "−31 %", "+4 %", "0 %". */
export function change(before: number, now: number): string {
  const percent = Math.round(100 * (now / before - 1));
  if (percent === 0) return now < before ? "−<1 %" : now > before ? "+<1 %" : "0 %";
  return `${percent < 0 ? "−" : "+"}${Math.abs(percent)} %`;
}

/** What the smaller file of `name` is called; `type` is what it holds. */
export function outputName(name: string, type: string): string {
  const stem = name.replace(/\.[^.]*$/, "") || "photo";
  const extension = type === "image/jpeg" ? "jpg" : (/\.([^.]*)$/.exec(name)?.[1] ?? "bin");
  return `${stem}-smaller.${extension}`;
}

/** `names` without two alike: a number is put before the extension. */
export function distinct(names: string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let candidate = name;
    for (let i = 2; taken.has(candidate.toLowerCase()); i++) candidate = name.replace(/(\.[^.]*)?$/, ` ${i}$1`);
    taken.add(candidate.toLowerCase());
    return candidate;
  });
}
