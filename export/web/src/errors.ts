/** What went wrong, for programs; `message` says it to people, in one line. */
export type ErrorCode =
  /** The browser lacks OffscreenCanvas, WebAssembly SIMD or module workers. */
  | "unsupported-browser"
  /** The browser cannot decode the file. */
  | "not-a-picture"
  /** More pixels than the browser's canvas or a JPEG file can hold. */
  | "too-large"
  /** Fingerprinting protection changes the pixels that a page reads. */
  | "canvas-blocked"
  /** The model, or the WebAssembly that runs it, cannot be loaded or run. */
  | "model"
  /** The worker failed or stopped answering. The next call starts a new one. */
  | "worker"
  /** `maxBytes` cannot be met at any quality. */
  | "impossible-size"
  /** `close` was called. */
  | "closed";

/** Every failure of this package but cancelling (an `AbortError`) and wrong arguments (`TypeError`, `RangeError`). */
export class JpegpreError extends Error {
  override readonly name = "JpegpreError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The first line of anything thrown, for messages. */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.split("\n", 1)[0]!.trim();
}
