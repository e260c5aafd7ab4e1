/** The preprocessing network in ONNX Runtime, for graphics cards and for models that the kernel does not know. */
import type { InferenceSession, Tensor } from "onnxruntime-web";

import { JpegpreError, firstLine } from "../errors.js";
import type { Tile, TileRunner } from "./tile_runner.js";

type Runtime = typeof import("onnxruntime-web");
type Levels = Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** Where it runs, by ONNX Runtime's names. */
export type Provider = "wasm" | "webgpu";

const ALIGNMENT = 16;

export class OnnxNetwork implements TileRunner {
  readonly lanes = 1;
  readonly #isFloat: boolean;
  readonly #runtime: Runtime;
  readonly #session: InferenceSession;

  private constructor(runtime: Runtime, session: InferenceSession) {
    const names = [...session.inputNames].sort().join(", ");
    if (names !== "image, quality, strength" || session.outputNames.join() !== "output") {
      const received = `${names} -> ${session.outputNames.join(", ")}`;
      throw new JpegpreError("model", `expected a network image, quality, strength -> output; received ${received}`);
    }
    const image = session.inputMetadata.find(({ name }) => name === "image");
    this.#runtime = runtime;
    this.#session = session;
    this.#isFloat = !image?.isTensor || image.type === "float32";
  }

  /**
   * @param wasmPaths URL of the folder with ONNX Runtime's .wasm and .mjs files.
   * @param build Which of its builds to load: the one with WebGPU is twice as large, and also runs on CPUs.
   * @throws JpegpreError "model" if the runtime cannot be loaded or refuses the model.
   */
  static async open(content: Uint8Array, provider: Provider, wasmPaths: string, build = provider): Promise<OnnxNetwork> {
    try {
      const runtime = await load(build, wasmPaths);
      const session = await runtime.InferenceSession.create(content, {
        executionProviders: [provider],
        graphOptimizationLevel: "all",
      });
      return new OnnxNetwork(runtime, session);
    } catch (error) {
      if (error instanceof JpegpreError) throw error;
      throw new JpegpreError("model", `ONNX Runtime (${provider}) cannot run the model: ${firstLine(error)}`);
    }
  }

  async run(tile: Tile): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const { Tensor } = this.#runtime;
    const shape = [1, padded(tile.height), padded(tile.width), 3];
    const levels = this.#levels(tile);
    const image = levels instanceof Float32Array ? new Tensor("float32", levels, shape) : new Tensor("uint8", levels, shape);
    const number = (value: number): Tensor => new Tensor("float32", Float32Array.of(value), [1, 1, 1, 1]);
    let result: Levels;
    try {
      const inputs = { image, quality: number(tile.quality), strength: number(tile.strength) };
      const { output } = await this.#session.run(inputs);
      result = (await output!.getData()) as Levels;
    } catch (error) {
      throw new JpegpreError("model", `ONNX Runtime failed on a tile: ${firstLine(error)}`);
    }
    const { pixels, width, height } = tile;
    for (let y = 0, to = 0; y < height; y++) {
      let from = y * padded(width) * 3;
      for (const end = to + width * 4; to < end; from += 3, to += 4) {
        // The graph rounds and clips already; Uint8ClampedArray does again, so nothing wraps around.
        pixels[to] = result[from]!;
        pixels[to + 1] = result[from + 1]!;
        pixels[to + 2] = result[from + 2]!;
      }
    }
    return pixels;
  }

  async ping(): Promise<void> {}

  async close(): Promise<void> {
    await this.#session.release();
  }

  /** RGB levels, the last row and column repeated up to multiples of 16. */
  #levels({ pixels, width, height }: Tile): Levels {
    const stride = padded(width) * 3;
    const length = padded(height) * stride;
    const into: Levels = this.#isFloat ? new Float32Array(length) : new Uint8Array(length);
    for (let y = 0, from = 0; y < height; y++) {
      let to = y * stride;
      for (const end = from + width * 4; from < end; from += 4, to += 3) {
        into[to] = pixels[from]!;
        into[to + 1] = pixels[from + 1]!;
        into[to + 2] = pixels[from + 2]!;
      }
      for (const end = (y + 1) * stride; to < end; to++) into[to] = into[to - 3]!;
    }
    for (let at = height * stride; at < length; at += stride) into.copyWithin(at, (height - 1) * stride, height * stride);
    return into;
  }
}

function padded(side: number): number {
  return Math.ceil(side / ALIGNMENT) * ALIGNMENT;
}

/** Loaded on demand: most browsers need neither. */
async function load(build: Provider, wasmPaths: string): Promise<Runtime> {
  const runtime: Runtime = build === "webgpu" ? await import("onnxruntime-web/webgpu") : await import("onnxruntime-web/wasm");
  runtime.env.wasm.wasmPaths = wasmPaths;
  // One thread here, several of these workers: ONNX Runtime's own threads took 1.6 times the processor time on two, and
  // need a cross-origin isolated page.
  runtime.env.wasm.numThreads = 1;
  runtime.env.wasm.proxy = false; // this is a worker already
  runtime.env.logLevel = "error";
  return runtime;
}
