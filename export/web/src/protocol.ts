/** Messages between the page and the worker. */
import type { ErrorCode } from "./errors.js";

/** One file of a model, as models.json lists it. */
export interface ModelFile {
  path: string;
  sha256: string;
  sizeBytes: number;
}

/** One profile, as models.json lists it; made by scripts/build.mjs from savedmodels/<profile>/model.json. */
export interface ModelDescription {
  name: string;
  version: string;
  /** Lowest and highest quality that it was trained for. */
  qualityRange: [number, number];
  tile: { alignment: number; overlap: number };
  /** By precision, best first for WebAssembly on a CPU. */
  files: Record<string, ModelFile>;
}

export interface ModelSource {
  url: string;
  sha256: string;
}

/**
 * "wasm": this package's own WebAssembly; "onnx": ONNX Runtime's, for models that the former does not know; "webgpu": ONNX
 * Runtime on the graphics card.
 */
export type BackendName = "wasm" | "onnx" | "webgpu";

export interface OpenRequest {
  kind: "open";
  model: ModelDescription;
  /** The file for the CPU, and the one for the graphics card. */
  file: ModelSource;
  gpuFile: ModelSource;
  wasmPaths: string;
  backend: "auto" | BackendName;
  threads: number;
  tilePixels: number;
}

export interface PreprocessRequest {
  kind: "preprocess";
  job: number;
  pixels: Uint8ClampedArray<ArrayBuffer>;
  width: number;
  height: number;
  quality: number;
  strength: number;
}

export interface CompressRequest {
  kind: "compress";
  job: number;
  picture: Blob | ImageBitmap | ImageData;
  /** Either this or `maxBytes`. */
  quality?: number;
  maxBytes?: number;
  strength: number;
  keepMetadata: boolean;
  background: string;
}

export type JobRequest = PreprocessRequest | CompressRequest;
export type Request = OpenRequest | JobRequest | { kind: "cancel"; job: number } | { kind: "ping" };

export interface OpenedReply {
  kind: "opened";
  backend: BackendName;
  threads: number;
  /** Why WebGPU was not used, where it was asked for or could have been. */
  note?: string;
}

export interface PreprocessedReply {
  kind: "preprocessed";
  job: number;
  pixels: Uint8ClampedArray<ArrayBuffer>;
}

export interface CompressedReply {
  kind: "compressed";
  job: number;
  blob: Blob;
  plain: Blob;
  kept: "edited" | "plain" | "original";
  quality: number;
  width: number;
  height: number;
  isFlattened: boolean;
}

export type Reply =
  | OpenedReply
  | PreprocessedReply
  | CompressedReply
  | { kind: "progress"; job: number; fraction: number }
  | { kind: "failed"; job?: number; code: ErrorCode; message: string }
  | { kind: "cancelled"; job: number }
  | { kind: "pong" };
