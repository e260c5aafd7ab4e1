/**
 * Metadata in JPEG files: put in, and taken out.
 *
 * Pixels that come out of a browser's decoder are upright and sRGB. So a color profile is never carried over, and an EXIF block
 * is changed in place: orientation 1 and the new size.
 */
import {
  APP0,
  APP1,
  APP13,
  APP14,
  APP2,
  COM,
  EOI,
  MOST_PAYLOAD,
  joined,
  latin,
  segment,
  segments,
  startsWith,
} from "../jpeg/segments.js";
import { orientationBlock, readOrientation, uprightExif } from "./exif.js";
import { EXIF, XMP, type Metadata } from "./metadata_read.js";

const PROFILE = latin("ICC_PROFILE\0");

/** Returns a copy of the JPEG file with the metadata's segments after its JFIF header. */
export function insertMetadata(jpeg: Uint8Array, metadata: Metadata): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  // What does not fit a segment is left out: thumbnails that large are not worth a broken file.
  const add = (marker: number, payload: Uint8Array): void => {
    if (payload.length <= MOST_PAYLOAD) parts.push(segment(marker, payload));
  };
  if (metadata.exif) add(APP1, joined([EXIF, metadata.exif]));
  if (metadata.xmp) add(APP1, joined([XMP, metadata.xmp]));
  for (const payload of metadata.moreXmp) add(APP1, payload);
  for (const payload of metadata.photoshop) add(APP13, payload);
  for (const payload of metadata.comments) add(COM, payload);
  const start = jpeg[2] === 0xff && jpeg[3] === APP0 ? 4 + (jpeg[4]! << 8) + jpeg[5]! : 2;
  return joined([jpeg.subarray(0, start), ...parts, jpeg.subarray(start)]);
}

/**
 * Returns the JPEG file without EXIF, XMP, IPTC, comments, thumbnails and unknown application data, without what lies between
 * its segments and behind its picture (phones append videos and gain maps). What is needed to show it right stays: JFIF, the
 * color profile, Adobe's color transform, and the orientation.
 */
export function stripJpeg(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = [...segments(bytes)];
  const exif = all.find(({ marker, payload }) => marker === APP1 && startsWith(payload, EXIF))?.payload.subarray(EXIF.length);
  const orientation = exif ? readOrientation(exif) : 1;
  const parts: Uint8Array[] = [bytes.subarray(0, 2)];
  const jfif = all.find(({ marker, payload }) => marker === APP0 && startsWith(payload, latin("JFIF\0")))?.payload;
  if (jfif && jfif.length >= 14) parts.push(segment(APP0, joined([jfif.subarray(0, 12), Uint8Array.of(0, 0)])));
  if (orientation !== 1) parts.push(segment(APP1, joined([EXIF, orientationBlock(orientation)])));
  for (const { marker, payload, from, to } of all) {
    const isApplication = (marker >= APP0 && marker <= 0xef) || marker === COM;
    if (!isApplication || (marker === APP2 && startsWith(payload, PROFILE))) parts.push(bytes.subarray(from, to));
    else if (marker === APP14 && startsWith(payload, latin("Adobe"))) parts.push(segment(APP14, payload.subarray(0, 12)));
  }
  if (all.at(-1)?.marker !== EOI) parts.push(Uint8Array.of(0xff, EOI)); // cut off, yet it was opened
  return joined(parts);
}

/** Returns the JPEG file without its color profile; for files in sRGB, which is what a file without one is taken for. */
export function dropColorProfile(jpeg: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const profiles = [...segments(jpeg)].filter(({ marker, payload }) => marker === APP2 && startsWith(payload, PROFILE));
  if (profiles.length === 0) return jpeg;
  const starts = [0, ...profiles.map(({ to }) => to)];
  const ends = [...profiles.map(({ from }) => from), jpeg.length];
  return joined(starts.map((start, i) => jpeg.subarray(start, ends[i])));
}

/** Returns the metadata for the upright pixels of the picture's only frame: without gain map, orientation 1. */
export function uprightMetadata(metadata: Metadata, width: number, height: number): Metadata {
  const { exif, xmp, moreXmp, photoshop, comments } = metadata;
  const text = xmp && Array.from(xmp.subarray(0, MOST_PAYLOAD), (byte) => String.fromCharCode(byte)).join("");
  const isForGainMap = text?.includes("hdrgm:Version");
  const upright = text?.replace(/(tiff:Orientation(?:="|='|>))[2-8](?=["'<])/g, "$11");
  return {
    ...(exif && { exif: uprightExif(exif, width, height) }),
    ...(upright !== undefined && !isForGainMap && { xmp: latin(upright) }),
    moreXmp: isForGainMap ? [] : moreXmp,
    photoshop,
    comments,
  };
}
