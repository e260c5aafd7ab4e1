/** The entropy-coded bytes of a scan, bit by bit. */

export class BitReader {
  readonly #data: Uint8Array;
  #at = 0;
  #window = 0;
  #held = 0;

  /** @param data Entropy-coded bytes, stuffed, without restart markers. */
  constructor(data: Uint8Array) {
    this.#data = data;
  }

  /**
   * @param table Of `decodingTable`.
   * @throws RangeError where no code fits, or the scan ends before.
   */
  symbol(table: Uint16Array): number {
    this.#fill();
    const entry = table[(this.#window >>> (this.#held - 16)) & 0xffff]!;
    if (entry === 0 || this.#at > this.#data.length + 4) throw new RangeError("the JPEG file has a damaged scan");
    this.#held -= entry >> 8;
    return entry & 255;
  }

  /** @param length 0..16. */
  take(length: number): number {
    this.#fill();
    this.#held -= length;
    return (this.#window >>> this.#held) & ((1 << length) - 1);
  }

  #fill(): void {
    while (this.#held <= 16) {
      const byte = this.#data[this.#at] ?? 0; // beyond the end zeros, which a damaged file alone will read
      this.#at += byte === 0xff ? 2 : 1;
      this.#window = ((this.#window << 8) | byte) >>> 0;
      this.#held += 8;
    }
  }
}

export class BitWriter {
  #output = new Uint8Array(1 << 16);
  #at = 0;
  #window = 0;
  #held = 0;

  /** @param length 0..16. */
  put(value: number, length: number): void {
    if (this.#at + 8 > this.#output.length) {
      const longer = new Uint8Array(this.#output.length * 2);
      longer.set(this.#output);
      this.#output = longer;
    }
    this.#window = ((this.#window << length) | value) >>> 0;
    this.#held += length;
    for (; this.#held >= 8; this.#held -= 8) {
      const byte = (this.#window >>> (this.#held - 8)) & 255;
      this.#output[this.#at++] = byte;
      if (byte === 255) this.#output[this.#at++] = 0;
    }
    this.#window &= 255;
  }

  /** @returns All bytes, the last one completed by ones. */
  end(): Uint8Array {
    if (this.#held) this.put((1 << (8 - this.#held)) - 1, 8 - this.#held);
    return this.#output.subarray(0, this.#at);
  }
}
