/** Pictures in the browser's own hands: decode, read, write, encode. All on OffscreenCanvas, off the page's thread. */
import { JpegpreError, firstLine } from "../errors.js";
import type { Source } from "./pixels.js";

/** The longest side of a JPEG file. */
const LONGEST_SIDE = 65535;

/** A canvas that holds a whole picture: 4 bytes per pixel. */
export class Canvas implements Source {
  readonly width: number;
  readonly height: number;
  readonly #canvas: OffscreenCanvas;
  readonly #context: OffscreenCanvasRenderingContext2D;

  /**
   * Throws `too-large` if this browser cannot make it: some say so, some silently hand out a dead canvas.
   *
   * @param isOpaque No pixel will be transparent: spares the browser two conversions of every pixel.
   */
  constructor(width: number, height: number, isOpaque: boolean) {
    this.width = width;
    this.height = height;
    if (Math.max(width, height) > LONGEST_SIDE) {
      const message = `${width} x ${height} pixels: a JPEG file holds at most ${LONGEST_SIDE} a side`;
      throw new JpegpreError("too-large", message);
    }
    const context = this.#make(isOpaque);
    if (!context) {
      const megapixels = Number(((width * height) / 1e6).toPrecision(2));
      const message = `${width} x ${height} pixels (${megapixels} MP) are more than this browser's canvas can hold`;
      throw new JpegpreError("too-large", message);
    }
    this.#canvas = context.canvas;
    this.#context = context;
  }

  #make(isOpaque: boolean): OffscreenCanvasRenderingContext2D | undefined {
    try {
      const canvas = new OffscreenCanvas(this.width, this.height);
      // In main memory: every pixel is read once, and a graphics card's maximum texture is smaller.
      const context = canvas.getContext("2d", { alpha: !isOpaque, willReadFrequently: true });
      if (!context) return undefined;
      context.fillStyle = "#f00";
      context.fillRect(this.width - 1, this.height - 1, 1, 1);
      // Only whether anything arrived: what fingerprinting protection changes is canvas_check's matter.
      const isAlive = context.getImageData(this.width - 1, this.height - 1, 1, 1).data[0] !== 0;
      context.clearRect(this.width - 1, this.height - 1, 1, 1);
      return isAlive ? context : undefined;
    } catch {
      return undefined;
    }
  }

  /** @param orientation EXIF's, 1..8, which is applied; from 5 on this canvas is as wide as the picture is high. */
  draw(picture: ImageBitmap, orientation = 1): void {
    const { width: w, height: h } = this;
    const matrices: Record<number, [number, number, number, number, number, number]> = {
      2: [-1, 0, 0, 1, w, 0],
      3: [-1, 0, 0, -1, w, h],
      4: [1, 0, 0, -1, 0, h],
      5: [0, 1, 1, 0, 0, 0],
      6: [0, 1, -1, 0, w, 0],
      7: [0, -1, -1, 0, w, h],
      8: [0, -1, 1, 0, 0, h],
    };
    const matrix = matrices[orientation];
    if (matrix) this.#context.setTransform(...matrix);
    this.#context.drawImage(picture, 0, 0);
    this.#context.resetTransform();
  }

  /** Puts `background` behind the picture where it is transparent; returns whether it was anywhere. */
  flatten(background: string): boolean {
    const rows = Math.max(1, Math.floor((1 << 20) / this.width));
    let isTransparent = false;
    for (let y = 0; y < this.height && !isTransparent; y += rows) {
      isTransparent = !isAllOpaque(this.copyRows(y, Math.min(this.height, y + rows)));
    }
    if (isTransparent) {
      this.#context.globalCompositeOperation = "destination-over";
      this.#context.fillStyle = background;
      this.#context.fillRect(0, 0, this.width, this.height);
      this.#context.fillStyle = "#fff"; // where `background` is transparent itself
      this.#context.fillRect(0, 0, this.width, this.height);
      this.#context.globalCompositeOperation = "source-over";
    }
    return isTransparent;
  }

  copyRows(top: number, end: number): Uint8ClampedArray<ArrayBuffer> {
    return this.#context.getImageData(0, top, this.width, end - top).data;
  }

  /** Writes whole rows, from row `top` on. */
  write(rows: ImageData, top: number): void {
    this.#context.putImageData(rows, 0, top);
  }

  /** The browser's own JPEG encoder, the one behind canvas.toBlob. */
  async encode(quality: number): Promise<Blob> {
    let blob: Blob;
    try {
      blob = await this.#canvas.convertToBlob({ type: "image/jpeg", quality: quality / 100 });
    } catch (error) {
      throw new JpegpreError("too-large", `this browser could not write the JPEG file (${firstLine(error)})`);
    }
    if (blob.type !== "image/jpeg") throw new JpegpreError("unsupported-browser", "this browser writes no JPEG files");
    return blob;
  }

  /** Frees the memory now, not when garbage is collected. */
  close(): void {
    this.#canvas.width = this.#canvas.height = 0;
  }
}

export async function bytesOf(blob: Promise<Blob>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await blob).arrayBuffer());
}

/** Whether no pixel of these RGBA levels is transparent. */
export function isAllOpaque(data: Uint8ClampedArray): boolean {
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length / 4);
  for (let i = 0; i < words.length; i++) if (words[i]! >>> 24 !== 255) return false;
  return true;
}
