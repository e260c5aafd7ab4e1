/** The preprocessing network in this package's own WebAssembly. */
import code from "../kernel/kernel.wasm";
import { JpegpreError, firstLine } from "../errors.js";
import { Kernel } from "./kernel/kernel.js";
import { readInt8Model } from "./kernel/int8_model.js";
import { fits } from "./kernel/layers.js";
import type { Tile, TileRunner } from "./tile_runner.js";

export class KernelNetwork implements TileRunner {
  readonly lanes = 1;
  readonly #kernel: Kernel;

  private constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /**
   * @returns Undefined if the model is of a kind that the kernel does not know.
   * @throws JpegpreError "unsupported-browser" without WebAssembly SIMD, "model" for damaged files.
   */
  static open(content: Uint8Array): KernelNetwork | undefined {
    const model = readInt8Model(content);
    if (!model || !fits(model)) return undefined;
    try {
      return new KernelNetwork(new Kernel(new WebAssembly.Module(code), model));
    } catch (error) {
      throw new JpegpreError("unsupported-browser", `this browser does not run the network: it needs WebAssembly SIMD (${firstLine(error)})`);
    }
  }

  async run({ pixels, width, height, quality, strength }: Tile): Promise<Uint8ClampedArray<ArrayBuffer>> {
    try {
      this.#kernel.edit(pixels, width, height, quality, strength);
    } catch (error) {
      throw new JpegpreError("model", `the network failed on a tile: ${firstLine(error)}`);
    }
    return pixels;
  }

  async ping(): Promise<void> {}

  async close(): Promise<void> {}
}
