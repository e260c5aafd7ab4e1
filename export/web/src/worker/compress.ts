/** One picture to one smaller JPEG file, by the browser's own encoder. */
import { JpegpreError } from "../errors.js";
import type { CompressRequest, CompressedReply } from "../protocol.js";
import { encoderTables } from "../jpeg/encoder_tables.js";
import { reoptimized } from "../jpeg/reoptimize.js";
import { standardTables } from "../jpeg/standard_tables.js";
import type { Tables } from "../jpeg/tables.js";
import { tunedTables, type TablesFile } from "../jpeg/tuned_tables.js";
import { bytesOf, Canvas } from "./canvas.js";
import { checkCanvas } from "./canvas_check.js";
import { carrierSide, checkSize, encodeCarrier, NoCarrier } from "./carriers.js";
import type { Coefficients } from "./coefficients.js";
import { fileType, isAnimated } from "./file_type.js";
import { dropColorProfile, insertMetadata, stripJpeg, uprightMetadata } from "./metadata.js";
import type { Kernel } from "./kernel.js";
import { mayCarryMetadata, readMetadata, type Metadata } from "./metadata_read.js";
import { openPicture } from "./open_picture.js";
import type { Source } from "./pixels.js";
import { searchQuality } from "./size_search.js";

export interface Steps {
  kernel: Kernel;
  tunedTables: TablesFile;
  /** Edits every pixel of `source` into `target` for an encoder of these tables. */
  edit(source: Source, target: Canvas, encoder: Tables): Promise<void>;
  // As CarrierWork has them.
  carry(source: Source, tables: { target: Tables; encoder: Tables }, to: Canvas): Promise<number>;
  decide(source: Source, target: Tables): Promise<Coefficients>;
  render(coefficients: Coefficients, encoder: Tables, target: Canvas): Promise<number>;
  /** Throws to stop, after messages had their turn. */
  checkpoint(): Promise<void>;
}

type JpegBytes = Uint8Array<ArrayBuffer>;

/** How a file was made. */
type Way = Pick<CompressedReply, "path" | "editReason">;

export async function compress(request: CompressRequest, steps: Steps): Promise<CompressedReply> {
  checkCanvas();
  const { checkpoint } = steps;
  const file = request.picture instanceof Blob ? request.picture : undefined;
  const bytes = file && (await read(file));
  const { source, isFlattened, isScaled } = await openPicture(request, bytes);
  try {
    await checkpoint();
    const { width, height } = source;
    const metadata = request.keepMetadata && bytes ? uprightMetadata(await readMetadata(bytes), width, height) : undefined;
    const plainAt = memoized(async (quality) => {
      await checkpoint();
      return withMetadata(await bytesOf(source.encode(quality)), metadata);
    });
    const trim = (jpeg: JpegBytes): JpegBytes => trimmed(jpeg, request.keepColorProfile);
    // It takes the encoder as long as the other file does.
    const isCompared = request.plain || request.maxBytes !== undefined;
    const smallerAt = async (quality: number): Promise<Best> => {
      if (request.strength === 0) {
        const plain = trim(await plainAt(quality));
        return { jpeg: plain, kept: "plain", sizeBytes: plain.length, path: "edit", editReason: "strength is 0" };
      }
      const plain = isCompared ? trim(await plainAt(quality)) : undefined;
      const { jpeg, ...way } = await encodeAt(source, quality, steps);
      const smaller = trim(withMetadata(jpeg, metadata));
      const isPlainSmaller = plain !== undefined && plain.length <= smaller.length;
      return { jpeg: isPlainSmaller ? plain : smaller, kept: isPlainSmaller ? "plain" : "edited", sizeBytes: smaller.length, ...way };
    };
    const { quality, best } = await atQualityOrSize(request, smallerAt, plainAt);
    const original = bytes && !isScaled ? handedOn(bytes, file!, request) : undefined;
    const isOriginalKept = original !== undefined && original.size <= best.jpeg.length;
    return {
      kind: "compressed",
      job: request.job,
      blob: isOriginalKept ? original : asBlob(best.jpeg),
      plain: request.plain ? asBlob(await plainAt(quality)) : undefined,
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
async function encodeAt(source: Source, quality: number, steps: Steps): Promise<{ jpeg: JpegBytes } & Way> {
  const { kernel, edit, tunedTables: family } = steps;
  const { width, height } = source;
  let editReason: string;
  try {
    checkSize(width, height);
    return await onCanvas(carrierSide(width), carrierSide(height), async (canvas) => {
      const jpeg = await encodeCarrier(tunedTables(family, quality), quality, source, canvas, {
        kernel,
        carry: (target, encoder) => steps.carry(source, { target, encoder }, canvas),
        decide: (target) => steps.decide(source, target),
        render: (coefficients, encoder) => steps.render(coefficients, encoder, canvas),
      });
      return { jpeg, path: "carrier", editReason: undefined };
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
    return { jpeg: await bytesOf(canvas.encode(quality)), path: "edit", editReason };
  });
}

/** @throws JpegpreError "not-a-picture": what is behind a `File` may change or vanish after it was chosen. */
async function read(file: Blob): Promise<JpegBytes> {
  try {
    return await bytesOf(Promise.resolve(file));
  } catch (error) {
    const reason = "it was changed, moved or deleted after it was chosen, or is a folder";
    throw new JpegpreError("not-a-picture", `the file cannot be read: ${reason} (${(error as Error).name})`);
  }
}

async function onCanvas<Result>(width: number, height: number, work: (canvas: Canvas) => Promise<Result>): Promise<Result> {
  const canvas = new Canvas(width, height, true);
  try {
    return await work(canvas);
  } finally {
    canvas.close();
  }
}

function withMetadata(jpeg: JpegBytes, metadata: Metadata | undefined): JpegBytes {
  return metadata ? insertMetadata(jpeg, metadata) : jpeg;
}

/** The same picture in fewer bytes. */
function trimmed(jpeg: JpegBytes, keepColorProfile: boolean): JpegBytes {
  const bare = keepColorProfile ? jpeg : dropColorProfile(jpeg);
  return reoptimized(bare) ?? bare;
}

function asBlob(jpeg: JpegBytes): Blob {
  return new Blob([jpeg], { type: "image/jpeg" });
}

interface Best extends Way {
  jpeg: JpegBytes;
  kept: "edited" | "plain";
  sizeBytes: number;
}

async function atQualityOrSize(
  request: CompressRequest,
  smallerAt: (quality: number) => Promise<Best>,
  plainAt: (quality: number) => Promise<JpegBytes>,
): Promise<{ quality: number; best: Best }> {
  if (request.quality !== undefined) return { quality: request.quality, best: await smallerAt(request.quality) };
  const maxBytes = request.maxBytes!;
  const { quality, trial, isTooLarge } = await searchQuality(maxBytes, {
    plainSize: async (candidate) => (await plainAt(candidate)).length,
    edited: smallerAt,
  });
  if (isTooLarge) {
    throw new JpegpreError(
      "impossible-size",
      `${maxBytes} bytes are too few for this picture: the smallest possible file has ${trial.jpeg.length}; make the picture smaller first`,
    );
  }
  return { quality, best: trial };
}

/** The input as it may be handed on: bare of metadata unless it is wanted. Other files than JPEG only on request. */
function handedOn(bytes: Uint8Array<ArrayBuffer>, file: Blob, request: CompressRequest): Blob | undefined {
  if (request.maxBytes !== undefined && bytes.length > request.maxBytes) return undefined;
  if (fileType(bytes) === "jpeg") return asBlob(request.keepMetadata ? bytes : stripJpeg(bytes));
  if (!request.allowOriginal) return undefined;
  return request.keepMetadata || !mayCarryMetadata(bytes) ? file : undefined;
}

function memoized<Result>(make: (key: number) => Promise<Result>): (key: number) => Promise<Result> {
  const made = new Map<number, Promise<Result>>();
  return (key) => {
    let result = made.get(key);
    if (!result) made.set(key, (result = make(key)));
    return result;
  };
}
