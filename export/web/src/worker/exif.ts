/** EXIF blocks: TIFF structures, read and changed in place. Nothing in them moves, which keeps maker notes valid. */

/** @returns A copy with orientation 1 and the new size. */
export function uprightExif(exif: Uint8Array, width: number, height: number): Uint8Array {
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

/** A TIFF structure that holds an orientation and nothing else. */
export function orientationBlock(orientation: number): Uint8Array {
  const header = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8];
  return Uint8Array.from([...header, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]);
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

