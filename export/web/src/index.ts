/**
 * Smaller JPEG files at the same look, in the browser: a small network edits the pixels, the browser's own encoder does the
 * rest.
 */
import { profiles as shipped } from "./files.js";
import { openPreprocessor } from "./preprocessor.js";
import type { Preprocessor, PreprocessorOptions, Profile } from "./types.js";

export { JpegpreError, type ErrorCode } from "./errors.js";
export type {
  Carrier,
  CarrierOptions,
  Compared,
  Compressed,
  CompressOptions,
  JobOptions,
  Picture,
  PreprocessOptions,
  Preprocessor,
  PreprocessorOptions,
  Profile,
  QuantizationTables,
} from "./types.js";

/** The profiles that this package brings. */
export const profiles: readonly Profile[] = shipped;

/**
 * Loads a model in a worker. Works in pages and in workers; importing this module elsewhere has no effect.
 *
 * @throws JpegpreError if this is no browser or too old a one, or model or worker cannot be loaded.
 * @throws RangeError, TypeError for wrong arguments.
 *
 * @example
 * const preprocessor = await createPreprocessor();
 * const { blob } = await preprocessor.compress(input.files[0], { quality: 75 });
 */
export function createPreprocessor(options: PreprocessorOptions = {}): Promise<Preprocessor> {
  return openPreprocessor(options);
}
