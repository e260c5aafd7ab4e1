/** One picture to one smaller JPEG file, by the browser's own encoder. */
import { JpegpreError } from "../errors.js";
import type { CompressRequest, CompressedReply } from "../protocol.js";
import { Canvas, decode, isAllOpaque } from "./canvas.js";
import { checkCanvas } from "./canvas_check.js";
import * as metadata from "./metadata.js";
import { searchQuality } from "./size_search.js";

/** Edits every pixel of `source` into `target` for `quality`. */
export type Edit = (source: Canvas, target: Canvas, quality: number) => Promise<void>;

export async function compress(
  request: CompressRequest,
  edit: Edit,
  checkpoint: () => Promise<void>,
): Promise<CompressedReply> {
  checkCanvas();
  const file = request.picture instanceof Blob ? request.picture : undefined;
  const bytes = file && new Uint8Array(await file.arrayBuffer());
  const { canvas: source, isFlattened } = await open(request, bytes);
  let target: Canvas | undefined;
  try {
    await checkpoint();
    const { width, height } = source;
    const carried = request.keepMetadata && bytes ? metadata.readMetadata(bytes) : undefined;
    const finished = async (blob: Blob): Promise<Blob> => {
      if (!carried) return blob;
      const upright = metadata.uprightMetadata(carried, width, height);
      const jpeg = new Uint8Array(await blob.arrayBuffer());
      return new Blob([metadata.insertMetadata(jpeg, upright)], { type: "image/jpeg" });
    };
    const plainAt = memoized(async (quality) => {
      await checkpoint();
      return finished(await source.encode(quality));
    });
    target = new Canvas(width, height, true);
    const edited = target;
    const smallerAt = async (quality: number): Promise<Best> => {
      const plain = await plainAt(quality);
      if (request.strength === 0) return { blob: plain, kept: "plain", sizeBytes: plain.size };
      await edit(source, edited, quality);
      const blob = await finished(await edited.encode(quality));
      const isSmaller = blob.size < plain.size;
      return { blob: isSmaller ? blob : plain, kept: isSmaller ? "edited" : "plain", sizeBytes: blob.size };
    };
    const { quality, best } = await atQualityOrSize(request, smallerAt, plainAt);
    const original = bytes && handedOn(bytes, file, request);
    const isOriginalKept = original !== undefined && original.size <= best.blob.size;
    return {
      kind: "compressed",
      job: request.job,
      blob: isOriginalKept ? original : best.blob,
      plain: await plainAt(quality),
      kept: isOriginalKept ? "original" : best.kept,
      quality,
      width,
      height,
      isFlattened,
    };
  } finally {
    source.close();
    target?.close();
  }
}

interface Best {
  blob: Blob;
  kept: "edited" | "plain";
  sizeBytes: number;
}

async function atQualityOrSize(
  request: CompressRequest,
  smallerAt: (quality: number) => Promise<Best>,
  plainAt: (quality: number) => Promise<Blob>,
): Promise<{ quality: number; best: Best }> {
  if (request.quality !== undefined) return { quality: request.quality, best: await smallerAt(request.quality) };
  const maxBytes = request.maxBytes!;
  const { quality, trial, isTooLarge } = await searchQuality(maxBytes, {
    plainSize: async (candidate) => (await plainAt(candidate)).size,
    edited: smallerAt,
  });
  if (isTooLarge) {
    throw new JpegpreError(
      "impossible-size",
      `${maxBytes} bytes are too few for this picture: the smallest possible file has ${trial.blob.size}; make the picture smaller first`,
    );
  }
  return { quality, best: trial };
}

/** The input as it may be handed on: JPEG files bare of metadata unless it is wanted, others only if they hold none. */
function handedOn(bytes: Uint8Array<ArrayBuffer>, file: Blob | undefined, request: CompressRequest): Blob | undefined {
  if (request.maxBytes !== undefined && bytes.length > request.maxBytes) return undefined;
  if (request.keepMetadata) return file;
  if (metadata.fileType(bytes) === "jpeg") return new Blob([metadata.stripJpeg(bytes)], { type: "image/jpeg" });
  return metadata.mayCarryMetadata(bytes) ? undefined : file;
}

/** @param bytes The file's, if it is one. */
async function open(
  { picture, background }: CompressRequest,
  bytes: Uint8Array | undefined,
): Promise<{ canvas: Canvas; isFlattened: boolean }> {
  const isPixels = "data" in picture;
  const shown = picture instanceof Blob ? await decode(picture) : picture;
  try {
    const isOpaque = isPixels ? isAllOpaque(picture.data) : bytes !== undefined && metadata.fileType(bytes) === "jpeg";
    const canvas = new Canvas(shown.width, shown.height, isOpaque);
    if ("data" in shown) canvas.write(shown, 0, 0);
    else canvas.draw(shown);
    return { canvas, isFlattened: !isOpaque && canvas.flatten(background) };
  } finally {
    if ("close" in shown) shown.close();
  }
}

function memoized<Result>(make: (key: number) => Promise<Result>): (key: number) => Promise<Result> {
  const made = new Map<number, Promise<Result>>();
  return (key) => {
    let result = made.get(key);
    if (!result) made.set(key, (result = make(key)));
    return result;
  };
}
