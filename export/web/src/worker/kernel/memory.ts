/** The kernel's memory, handed out from the bottom up. */
const PAGE = 65536;

export class Memory {
  readonly #memory: WebAssembly.Memory;
  #top: number;
  words!: Int32Array;
  floats!: Float32Array;
  shorts!: Int16Array;
  bytes!: Uint8Array;

  /** @param base First free address. */
  constructor(memory: WebAssembly.Memory, base: number) {
    this.#memory = memory;
    this.#top = base;
    this.#view();
  }

  /** @returns Address, a multiple of 16, of `sizeBytes` zeros. */
  allocate(sizeBytes: number): number {
    const start = (this.#top + 15) & ~15;
    this.#top = start + sizeBytes;
    const missing = this.#top - this.#memory.buffer.byteLength;
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / PAGE));
      this.#view();
    }
    this.bytes.fill(0, start, this.#top);
    return start;
  }

  mark(): number {
    return this.#top;
  }

  /** What was allocated after `mark()` is free again. */
  release(mark: number): void {
    this.#top = mark;
  }

  #view(): void {
    const { buffer } = this.#memory;
    this.words = new Int32Array(buffer);
    this.floats = new Float32Array(buffer);
    this.shorts = new Int16Array(buffer);
    this.bytes = new Uint8Array(buffer);
  }
}
