/**
 * Smaller JPEG files at the same look, in the browser: a small network edits the pixels, the browser's own encoder does the
 * rest.
 */
import type { PreprocessorOptions } from "./options.js";
import { Preprocessor } from "./preprocessor.js";

export { JpegpreError, type ErrorCode } from "./errors.js";
export type {
  Compressed,
  CompressOptions,
  JobOptions,
  PreprocessOptions,
  PreprocessorOptions,
} from "./options.js";
export type { ModelDescription } from "./protocol.js";
export type { Preprocessor };

/**
 * Loads a model in a worker.
 *
 * @throws JpegpreError if the browser is too old, or model or worker cannot be loaded.
 * @throws RangeError, TypeError for wrong arguments.
 *
 * @example
 * const preprocessor = await createPreprocessor();
 * const { blob } = await preprocessor.compress(input.files[0], { quality: 75 });
 */
export function createPreprocessor(options: PreprocessorOptions = {}): Promise<Preprocessor> {
  return Preprocessor.create(options);
}
