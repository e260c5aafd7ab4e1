/**
 * What a picture file says about its picture: read from JPEG, PNG and WebP, put into a JPEG file.
 *
 * Pixels that come out of a browser's decoder are upright and sRGB. So a colour profile is never carried over, and an
 * EXIF block is changed in place: orientation 1 and the new size. Nothing in it moves, which keeps maker notes valid.
 */

export interface Metadata {
  /** TIFF structure without the "Exif" prefix. */
  exif?: Uint8Array;
  /** XMP packet. */
  xmp?: Uint8Array;
  /** Payloads of APP13 segments (IPTC). */
  photoshop: Uint8Array[];
  /** Payloads of comment segments. */
  comments: Uint8Array[];
}

export type FileType = "jpeg" | "png" | "webp" | "other";

const EXIF = latin("Exif\0\0");
const XMP = latin("http://ns.adobe.com/xap/1.0/\0");
const APP0 = 0xe0;
const APP1 = 0xe1;
const APP2 = 0xe2;
const APP13 = 0xed;
const APP14 = 0xee;
const COM = 0xfe;
const SOS = 0xda;
const EOI = 0xd9;
/** A segment's length field counts itself and has 16 bits. */
const MOST_PAYLOAD = 65533;

export function fileType(bytes: Uint8Array): FileType {
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return "jpeg";
  if (startsWith(bytes, latin("\x89PNG\r\n\x1a\n"))) return "png";
  if (startsWith(bytes, latin("RIFF")) && startsWith(bytes.subarray(8), latin("WEBP"))) return "webp";
  return "other";
}

/** Returns what the file carries; nothing for types other than JPEG, PNG and WebP, or if it is damaged. */
export function readMetadata(bytes: Uint8Array): Metadata {
  const found: Metadata = { photoshop: [], comments: [] };
  const type = fileType(bytes);
  if (type === "jpeg") {
    for (const { marker, payload } of segments(bytes)) {
      if (marker === APP1 && startsWith(payload, EXIF)) found.exif ??= payload.slice(EXIF.length);
      else if (marker === APP1 && startsWith(payload, XMP)) found.xmp ??= payload.slice(XMP.length);
      else if (marker === APP13) found.photoshop.push(payload.slice());
      else if (marker === COM) found.comments.push(payload.slice());
    }
  } else if (type === "png") {
    for (const { name, payload } of pngChunks(bytes)) if (name === "eXIf") found.exif ??= payload.slice();
  } else if (type === "webp") {
    for (const { name, payload } of webpChunks(bytes)) {
      // Some writers put JPEG's prefix there too.
      if (name === "EXIF") found.exif ??= payload.slice(startsWith(payload, EXIF) ? EXIF.length : 0);
      else if (name === "XMP ") found.xmp ??= payload.slice();
    }
  }
  return found;
}

/** False only if the file surely carries no EXIF, XMP or text: then it may be handed on as it is. */
export function mayCarryMetadata(bytes: Uint8Array): boolean {
  const type = fileType(bytes);
  const private_ = ["eXIf", "tEXt", "iTXt", "zTXt", "EXIF", "XMP "];
  if (type === "png") return [...pngChunks(bytes)].some(({ name }) => private_.includes(name));
  if (type === "webp") return [...webpChunks(bytes)].some(({ name }) => private_.includes(name));
  return true;
}

/** Returns a copy of the JPEG file with the metadata's segments after its JFIF header. */
export function insertMetadata(jpeg: Uint8Array, metadata: Metadata): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  // What does not fit a segment is left out: thumbnails that large are not worth a broken file.
  const add = (marker: number, payload: Uint8Array): void => {
    if (payload.length <= MOST_PAYLOAD) parts.push(segment(marker, payload));
  };
  if (metadata.exif) add(APP1, joined([EXIF, metadata.exif]));
  if (metadata.xmp) add(APP1, joined([XMP, metadata.xmp]));
  for (const payload of metadata.photoshop) add(APP13, payload);
  for (const payload of metadata.comments) add(COM, payload);
  const start = jpeg[2] === 0xff && jpeg[3] === APP0 ? 4 + (jpeg[4]! << 8) + jpeg[5]! : 2;
  return joined([jpeg.subarray(0, start), ...parts, jpeg.subarray(start)]);
}

/**
 * Returns the JPEG file without EXIF, XMP, IPTC, comments and unknown application data. What is needed to show it right
 * stays: JFIF, the colour profile, Adobe's colour transform, and the orientation.
 */
export function stripJpeg(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [bytes.subarray(0, 2)];
  const { exif } = readMetadata(bytes);
  const orientation = exif ? readOrientation(exif) : 1;
  let isOrientationDue = orientation !== 1;
  let end = 2;
  for (const { marker, payload, from, to } of segments(bytes)) {
    if (isOrientationDue && marker !== APP0) {
      parts.push(segment(APP1, joined([EXIF, orientationBlock(orientation)])));
      isOrientationDue = false;
    }
    const isApplication = (marker >= APP0 && marker <= 0xef) || marker === COM;
    const isProfile = marker === APP2 && startsWith(payload, latin("ICC_PROFILE\0"));
    if (!isApplication || marker === APP0 || marker === APP14 || isProfile) parts.push(bytes.subarray(from, to));
    end = to;
  }
  parts.push(bytes.subarray(end, endOfPicture(bytes, end)));
  return joined(parts);
}

/** Returns the metadata for the upright pixels of the picture's only frame: without gain map, orientation 1. */
export function uprightMetadata(metadata: Metadata, width: number, height: number): Metadata {
  const { exif, xmp, photoshop, comments } = metadata;
  const text = xmp && String.fromCharCode.apply(null, Array.from(xmp.subarray(0, MOST_PAYLOAD)));
  const isForGainMap = text?.includes("hdrgm:Version");
  const upright = text?.replace(/(tiff:Orientation(?:="|='|>))[2-8](?=["'<])/g, "$11");
  return {
    ...(exif && { exif: uprightExif(exif, width, height) }),
    ...(upright !== undefined && !isForGainMap && { xmp: latin(upright) }),
    photoshop,
    comments,
  };
}

/** Orientation 1 and the new size, in place in a copy: nothing moves, so maker notes stay valid. */
function uprightExif(exif: Uint8Array, width: number, height: number): Uint8Array {
  const copy = exif.slice();
  for (const { tag, write } of tiffEntries(copy)) {
    if (tag === 0x0112) write(1);
    else if (tag === 0xa002) write(width);
    else if (tag === 0xa003) write(height);
  }
  return copy;
}

/** EXIF orientation 1..8; 1 where there is none or it is not a valid one. */
export function readOrientation(exif: Uint8Array): number {
  for (const { tag, value } of tiffEntries(exif)) if (tag === 0x0112 && value >= 1 && value <= 8) return value;
  return 1;
}

interface TiffEntry {
  tag: number;
  value: number;
  write(value: number): void;
}

/** Yields the single SHORT and LONG entries of the first directory and of the EXIF directory. */
function* tiffEntries(tiff: Uint8Array): Generator<TiffEntry> {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  if (tiff.length < 8) return;
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return;
  const little = order === 0x4949;
  const pending = [view.getUint32(4, little)];
  for (let i = 0; i < pending.length && i < 2; i++) {
    const start = pending[i]!;
    if (start + 2 > tiff.length) continue;
    const count = view.getUint16(start, little);
    for (let at = start + 2; at + 12 <= tiff.length && at < start + 2 + 12 * count; at += 12) {
      const type = view.getUint16(at + 2, little);
      if ((type !== 3 && type !== 4) || view.getUint32(at + 4, little) !== 1) continue;
      const tag = view.getUint16(at, little);
      const value = type === 3 ? view.getUint16(at + 8, little) : view.getUint32(at + 8, little);
      if (tag === 0x8769) pending.push(value);
      const write = (changed: number): void =>
        type === 3 ? view.setUint16(at + 8, changed, little) : view.setUint32(at + 8, changed, little);
      yield { tag, value, write };
    }
  }
}

/** A TIFF structure that holds an orientation and nothing else. */
function orientationBlock(orientation: number): Uint8Array {
  const header = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8];
  return Uint8Array.from([...header, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]);
}

/** Yields the segments before the first scan: [from, to) covers marker, length and payload. */
function* segments(
  bytes: Uint8Array,
): Generator<{ marker: number; payload: Uint8Array; from: number; to: number }> {
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++; // fill byte
      continue;
    }
    if (marker === SOS || marker === EOI) return;
    const to = at + 2 + (bytes[at + 2]! << 8) + bytes[at + 3]!;
    if (to > bytes.length) return;
    yield { marker, payload: bytes.subarray(at + 4, to), from: at, to };
    at = to;
  }
}

/** Where the picture ends: behind it phones append a second picture (MPF), videos and gain maps. */
function endOfPicture(bytes: Uint8Array, start: number): number {
  for (let at = start; at + 1 < bytes.length; at++) {
    if (bytes[at] !== 0xff) continue;
    const marker = bytes[at + 1]!;
    if (marker === EOI) return at + 2;
    const isStandalone = marker === 0 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd7);
    if (!isStandalone && at + 3 < bytes.length) at += 1 + (bytes[at + 2]! << 8) + bytes[at + 3]!;
  }
  return bytes.length;
}

function* pngChunks(bytes: Uint8Array): Generator<{ name: string; payload: Uint8Array }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    yield { name: fourLetters(bytes, at + 4), payload: bytes.subarray(at + 8, at + 8 + length) };
    at += 12 + length;
  }
}

function* webpChunks(bytes: Uint8Array): Generator<{ name: string; payload: Uint8Array }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4, true);
    yield { name: fourLetters(bytes, at), payload: bytes.subarray(at + 8, at + 8 + length) };
    at += 8 + length + (length & 1);
  }
}

function segment(marker: number, payload: Uint8Array): Uint8Array {
  const length = payload.length + 2;
  return joined([Uint8Array.of(0xff, marker, length >> 8, length & 0xff), payload]);
}

function joined(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.length >= prefix.length && prefix.every((value, i) => bytes[i] === value);
}

function fourLetters(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

function latin(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
