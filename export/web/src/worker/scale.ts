/** Scaling down, by pica: bands of frequencies that the smaller picture cannot hold are filtered out, unlike by most canvases. */
import { Pica } from "pica";

import { JpegpreError, firstLine } from "../errors.js";
import { Canvas } from "./canvas.js";
import type { Pixels } from "./pixels.js";

const pica = new Pica({ features: ["js", "wasm"] });

/** The size of a picture scaled down to fit, or its own: none is enlarged. */
export function fittingSize(
  { width, height }: { width: number; height: number },
  maxWidth: number,
  maxHeight: number,
): { width: number; height: number } {
  const factor = Math.min(1, maxWidth / width, maxHeight / height);
  const scaled = (side: number): number => Math.max(1, Math.round(side * factor));
  return { width: scaled(width), height: scaled(height) };
}

/** Returns a smaller copy of an opaque picture. */
export async function scaleDown(source: Pixels, width: number, height: number): Promise<Canvas> {
  const target = new Canvas(width, height, true);
  try {
    const { buffer, byteOffset, length } = (source.viewRows ?? source.copyRows).call(source, 0, source.height);
    const options = { src: new Uint8Array(buffer, byteOffset, length), width: source.width, height: source.height, toWidth: width, toHeight: height };
    const scaled = await pica.resizeBuffer({ ...options, filter: "mks2013" });
    target.write(new ImageData(new Uint8ClampedArray(scaled.buffer as ArrayBuffer, scaled.byteOffset, scaled.length), width, height), 0);
    return target;
  } catch (error) {
    target.close();
    throw new JpegpreError("too-large", `the picture could not be scaled down (${firstLine(error)})`);
  }
}
