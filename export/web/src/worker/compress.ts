/** One picture to one smaller JPEG file, by the browser's own encoder. */
import { JpegpreError } from "../errors.js";
import type { CompressRequest, CompressedReply } from "../protocol.js";
import { reoptimized } from "../jpeg/reoptimize.js";
import { Canvas, isAllOpaque } from "./canvas.js";
import { checkCanvas } from "./canvas_check.js";
import { decode } from "./decode.js";
import { fileType, isAnimated } from "./file_type.js";
import { dropColorProfile, insertMetadata, stripJpeg, uprightMetadata } from "./metadata.js";
import { mayCarryMetadata, readMetadata, type Metadata } from "./metadata_read.js";
import { fittingSize, scaleDown } from "./scale.js";
import { searchQuality } from "./size_search.js";

export interface Steps {
  /** Edits every pixel of `source` into `target` for `quality`. */
  edit(source: Canvas, target: Canvas, quality: number): Promise<void>;
  /** Throws to stop, after messages had their turn. */
  checkpoint(): Promise<void>;
}

export async function compress(request: CompressRequest, { edit, checkpoint }: Steps): Promise<CompressedReply> {
  checkCanvas();
  const file = request.picture instanceof Blob ? request.picture : undefined;
  const bytes = file && new Uint8Array(await file.arrayBuffer());
  const { canvas: source, isFlattened, isScaled } = await open(request, bytes);
  let target: Canvas | undefined;
  try {
    await checkpoint();
    const { width, height } = source;
    const metadata = request.keepMetadata && bytes ? uprightMetadata(await readMetadata(bytes), width, height) : undefined;
    const plainAt = memoized(async (quality) => {
      await checkpoint();
      return withMetadata(await source.encode(quality), metadata);
    });
    const trim = (blob: Blob): Promise<Blob> => trimmed(blob, request.keepColorProfile);
    target = new Canvas(width, height, true);
    const edited = target;
    const smallerAt = async (quality: number): Promise<Best> => {
      const plain = await trim(await plainAt(quality));
      if (request.strength === 0) return { blob: plain, kept: "plain", sizeBytes: plain.size };
      await edit(source, edited, quality);
      const blob = await trim(await withMetadata(await edited.encode(quality), metadata));
      const isSmaller = blob.size < plain.size;
      return { blob: isSmaller ? blob : plain, kept: isSmaller ? "edited" : "plain", sizeBytes: blob.size };
    };
    const { quality, best } = await atQualityOrSize(request, smallerAt, plainAt);
    const original = bytes && !isScaled ? handedOn(bytes, file!, request) : undefined;
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
      isAnimated: bytes !== undefined && isAnimated(bytes),
    };
  } finally {
    source.close();
    target?.close();
  }
}

async function withMetadata(blob: Blob, metadata: Metadata | undefined): Promise<Blob> {
  if (!metadata) return blob;
  const jpeg = new Uint8Array(await blob.arrayBuffer());
  return new Blob([insertMetadata(jpeg, metadata)], { type: "image/jpeg" });
}

/** The same picture in fewer bytes. */
async function trimmed(blob: Blob, keepColorProfile: boolean): Promise<Blob> {
  const jpeg = new Uint8Array(await blob.arrayBuffer());
  const bare = keepColorProfile ? jpeg : dropColorProfile(jpeg);
  const result = reoptimized(bare) ?? bare;
  return result === jpeg ? blob : new Blob([result], { type: "image/jpeg" });
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

/** The input as it may be handed on: bare of metadata unless it is wanted. Other files than JPEG only on request. */
function handedOn(bytes: Uint8Array<ArrayBuffer>, file: Blob, request: CompressRequest): Blob | undefined {
  if (request.maxBytes !== undefined && bytes.length > request.maxBytes) return undefined;
  if (fileType(bytes) === "jpeg") return new Blob([request.keepMetadata ? bytes : stripJpeg(bytes)], { type: "image/jpeg" });
  if (!request.allowOriginal) return undefined;
  return request.keepMetadata || !mayCarryMetadata(bytes) ? file : undefined;
}

/** @param bytes The file's, if it is one. */
async function open(
  { picture, background, maxWidth, maxHeight }: CompressRequest,
  bytes: Uint8Array | undefined,
): Promise<{ canvas: Canvas; isFlattened: boolean; isScaled: boolean }> {
  const { canvas, isFlattened } = await whole(picture, background, bytes);
  const { width, height } = fittingSize(canvas, maxWidth, maxHeight);
  if (width === canvas.width && height === canvas.height) return { canvas, isFlattened, isScaled: false };
  try {
    return { canvas: await scaleDown(canvas, width, height), isFlattened, isScaled: true };
  } finally {
    canvas.close();
  }
}

async function whole(
  picture: CompressRequest["picture"],
  background: string,
  bytes: Uint8Array | undefined,
): Promise<{ canvas: Canvas; isFlattened: boolean }> {
  if ("data" in picture) {
    const isOpaque = picture.data instanceof Uint8ClampedArray && isAllOpaque(picture.data);
    const canvas = new Canvas(picture.width, picture.height, isOpaque);
    canvas.write(picture, 0, 0);
    return { canvas, isFlattened: !isOpaque && canvas.flatten(background) };
  }
  const { bitmap, orientation } =
    picture instanceof Blob ? await decode(picture, bytes!) : { bitmap: picture, orientation: 1 };
  try {
    const isOpaque = bytes !== undefined && fileType(bytes) === "jpeg";
    const isTurned = orientation >= 5;
    const canvas = new Canvas(isTurned ? bitmap.height : bitmap.width, isTurned ? bitmap.width : bitmap.height, isOpaque);
    canvas.draw(bitmap, orientation);
    return { canvas, isFlattened: !isOpaque && canvas.flatten(background) };
  } finally {
    bitmap.close();
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
