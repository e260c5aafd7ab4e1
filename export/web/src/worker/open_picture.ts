/** What was handed over, as pixels: decoded, upright, opaque, sRGB, and scaled down where that is asked for. */
import type { CompressRequest } from "../protocol.js";
import { Canvas, isAllOpaque } from "./canvas.js";
import { decode } from "./decode.js";
import { fileType } from "./file_type.js";
import { MemorySource, type Source } from "./pixels.js";
import { fittingSize, scaleDown } from "./scale.js";

export interface Opened {
  source: Source;
  /** Whether anything was transparent. */
  isFlattened: boolean;
  isScaled: boolean;
}

/** @param bytes The file's, if it is one. */
export async function openPicture(
  { picture, background, maxWidth, maxHeight }: CompressRequest,
  bytes: Uint8Array | undefined,
): Promise<Opened> {
  const { source, isFlattened } = "data" in picture ? ofImageData(picture, background) : await ofBitmap(picture, background, bytes);
  const { width, height } = fittingSize(source, maxWidth, maxHeight);
  if (width === source.width && height === source.height) return { source, isFlattened, isScaled: false };
  try {
    return { source: await scaleDown(source, width, height), isFlattened, isScaled: true };
  } finally {
    source.close();
  }
}

function ofImageData(picture: ImageData, background: string): Omit<Opened, "isScaled"> {
  const { data, width, height, colorSpace } = picture;
  const isOpaque = data instanceof Uint8ClampedArray && isAllOpaque(data);
  // Firefox's ImageData has had no color space for long.
  if (isOpaque && (colorSpace ?? "srgb") === "srgb") return { source: new MemorySource(data, width, height), isFlattened: false };
  const canvas = new Canvas(width, height, isOpaque);
  canvas.write(picture, 0);
  return { source: canvas, isFlattened: !isOpaque && canvas.flatten(background) };
}

async function ofBitmap(picture: Blob | ImageBitmap, background: string, bytes: Uint8Array | undefined): Promise<Omit<Opened, "isScaled">> {
  const { bitmap, orientation } = picture instanceof Blob ? await decode(picture, bytes!) : { bitmap: picture, orientation: 1 };
  try {
    const isOpaque = bytes !== undefined && fileType(bytes) === "jpeg";
    const isTurned = orientation >= 5;
    const canvas = new Canvas(isTurned ? bitmap.height : bitmap.width, isTurned ? bitmap.width : bitmap.height, isOpaque);
    canvas.draw(bitmap, orientation);
    return { source: canvas, isFlattened: !isOpaque && canvas.flatten(background) };
  } finally {
    bitmap.close();
  }
}
