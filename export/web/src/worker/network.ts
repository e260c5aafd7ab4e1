/** The preprocessing network in ONNX Runtime: runs single tiles. */
import type { InferenceSession, Tensor } from "onnxruntime-web";

import { JpegpreError, firstLine } from "../errors.js";
import type { BackendName } from "../protocol.js";

type Runtime = typeof import("onnxruntime-web");

/** RGB levels of one tile: float32 or uint8, whichever the model takes. */
export type Levels = Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

export interface Tile {
  /** `height` x `width` x 3. */
  levels: Levels;
  height: number;
  width: number;
  quality: number;
  strength: number;
}

/** Whatever runs tiles: a network in this thread, or one in a thread of its own. */
export interface TileRunner {
  readonly isFloat: boolean;
  /** Tiles that may wait for it while it runs one, so that it is never idle. */
  readonly lanes: number;
  /** The network's result: integer levels, shape of `tile.levels`, which may be taken away. */
  run(tile: Tile): Promise<Levels>;
  /** Resolves once it is alive. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export class Network implements TileRunner {
  readonly isFloat: boolean;
  readonly lanes = 1;
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
    this.isFloat = !image?.isTensor || image.type === "float32";
  }

  /**
   * @param wasmPaths URL of the folder with ONNX Runtime's .wasm and .mjs files.
   * @throws JpegpreError "model" if the runtime cannot be loaded or refuses the model.
   */
  static async open(content: Uint8Array, backend: BackendName, wasmPaths: string): Promise<Network> {
    try {
      const runtime = await load(backend, wasmPaths);
      const session = await runtime.InferenceSession.create(content, {
        executionProviders: [backend],
        graphOptimizationLevel: "all",
      });
      return new Network(runtime, session);
    } catch (error) {
      if (error instanceof JpegpreError) throw error;
      throw new JpegpreError("model", `ONNX Runtime (${backend}) cannot run the model: ${firstLine(error)}`);
    }
  }

  async run({ levels, height, width, quality, strength }: Tile): Promise<Levels> {
    const { Tensor } = this.#runtime;
    const shape = [1, height, width, 3];
    const image = levels instanceof Float32Array ? new Tensor("float32", levels, shape) : new Tensor("uint8", levels, shape);
    const number = (value: number): Tensor => new Tensor("float32", Float32Array.of(value), [1, 1, 1, 1]);
    try {
      const { output } = await this.#session.run({ image, quality: number(quality), strength: number(strength) });
      return (await output!.getData()) as Levels;
    } catch (error) {
      throw new JpegpreError("model", `ONNX Runtime failed on a tile: ${firstLine(error)}`);
    }
  }

  async ping(): Promise<void> {}

  async close(): Promise<void> {
    await this.#session.release();
  }
}

/** Separate builds: the one with WebGPU is twice as large. Both are loaded on demand. */
async function load(backend: BackendName, wasmPaths: string): Promise<Runtime> {
  const runtime: Runtime = backend === "webgpu" ? await import("onnxruntime-web/webgpu") : await import("onnxruntime-web/wasm");
  runtime.env.wasm.wasmPaths = wasmPaths;
  // One thread here, several of these workers: ONNX Runtime's own threads took 1.6 times the processor time on two, and
  // need a cross-origin isolated page.
  runtime.env.wasm.numThreads = 1;
  runtime.env.wasm.proxy = false; // this is a worker already
  runtime.env.logLevel = "error";
  return runtime;
}
