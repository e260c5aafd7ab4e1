/** One picture to one smaller JPEG file, by the browser's own encoder. */
import { JpegpreError } from "../errors.js";
import type { CompressRequest, CompressedReply } from "../protocol.js";
import { encoderTables } from "../jpeg/encoder_tables.js";
import { reoptimized } from "../jpeg/reoptimize.js";
import { standardTables } from "../jpeg/standard_tables.js";
import type { Tables } from "../jpeg/tables.js";
import { tunedTables, type TablesFile } from "../jpeg/tuned_tables.js";
import { Canvas, isAllOpaque } from "./canvas.js";
import { checkCanvas } from "./canvas_check.js";
import { carrierSide, checkSize, encodeCarrier, NoCarrier } from "./carriers.js";
import type { Coefficients } from "./coefficients.js";
import { decode } from "./decode.js";
import { fileType, isAnimated } from "./file_type.js";
import { dropColorProfile, insertMetadata, stripJpeg, uprightMetadata } from "./metadata.js";
import type { Kernel } from "./kernel.js";
import { mayCarryMetadata, readMetadata, type Metadata } from "./metadata_read.js";
import { fittingSize, scaleDown } from "./scale.js";
import { searchQuality } from "./size_search.js";

export interface Steps {
  kernel: Kernel;
  tunedTables: TablesFile;
  /** Edits every pixel of `source` into `target` for an encoder of these tables. */
  edit(source: Canvas, target: Canvas, encoder: Tables): Promise<void>;
  decide(source: Canvas, target: Tables): Promise<Coefficients>;
  /** @returns How many pixels of the carrier are cut at 0 or 255. */
  render(coefficients: Coefficients, encoder: Tables, target: Canvas): Promise<number>;
  /** Throws to stop, after messages had their turn. */
  checkpoint(): Promise<void>;
}

/** How a file was made. */
type Way = Pick<CompressedReply, "path" | "editReason">;

export async function compress(request: CompressRequest, steps: Steps): Promise<CompressedReply> {
  checkCanvas();
  const { checkpoint } = steps;
  const file = request.picture instanceof Blob ? request.picture : undefined;
  const bytes = file && new Uint8Array(await file.arrayBuffer());
  const { canvas: source, isFlattened, isScaled } = await open(request, bytes);
  try {
    await checkpoint();
    const { width, height } = source;
    const metadata = request.keepMetadata && bytes ? uprightMetadata(await readMetadata(bytes), width, height) : undefined;
    const plainAt = memoized(async (quality) => {
      await checkpoint();
      return withMetadata(await source.encode(quality), metadata);
    });
    const trim = (blob: Blob): Promise<Blob> => trimmed(blob, request.keepColorProfile);
    // It takes the encoder as long as the other file does.
    const isCompared = request.plain || request.maxBytes !== undefined;
    const smallerAt = async (quality: number): Promise<Best> => {
      if (request.strength === 0) {
        const plain = await trim(await plainAt(quality));
        return { blob: plain, kept: "plain", sizeBytes: plain.size, path: "edit", editReason: "strength is 0" };
      }
      const plain = isCompared ? await trim(await plainAt(quality)) : undefined;
      const { jpeg, ...way } = await encodeAt(source, quality, steps);
      const blob = await trim(await withMetadata(jpeg, metadata));
      const isPlainSmaller = plain !== undefined && plain.size <= blob.size;
      return { blob: isPlainSmaller ? plain : blob, kept: isPlainSmaller ? "plain" : "edited", sizeBytes: blob.size, ...way };
    };
    const { quality, best } = await atQualityOrSize(request, smallerAt, plainAt);
    const original = bytes && !isScaled ? handedOn(bytes, file!, request) : undefined;
    const isOriginalKept = original !== undefined && original.size <= best.blob.size;
    return {
      kind: "compressed",
      job: request.job,
      blob: isOriginalKept ? original : best.blob,
      plain: request.plain ? await plainAt(quality) : undefined,
      kept: isOriginalKept ? "original" : best.kept,
      path: best.path,
      editReason: best.editReason,
      quality,
      width,
      height,
      isFlattened,
      isAnimated: bytes !== undefined && isAnimated(bytes),
    };
  } finally {
    source.close();
  }
}

/** The file that the network decides on: by a carrier, or of edited pixels where there can be none. */
async function encodeAt(source: Canvas, quality: number, steps: Steps): Promise<{ jpeg: Blob } & Way> {
  const { kernel, decide, render, edit, tunedTables: family } = steps;
  const { width, height } = source;
  let editReason: string;
  try {
    checkSize(width, height);
    return await onCanvas(carrierSide(width), carrierSide(height), async (canvas) => {
      const work = { kernel, decide: (target: Tables) => decide(source, target), render };
      const jpeg = await encodeCarrier(tunedTables(family, quality), quality, canvas, work);
      return { jpeg: new Blob([jpeg], { type: "image/jpeg" }), path: "carrier", editReason: undefined };
    });
  } catch (error) {
    // A carrier takes more memory than an edit: its sides are larger, and coefficients are held.
    const isTooLarge = error instanceof RangeError || (error instanceof JpegpreError && error.code === "too-large");
    if (!(error instanceof NoCarrier) && !isTooLarge) throw error;
    editReason = error.message;
  }
  const encoder = (await encoderTables(quality)) ?? standardTables(quality);
  return onCanvas(width, height, async (canvas) => {
    await edit(source, canvas, encoder);
    return { jpeg: await canvas.encode(quality), path: "edit", editReason };
  });
}

async function onCanvas<Result>(width: number, height: number, work: (canvas: Canvas) => Promise<Result>): Promise<Result> {
  const canvas = new Canvas(width, height, true);
  try {
    return await work(canvas);
  } finally {
    canvas.close();
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

interface Best extends Way {
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
