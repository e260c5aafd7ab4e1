/** What callers may give, made into what can be sent to a worker. */
import { checkBytes, checkImageData, describe, isA } from "./checks.js";
import { JpegpreError, firstLine } from "./errors.js";
import type { Picture } from "./types.js";

export interface Sendable {
  picture: Blob | ImageBitmap | ImageData;
  transfer: Transferable[];
  /** Bytes of the file that it is. */
  sizeBytes: number | undefined;
  /** File name for the result, and when the input was changed. */
  name: string | undefined;
  lastModified: number | undefined;
}

/**
 * @throws TypeError if it is none of the types that are taken, or is closed.
 * @throws JpegpreError "not-a-picture" if it has no pixels, or none that may be read.
 */
export async function toSendable(picture: Picture): Promise<Sendable> {
  if (isA(picture, "Response")) return ofFile(await bodyOf(picture as Response));
  if (isA(picture, "Blob")) return ofFile(picture as Blob);
  if (isA(picture, "ArrayBuffer") || ArrayBuffer.isView(picture)) {
    const bytes = checkBytes("picture", picture);
    if (bytes.length === 0) throw new TypeError("`picture` must have bytes: it is empty, or was sent away");
    return ofFile(new Blob([new Uint8Array(bytes)])); // a copy: no Blob is made of memory that is shared or may be resized
  }
  const name = undefined;
  const lastModified = undefined;
  if (isA(picture, "ImageData")) {
    return { picture: checkImageData("picture", picture), transfer: [], sizeBytes: undefined, name, lastModified };
  }
  if (!DRAWABLE.some((type) => isA(picture, type))) {
    throw new TypeError(
      "`picture` must be a Blob, ArrayBuffer, Response, ImageData, canvas, image, video, ImageBitmap or VideoFrame. " +
        `Received: ${describe(picture)}`,
    );
  }
  const bitmap = await snapshot(picture as CanvasImageSource);
  return { picture: bitmap, transfer: [bitmap], sizeBytes: undefined, name, lastModified };
}

const DRAWABLE = [
  "ImageBitmap",
  "OffscreenCanvas",
  "HTMLCanvasElement",
  "HTMLImageElement",
  "HTMLVideoElement",
  "SVGImageElement",
  "VideoFrame",
];

function ofFile(file: Blob): Sendable {
  const { name, lastModified } = file as Partial<File>;
  return { picture: file, transfer: [], sizeBytes: file.size, name, lastModified };
}

async function bodyOf(response: Response): Promise<Blob> {
  if (response.bodyUsed) throw new TypeError("`picture` must be a Response that was not read yet");
  if (!response.ok && response.type !== "opaque") {
    throw new JpegpreError("not-a-picture", `${response.url || "the response"} gave HTTP ${response.status}`);
  }
  if (response.type === "opaque") {
    throw new JpegpreError("not-a-picture", "the response is opaque: fetch it with CORS, or from this origin");
  }
  try {
    return await response.blob();
  } catch (error) {
    throw new JpegpreError("not-a-picture", `the response broke off: ${firstLine(error)}`);
  }
}

/** A copy of what is shown now. */
async function snapshot(source: CanvasImageSource): Promise<ImageBitmap> {
  const image = source as Partial<HTMLImageElement>;
  try {
    if (image.decode && !image.complete) await image.decode();
    return await createImageBitmap(source);
  } catch (error) {
    if ((error as Error).name === "SecurityError") throw foreign();
    throw new TypeError(`\`picture\` must have pixels: a ${describe(source)} that is empty, closed or not loaded has none (${firstLine(error)})`);
  }
}

/** Of pictures that came from another origin without its leave; browsers say so only when one is sent. */
export function foreign(): JpegpreError {
  return new JpegpreError("not-a-picture", "the picture came from another origin without CORS: its pixels may not be read");
}
