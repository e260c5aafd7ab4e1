/** Chooses where the network runs: WebGPU if it is there and tells the truth, else WebAssembly. */
import { JpegpreError, firstLine } from "../errors.js";
import type { BackendName, ModelDescription, ModelSource } from "../protocol.js";
import { KernelNetwork } from "./kernel_network.js";
import { OnnxNetwork } from "./onnx_network.js";
import type { TileRunner } from "./tile_runner.js";
import { TileThread } from "./tile_thread.js";

export interface BackendOptions {
  backend: "auto" | BackendName;
  file: ModelSource;
  gpuFile: ModelSource;
  wasmPaths: string;
  threads: number;
  /** Called once a thread has crashed. */
  onFailure(message: string): void;
}

export interface Opened {
  runners: TileRunner[];
  backend: BackendName;
  note?: string;
}

/** Side of the picture that both backends must agree on: several blocks each way, at every position of a tile. */
const TEST_SIDE = 64;

export async function openNetwork(description: ModelDescription, options: BackendOptions): Promise<Opened> {
  if (options.backend === "wasm" || options.backend === "onnx") return openOnCpu(options);
  const missing = await whyNoGpu(options.backend === "webgpu");
  // In `auto`, a browser without WebGPU is the normal case and needs no note.
  if (missing) return { ...(await openOnCpu(options)), ...(options.backend === "webgpu" && { note: missing }) };

  const { wasmPaths } = options;
  const content = await fetchModel(options.gpuFile);
  let reference: OnnxNetwork | undefined;
  let gpu: OnnxNetwork | undefined;
  let note: string;
  try {
    gpu = await OnnxNetwork.open(content, "webgpu", wasmPaths);
    reference = await OnnxNetwork.open(content, "wasm", wasmPaths, "webgpu");
    const share = await agreement(reference, gpu, description);
    if (share >= 0.999) {
      await reference.close();
      return { runners: [gpu], backend: "webgpu" };
    }
    note = `WebGPU gave other pixels than WebAssembly for ${((1 - share) * 100).toFixed(1)} % of a test picture`;
  } catch (error) {
    note = `WebGPU cannot run the model: ${firstLine(error)}`;
  }
  await gpu?.close().catch(() => undefined);
  await reference?.close();
  return { ...(await openOnCpu(options)), note };
}

async function openOnCpu({ backend, file, threads, wasmPaths, onFailure }: BackendOptions): Promise<Opened> {
  const content = await fetchModel(file);
  const kernel = backend === "onnx" ? undefined : KernelNetwork.open(content);
  const name = kernel ? "wasm" : "onnx";
  let runners: TileRunner[];
  if (threads === 1) runners = [kernel ?? (await OnnxNetwork.open(content, "wasm", wasmPaths))];
  else runners = await Promise.all(Array.from({ length: threads }, () => TileThread.open(content, name, wasmPaths, onFailure)));
  return { runners, backend: name };
}

/** Share of a test picture's colour samples, 0..1, that the two networks give within one level. */
async function agreement(a: TileRunner, b: TileRunner, description: ModelDescription): Promise<number> {
  const results = [];
  for (const network of [a, b]) {
    const pixels = new Uint8ClampedArray(TEST_SIDE * TEST_SIDE * 4);
    // Waves of several frequencies and a fixed noise: all kinds of coefficients, large and small.
    let noise = 1;
    for (let i = 0; i < pixels.length; i++) {
      const x = Math.floor(i / 4) % TEST_SIDE;
      const y = Math.floor(i / 4 / TEST_SIDE);
      noise = (Math.imul(noise, 1103515245) + 12345) & 0x7fffffff;
      pixels[i] = 128 + 70 * Math.sin((x * (1 + (i % 4)) + y * y * 0.05) * 0.2) + ((noise >> 16) % 41) - 20;
    }
    const [low, high] = description.qualityRange;
    const tile = { pixels, height: TEST_SIDE, width: TEST_SIDE, quality: Math.round((low + high) / 2), strength: 1 };
    results.push((await network.run(tile)).filter((_, i) => i % 4 < 3));
  }
  const [first, second] = results as [Uint8ClampedArray, Uint8ClampedArray];
  return first.filter((value, i) => Math.abs(value - second[i]!) <= 1).length / first.length;
}

async function whyNoGpu(isAskedFor: boolean): Promise<string | undefined> {
  const gpu = (navigator as { gpu?: { requestAdapter(): Promise<GpuAdapter | null> } }).gpu;
  if (!gpu) return "this browser has no WebGPU";
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (!adapter) return "this device has no WebGPU adapter";
  // WebGPU emulated on the CPU is slower than WebAssembly: only for those who ask for it by name.
  if (!isAskedFor && (adapter.isFallbackAdapter ?? adapter.info?.isFallbackAdapter)) return "WebGPU is emulated here";
  return undefined;
}

interface GpuAdapter {
  isFallbackAdapter?: boolean;
  info?: { isFallbackAdapter?: boolean };
}

/** Loads a model file and checks it against its hash. */
async function fetchModel({ url, sha256 }: ModelSource): Promise<Uint8Array<ArrayBuffer>> {
  let content: ArrayBuffer;
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    content = await response.arrayBuffer();
  } catch (error) {
    throw new JpegpreError("model", `cannot load the model ${url}: ${firstLine(error)}`);
  }
  // Hashing needs a secure context; elsewhere the file is trusted like the script that loaded it.
  if (globalThis.crypto?.subtle) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
    const received = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (received !== sha256) {
      const message = `the model ${url} is not the described one: expected sha256 ${sha256.slice(0, 12)}..., received ${received.slice(0, 12)}...`;
      throw new JpegpreError("model", message);
    }
  }
  return new Uint8Array(content);
}
