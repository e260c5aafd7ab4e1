/**
 * Detects browsers that change the pixels a page reads from a canvas (fingerprinting protection of Firefox, Tor, Brave and
 * others). There editing would add noise to people's photos, or turn them white.
 */
import { JpegpreError } from "../errors.js";

const SIDE = 16;
let isRight = false;

/** Throws `canvas-blocked` if known pixels do not come back as they were. Once they did, it is not asked again. */
export function checkCanvas(): void {
  if (isRight) return;
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new JpegpreError("unsupported-browser", "this browser has no OffscreenCanvas for pictures");
  const known = new ImageData(SIDE, SIDE);
  for (let i = 0; i < known.data.length; i++) known.data[i] = i % 4 === 3 ? 255 : (i * 97 + (i >> 6) * 31) & 255;
  context.putImageData(known, 0, 0);
  const read = context.getImageData(0, 0, SIDE, SIDE).data;
  if (!known.data.every((value, i) => value === read[i])) {
    throw new JpegpreError(
      "canvas-blocked",
      "this browser changes the pixels that pages read, to protect against fingerprinting: allow canvas access for this site",
    );
  }
  isRight = true;
}
