/** What a file is, from its bytes. */
import { latin, startsWith } from "../jpeg/segments.js";

export type FileType = "jpeg" | "png" | "webp" | "gif" | "avif" | "heic" | "other";

export function fileType(bytes: Uint8Array): FileType {
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return "jpeg";
  if (startsWith(bytes, latin("\x89PNG\r\n\x1a\n"))) return "png";
  if (startsWith(bytes, latin("RIFF")) && startsWith(bytes.subarray(8), latin("WEBP"))) return "webp";
  if (startsWith(bytes, latin("GIF8"))) return "gif";
  const brand = fourLetters(bytes, 4) === "ftyp" ? fourLetters(bytes, 8) : "";
  if (brand === "avif" || brand === "avis") return "avif";
  if (["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"].includes(brand)) return "heic";
  return "other";
}

/** Whether the file holds more than one picture to be shown in turn. */
export function isAnimated(bytes: Uint8Array): boolean {
  const type = fileType(bytes);
  if (type === "png") return [...pngChunks(bytes)].some(({ name }) => name === "acTL");
  if (type === "webp") return [...webpChunks(bytes)].some(({ name }) => name === "ANIM");
  if (type === "avif") return fourLetters(bytes, 8) === "avis";
  return type === "gif" && countGifPictures(bytes) > 1;
}

function countGifPictures(bytes: Uint8Array): number {
  const tableSize = (flags: number): number => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  let count = 0;
  for (let at = 13 + tableSize(bytes[10]!); at < bytes.length; ) {
    const kind = bytes[at]!;
    if (kind === 0x2c) {
      count++;
      at += 11 + tableSize(bytes[at + 9]!);
    } else if (kind === 0x21) at += 2;
    else break;
    while (bytes[at]) at += bytes[at]! + 1; // sub-blocks
    at++;
  }
  return count;
}

export interface Chunk {
  name: string;
  payload: Uint8Array;
}

export function* pngChunks(bytes: Uint8Array): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    yield { name: fourLetters(bytes, at + 4), payload: bytes.subarray(at + 8, at + 8 + length) };
    at += 12 + length;
  }
}

export function* webpChunks(bytes: Uint8Array): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4, true);
    yield { name: fourLetters(bytes, at), payload: bytes.subarray(at + 8, at + 8 + length) };
    at += 8 + length + (length & 1);
  }
}

function fourLetters(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
