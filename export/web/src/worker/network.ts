/** The preprocessing network in ONNX Runtime: runs single tiles. */
import type { InferenceSession, Tensor } from "onnxruntime-web";

import { JpegpreError, firstLine } from "../errors.js";
import type { BackendName } from "../protocol.js";

type Runtime = typeof import("onnxruntime-web");

/** RGB levels of one tile: float32 or uint8, whichever the model takes. */
export type Levels = Float32Array | Uint8Array;

export interface NetworkOptions {
  backend: BackendName;
  /** URL of the folder with ONNX Runtime's .wasm and .mjs files. */
  wasmPaths: string;
  threads: number;
}

export class Network {
  readonly #runtime: Runtime;
  readonly #session: InferenceSession;
  readonly #isFloat: boolean;
  #levels: Levels = new Uint8Array(0);

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

  /** Throws `model` if the runtime cannot be loaded or refuses the model. */
  static async open(content: Uint8Array, options: NetworkOptions): Promise<Network> {
    try {
      const runtime = await load(options);
      const session = await runtime.InferenceSession.create(content, {
        executionProviders: [options.backend],
        graphOptimizationLevel: "all",
      });
      return new Network(runtime, session);
    } catch (error) {
      if (error instanceof JpegpreError) throw error;
      throw new JpegpreError("model", `ONNX Runtime (${options.backend}) cannot run the model: ${firstLine(error)}`);
    }
  }

  /** The buffer to fill with `height` x `width` x 3 levels before `run`. */
  levels(height: number, width: number): Levels {
    const length = height * width * 3;
    if (this.#levels.length !== length) this.#levels = this.#isFloat ? new Float32Array(length) : new Uint8Array(length);
    return this.#levels;
  }

  /** The network's result for the buffer: `height` x `width` x 3 integer levels. */
  async run(height: number, width: number, quality: number, strength: number): Promise<Levels> {
    const { Tensor } = this.#runtime;
    const shape = [1, height, width, 3];
    const levels = this.#levels;
    const image = levels instanceof Float32Array ? new Tensor("float32", levels, shape) : new Tensor("uint8", levels, shape);
    const number = (value: number): Tensor => new Tensor("float32", Float32Array.of(value), [1, 1, 1, 1]);
    try {
      const { output } = await this.#session.run({ image, quality: number(quality), strength: number(strength) });
      return (await output!.getData()) as Levels;
    } catch (error) {
      throw new JpegpreError("model", `ONNX Runtime failed on a tile: ${firstLine(error)}`);
    }
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

/** Separate builds: the one with WebGPU is twice as large. Both are loaded on demand. */
async function load(options: NetworkOptions): Promise<Runtime> {
  const runtime: Runtime =
    options.backend === "webgpu" ? await import("onnxruntime-web/webgpu") : await import("onnxruntime-web/wasm");
  runtime.env.wasm.wasmPaths = options.wasmPaths;
  runtime.env.wasm.numThreads = options.threads;
  runtime.env.wasm.proxy = false; // this is a worker already
  runtime.env.logLevel = "error";
  return runtime;
}
