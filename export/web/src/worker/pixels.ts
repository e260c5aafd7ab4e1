/** Pictures in memory, as the network reads them: row by row, without color management. */
import { Canvas } from "./canvas.js";

/** RGBA samples of a picture. */
export interface Pixels {
  width: number;
  height: number;
  /** The caller's own copy of rows [top, end). */
  copyRows(top: number, end: number): Uint8ClampedArray<ArrayBuffer>;
  /** The rows themselves, where they lie in this thread's memory: to be read only. */
  viewRows?(top: number, end: number): Uint8ClampedArray<ArrayBuffer>;
}

/** An opaque picture that the browser's own encoder can be given too. */
export interface Source extends Pixels {
  encode(quality: number): Promise<Blob>;
  close(): void;
}

export class MemoryPixels implements Pixels {
  /** @param samples Of all rows. */
  constructor(
    readonly samples: Uint8ClampedArray<ArrayBuffer>,
    readonly width: number,
    readonly height: number,
  ) {}

  copyRows(top: number, end: number): Uint8ClampedArray<ArrayBuffer> {
    return this.samples.slice(top * this.width * 4, end * this.width * 4);
  }

  viewRows(top: number, end: number): Uint8ClampedArray<ArrayBuffer> {
    return this.samples.subarray(top * this.width * 4, end * this.width * 4);
  }
}

/** Opaque sRGB pixels, which are put on a canvas only if their plain file is wanted: most pictures' is not. */
export class MemorySource extends MemoryPixels implements Source {
  #canvas: Canvas | undefined;

  async encode(quality: number): Promise<Blob> {
    if (!this.#canvas) {
      this.#canvas = new Canvas(this.width, this.height, true);
      this.#canvas.write(new ImageData(this.samples, this.width, this.height), 0);
    }
    return this.#canvas.encode(quality);
  }

  close(): void {
    this.#canvas?.close();
  }
}
