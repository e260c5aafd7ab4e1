/** Picture files, upright and in sRGB, in the browser's own decoder. */
import { JpegpreError } from "../errors.js";
import { readOrientation } from "./exif.js";
import { fileType } from "./file_type.js";
import { readMetadata } from "./metadata_read.js";

export interface Decoded {
  bitmap: ImageBitmap;
  /** EXIF orientation that is still to be applied: 1 where the browser has done so. */
  orientation: number;
}

/** @throws JpegpreError "not-a-picture". */
export async function decode(file: Blob, bytes: Uint8Array): Promise<Decoded> {
  if (file.size === 0) throw new JpegpreError("not-a-picture", "the file is empty");
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    if (fileType(bytes) === "heic") {
      const advice = "Safari does; cameras can be set to JPEG (iPhone: Settings, Camera, Formats, Most Compatible)";
      throw new JpegpreError("not-a-picture", `this browser cannot open HEIC photos: ${advice}`);
    }
    if (isSvg(bytes)) {
      throw new JpegpreError("not-a-picture", "SVG files are drawings without pixels: draw it on a canvas, and give that");
    }
    const what = file.type ? ` (${file.type})` : "";
    throw new JpegpreError(
      "not-a-picture",
      `this browser cannot open the file${what}: not a picture, damaged, too large, or in a format that it does not know`,
    );
  }
  return { bitmap, orientation: await orientationLeft(bytes) };
}

function isSvg(bytes: Uint8Array): boolean {
  const start = new TextDecoder().decode(bytes.subarray(0, 4096));
  return /^\s*<(\?xml|!--|!DOCTYPE svg|svg)/i.test(start) && /<svg[\s>]/i.test(start);
}

/** All browsers turn JPEG photos; Chromium leaves WebP ones lying. */
async function orientationLeft(bytes: Uint8Array): Promise<number> {
  const type = fileType(bytes);
  if (type !== "png" && type !== "webp") return 1;
  const { exif } = await readMetadata(bytes);
  const orientation = exif ? readOrientation(exif) : 1;
  if (orientation === 1) return 1;
  return (await (turns[type] ??= turnsByItself(PROBES[type]))) ? 1 : orientation;
}

/** Files of 2 x 1 pixels with orientation 6: upright they are 1 x 2. */
const PROBES = {
  png: "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAGmVYSWZNTQAqAAAACAABARIAAwAAAAEABgAAAAAAANZnS2kAAAAPSURBVHicY/z//z8DAwMADv8C/7jFnpkAAAAASUVORK5CYII=",
  webp: "UklGRlIAAABXRUJQVlA4WAoAAAAIAAAAAQAAAAAAVlA4TBEAAAAvAQAAAAfQ//73v/+BiOh/AABFWElGGgAAAE1NACoAAAAIAAEBEgADAAAAAQAGAAAAAAAA",
};
const turns: Partial<Record<keyof typeof PROBES, Promise<boolean>>> = {};

async function turnsByItself(probe: string): Promise<boolean> {
  const bytes = Uint8Array.from(atob(probe), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes])).catch(() => undefined);
  const isTurned = bitmap?.height === 2;
  bitmap?.close();
  return isTurned;
}
