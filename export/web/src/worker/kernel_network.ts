/** The preprocessing network in this package's own WebAssembly. */
import code from "../kernel/kernel.wasm";
import { JpegpreError, firstLine } from "../errors.js";
import { Kernel } from "./kernel/kernel.js";
import { readInt8Model } from "./kernel/int8_model.js";
import { fits } from "./kernel/layers.js";
import type { Tile, TileRunner } from "./tile_runner.js";

export class KernelNetwork implements TileRunner {
  readonly lanes = 1;
  readonly hasCarrier = false;
  readonly #kernel: Kernel;

  private constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** @throws JpegpreError "unsupported-browser" without WebAssembly SIMD, "model" for damaged files and other networks. */
  static open(content: Uint8Array): KernelNetwork {
    const model = readInt8Model(content);
    if (!model || !fits(model)) throw new JpegpreError("model", "the model is not an int8 network of the kind that this package runs");
    try {
      return new KernelNetwork(new Kernel(new WebAssembly.Module(code), model));
    } catch (error) {
      throw new JpegpreError("unsupported-browser", `this browser does not run the network: it needs WebAssembly SIMD (${firstLine(error)})`);
    }
  }

  async run({ pixels, width, height, strength, task }: Tile): Promise<Uint8ClampedArray<ArrayBuffer>> {
    if (task.kind === "carrier") throw new JpegpreError("model", "this network makes no carriers");
    try {
      this.#kernel.edit(pixels, width, height, task.quality, strength);
    } catch (error) {
      throw new JpegpreError("model", `the network failed on a tile: ${firstLine(error)}`);
    }
    return pixels;
  }

  async ping(): Promise<void> {}

  async close(): Promise<void> {}
}
