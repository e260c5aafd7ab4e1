/** JPEG files as a row of marker segments. */

export const SOF0 = 0xc0;
export const DHT = 0xc4;
export const DQT = 0xdb;
export const DRI = 0xdd;
export const SOS = 0xda;
export const EOI = 0xd9;
export const APP0 = 0xe0;
export const APP1 = 0xe1;
export const APP2 = 0xe2;
export const APP13 = 0xed;
export const APP14 = 0xee;
export const COM = 0xfe;

/** A segment's length field counts itself and has 16 bits. */
export const MOST_PAYLOAD = 65533;

export interface Segment {
  marker: number;
  payload: Uint8Array;
  /** [from, to) covers marker, length and payload, and of a scan its entropy-coded bytes. */
  from: number;
  to: number;
}

/**
 * Yields the segments of the file's first picture, with EOI as the last one if it is there. As decoders do, it looks for the next
 * marker where a segment ends: bytes between segments belong to none.
 */
export function* segments(bytes: Uint8Array): Generator<Segment> {
  for (let at = 2; at + 1 < bytes.length; ) {
    const marker = bytes[at + 1]!;
    if (bytes[at] !== 0xff || marker === 0xff) at++;
    else if (isStandalone(marker)) at += 2;
    else if (marker === EOI) return void (yield { marker, payload: bytes.subarray(at, at), from: at, to: at + 2 });
    else {
      const end = at + 2 + (bytes[at + 2]! << 8) + bytes[at + 3]!;
      if (!(end >= at + 4 && end <= bytes.length)) return;
      const to = marker === SOS ? endOfScan(bytes, end) : end;
      yield { marker, payload: bytes.subarray(at + 4, end), from: at, to };
      at = to;
    }
  }
}

export function segment(marker: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = payload.length + 2;
  return joined([Uint8Array.of(0xff, marker, length >> 8, length & 0xff), payload]);
}

export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

export function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.length >= prefix.length && prefix.every((value, i) => bytes[i] === value);
}

export function latin(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** Stuffed zeros, restart markers and TEM, which have no length. */
function isStandalone(marker: number): boolean {
  return marker <= 1 || (marker >= 0xd0 && marker <= 0xd7);
}

function endOfScan(bytes: Uint8Array, start: number): number {
  for (let at = bytes.indexOf(0xff, start); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const marker = bytes[at + 1];
    if (marker !== undefined && marker !== 0xff && !isStandalone(marker)) return at;
  }
  return bytes.length;
}
