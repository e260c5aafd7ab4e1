/** What a picture file says about its picture: read from JPEG, PNG and WebP. */
import { APP1, APP13, COM, latin, segments, startsWith } from "../jpeg/segments.js";
import { fileType, pngChunks, webpChunks } from "./file_type.js";
import { readPngText } from "./png_text.js";

export interface Metadata {
  /** TIFF structure without the "Exif" prefix. */
  exif?: Uint8Array;
  /** XMP packet. */
  xmp?: Uint8Array;
  /** Payloads of the segments that continue it, with their prefix. */
  moreXmp: Uint8Array[];
  /** Payloads of APP13 segments (IPTC). */
  photoshop: Uint8Array[];
  /** Payloads of comment segments. */
  comments: Uint8Array[];
}

export const EXIF = latin("Exif\0\0");
export const XMP = latin("http://ns.adobe.com/xap/1.0/\0");
const MORE_XMP = latin("http://ns.adobe.com/xmp/extension/\0");

/** Returns what the file carries; nothing for types other than JPEG, PNG and WebP, or if it is damaged. */
export async function readMetadata(bytes: Uint8Array): Promise<Metadata> {
  const found: Metadata = { moreXmp: [], photoshop: [], comments: [] };
  const type = fileType(bytes);
  if (type === "jpeg") {
    for (const { marker, payload } of segments(bytes)) {
      if (marker === APP1 && startsWith(payload, EXIF)) found.exif ??= payload.slice(EXIF.length);
      else if (marker === APP1 && startsWith(payload, XMP)) found.xmp ??= payload.slice(XMP.length);
      else if (marker === APP1 && startsWith(payload, MORE_XMP)) found.moreXmp.push(payload.slice());
      else if (marker === APP13) found.photoshop.push(payload.slice());
      else if (marker === COM) found.comments.push(payload.slice());
    }
  } else if (type === "png") {
    for (const { name, payload } of pngChunks(bytes)) {
      if (name === "eXIf") found.exif ??= payload.slice();
      const text = await readPngText(name, payload);
      if (text) addPngText(found, text.keyword, text.text);
    }
  } else if (type === "webp") {
    for (const { name, payload } of webpChunks(bytes)) {
      // Some writers put JPEG's prefix there too.
      if (name === "EXIF") found.exif ??= payload.slice(startsWith(payload, EXIF) ? EXIF.length : 0);
      else if (name === "XMP ") found.xmp ??= payload.slice();
    }
  }
  return found;
}

function addPngText(found: Metadata, keyword: string, text: Uint8Array): void {
  if (keyword === "XML:com.adobe.xmp") found.xmp ??= text;
  else if (keyword === "Comment") found.comments.push(text);
  // What programs leave for themselves, in hexadecimal or as dates of their own files, is no comment.
  else if (!/^(Raw profile|date:|XML:)/.test(keyword)) found.comments.push(Uint8Array.of(...latin(`${keyword}: `), ...text));
}

/** False only if the file surely carries no EXIF, XMP or text: then it may be handed on as it is. */
export function mayCarryMetadata(bytes: Uint8Array): boolean {
  const type = fileType(bytes);
  const names = ["eXIf", "tEXt", "iTXt", "zTXt", "EXIF", "XMP "];
  if (type === "png") return [...pngChunks(bytes)].some(({ name }) => names.includes(name));
  if (type === "webp") return [...webpChunks(bytes)].some(({ name }) => names.includes(name));
  return true;
}
