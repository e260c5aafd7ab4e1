/** Quantized coefficients of a 4:2:0 picture, or of rows of it. */

/** Blocks of 64 in natural order, row after row of blocks. */
export interface Coefficients {
  /** ceil(width / 8) blocks in each of ceil(height / 8) rows. */
  luma: Int16Array<ArrayBuffer>;
  /** ceil(width / 16) blocks in each of ceil(height / 16) rows. */
  cb: Int16Array<ArrayBuffer>;
  cr: Int16Array<ArrayBuffer>;
  /** Of the picture, in pixels. */
  width: number;
  height: number;
}

/** Rows of pixels that are worked on together: a row of MCUs. */
export const WORK_ROW = 16;
/** A carrier's quality is chosen by about as many pixels. */
const SAMPLED_PIXELS = 1 << 19;

/** The planes, with the pixels that a block's side covers. */
export const PLANES = [{ name: "luma", side: 8 }, { name: "cb", side: 16 }, { name: "cr", side: 16 }] as const;

/** Coefficients that a row of work has in a plane. */
export function rowLength(width: number, side: number): number {
  return Math.ceil(width / side) * 64 * (WORK_ROW / side);
}

export function emptyCoefficients(width: number, height: number): Coefficients {
  const blocks = (side: number): number => Math.ceil(height / side) * Math.ceil(width / side) * 64;
  const [luma, cb, cr] = PLANES.map(({ side }) => new Int16Array(blocks(side))) as [Int16Array<ArrayBuffer>, Int16Array<ArrayBuffer>, Int16Array<ArrayBuffer>];
  return { luma, cb, cr, width, height };
}

export function coefficientCount({ luma, cb, cr }: Coefficients): number {
  return luma.length + cb.length + cr.length;
}

/** Copies of the rows of work [first, end). */
export function rowsOf(whole: Coefficients, first: number, end: number): Coefficients {
  const { width, height } = whole;
  const part = (plane: Int16Array, side: number): Int16Array<ArrayBuffer> => {
    const row = rowLength(width, side);
    return new Int16Array(plane.subarray(first * row, end * row));
  };
  return { luma: part(whole.luma, 8), cb: part(whole.cb, 16), cr: part(whole.cr, 16), width, height: Math.min(height, end * WORK_ROW) - first * WORK_ROW };
}

/** Puts `rows` into `whole`, the first of them at row of work `first`. */
export function setRows(whole: Coefficients, rows: Coefficients, first: number): void {
  for (const { name, side } of PLANES) whole[name].set(rows[name], first * rowLength(whole.width, side));
}

/** Rows of work spread evenly over a large picture; a small one as it is. As jpegpre_tf/runtime/inference/carrier.py has it. */
export function sampleRows(whole: Coefficients): Coefficients {
  const rows = Math.floor(whole.height / WORK_ROW);
  const every = Math.max(1, Math.floor((whole.height * whole.width) / SAMPLED_PIXELS));
  if (every === 1 || rows < every) return whole;
  const result = emptyCoefficients(whole.width, Math.ceil(rows / every) * WORK_ROW);
  for (let i = 0; i * every < rows; i++) setRows(result, rowsOf(whole, i * every, i * every + 1), i);
  return result;
}
