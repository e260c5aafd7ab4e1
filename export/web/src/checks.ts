/** Checks of arguments. */

export function checkNumber(name: string, value: unknown, low: number, high: number): number {
  if (typeof value !== "number") throw new TypeError(`\`${name}\` must be a number from ${low} to ${high}. Received: ${describe(value)}`);
  if (!(value >= low && value <= high)) throw new RangeError(`\`${name}\` must be from ${low} to ${high}. Received: ${value}`);
  return value;
}

export function checkWhole(name: string, value: unknown, low: number, high: number): number {
  const checked = checkNumber(name, value, low, high);
  if (!Number.isInteger(checked)) throw new RangeError(`\`${name}\` must be a whole number. Received: ${checked}`);
  return checked;
}

export function checkFlag(name: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw new TypeError(`\`${name}\` must be true or false. Received: ${describe(value)}`);
  return value;
}

export function checkText(name: string, value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`\`${name}\` must be a string. Received: ${describe(value)}`);
  return value;
}

/** Checks that `options` is an object with none but these names, and what every call shares. */
export function checkOptions(options: unknown, names: readonly string[]): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`options must be an object. Received: ${describe(options)}`);
  }
  const known = ["signal", "onProgress", ...names];
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new TypeError(`\`${name}\` is no option here. Known are ${[...known].sort().join(", ")}`);
  }
  const { signal, onProgress } = options as { signal?: unknown; onProgress?: unknown };
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`\`signal\` must be an AbortSignal. Received: ${describe(signal)}`);
  }
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new TypeError(`\`onProgress\` must be a function. Received: ${describe(onProgress)}`);
  }
}

export function describe(value: unknown): string {
  if (value === null || typeof value !== "object") return `${typeof value} ${String(value)}`;
  return value.constructor?.name ?? "object";
}
