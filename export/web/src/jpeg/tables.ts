/** Quantization tables as they are passed on. */

/** Luma and chroma quantization tables: 64 entries each, natural order, 1..255. */
export interface Tables {
  luma: readonly number[];
  chroma: readonly number[];
}
