/** Pixels as they come from canvases. */
import { isA } from "./checks.js";

/**
 * @param image Samples of 8 bits, or floating-point ones, 0 to 1, which newer browsers have for wide colors.
 * @returns A copy in 8 bits, rounded; what floating-point samples hold beyond black and white is clipped.
 */
export function to8Bits(image: ImageData): Uint8ClampedArray<ArrayBuffer> {
  const data = image.data as ArrayLike<number>;
  if (isA(data, "Uint8ClampedArray")) return new Uint8ClampedArray(data);
  const samples = new Uint8ClampedArray(data.length);
  for (let i = 0; i < samples.length; i++) samples[i] = data[i]! * 255;
  return samples;
}
