/** Checks of arguments. */

/** Characters of a received text that a message repeats. */
const LONGEST_SHOWN = 60;

export function checkNumber(name: string, value: unknown, low: number, high: number): number {
  if (typeof value !== "number") throw new TypeError(`\`${name}\` must be a number from ${low} to ${high}. Received: ${describe(value)}`);
  if (!(value >= low && value <= high)) throw new RangeError(`\`${name}\` must be from ${low} to ${high}. Received: ${value}`);
  return value;
}

export function checkWhole(name: string, value: unknown, low: number, high: number): number {
  const checked = checkNumber(name, value, low, high);
  if (!Number.isInteger(checked)) throw new RangeError(`\`${name}\` must be a whole number from ${low} to ${high}. Received: ${checked}`);
  return checked;
}

/** A number of things, without an upper bound. */
export function checkCount(name: string, value: unknown): number {
  const expected = `\`${name}\` must be a whole number, 1 or more`;
  if (typeof value !== "number") throw new TypeError(`${expected}. Received: ${describe(value)}`);
  if (!(Number.isSafeInteger(value) && value >= 1)) throw new RangeError(`${expected}. Received: ${value}`);
  return value;
}

export function checkFlag(name: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw new TypeError(`\`${name}\` must be true or false. Received: ${describe(value)}`);
  return value;
}

export function checkText(name: string, value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`\`${name}\` must be a string. Received: ${describe(value)}`);
  return value;
}

/** @returns The CSS color, if a canvas takes it for one: others it leaves out without a word. */
export function checkColor(name: string, value: unknown): string {
  const color = checkText(name, value);
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  if (!context) return color;
  const [first, second] = ["#000", "#fff"].map((before) => {
    context.fillStyle = before;
    context.fillStyle = color;
    return context.fillStyle;
  });
  if (first !== second) throw new RangeError(`\`${name}\` must be a CSS color. Received: ${brief(color)}`);
  return color;
}

/** @throws TypeError if it is no ImageData, or its pixels were sent to a worker. */
export function checkImageData(name: string, value: unknown): ImageData {
  if (!isA(value, "ImageData")) throw new TypeError(`\`${name}\` must be ImageData. Received: ${describe(value)}`);
  const image = value as ImageData;
  if (image.data.length === 0) throw new TypeError(`\`${name}\` must have pixels: those of this ImageData were sent away`);
  return image;
}

/** @returns The same memory, seen as bytes. */
export function checkBytes(name: string, value: unknown): Uint8Array {
  if (isA(value, "ArrayBuffer")) return new Uint8Array(value as ArrayBuffer);
  if (!ArrayBuffer.isView(value)) throw new TypeError(`\`${name}\` must be a Uint8Array or ArrayBuffer. Received: ${describe(value)}`);
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

/**
 * Checks that `options` is an object with none but these names, and what every call shares.
 *
 * @returns A copy without those that are null, which count as not given.
 */
export function checkOptions<Options extends object>(options: Options, names: readonly string[]): Options {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`options must be an object. Received: ${describe(options)}`);
  }
  const known = ["signal", "onProgress", ...names];
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new TypeError(`\`${name}\` is no option here. Known are ${[...known].sort().join(", ")}`);
  }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null)) as Options;
  const { signal, onProgress } = given as { signal?: unknown; onProgress?: unknown };
  if (signal !== undefined && !isA(signal, "AbortSignal")) {
    throw new TypeError(`\`signal\` must be an AbortSignal. Received: ${describe(signal)}`);
  }
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new TypeError(`\`onProgress\` must be a function. Received: ${describe(onProgress)}`);
  }
  return given;
}

/** By the type's name: workers lack some of them, and an object of another window has types of its own. */
export function isA(value: unknown, type: string): boolean {
  const known = (globalThis as Record<string, unknown>)[type] as (new () => unknown) | undefined;
  if (known && value instanceof known) return true;
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  return tag === type || (type === "Blob" && tag === "File");
}

export function describe(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value !== "object") return `${typeof value} ${brief(String(value))}`;
  return value.constructor?.name ?? "object";
}

/** A text on one line: what is given for a picture may be a whole file. */
export function brief(text: string): string {
  const line = text.slice(0, 2 * LONGEST_SHOWN).replace(/\s+/g, " ");
  return text.length > LONGEST_SHOWN ? `${line.slice(0, LONGEST_SHOWN)}… (${text.length} characters)` : line;
}
