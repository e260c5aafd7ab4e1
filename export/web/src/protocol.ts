/** Messages between the page and the worker. */
import type { ErrorCode } from "./errors.js";
import type { Tables } from "./jpeg/tables.js";

/** One profile; made by scripts/models.mjs from savedmodels/<profile>/model.json. */
export interface ModelDescription {
  name: string;
  version: string;
  /** Lowest and highest quality that it was trained for. */
  qualityRange: readonly [number, number];
  sha256: string;
  sizeBytes: number;
}

export interface ModelSource {
  url: string;
  sha256: string;
  sizeBytes: number;
}

export interface OpenRequest {
  kind: "open";
  model: ModelDescription;
  source: ModelSource;
  /** The worker's own address: its threads are started from it. */
  workerUrl: string;
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

export interface CarrierRequest extends Omit<PreprocessRequest, "kind"> {
  kind: "carrier";
  encoder: Tables | undefined;
}

export interface CompressRequest {
  kind: "compress";
  job: number;
  picture: Blob | ImageBitmap | ImageData;
  /** Either this or `maxBytes`. */
  quality?: number;
  maxBytes?: number;
  maxWidth: number;
  maxHeight: number;
  strength: number;
  plain: boolean;
  keepMetadata: boolean;
  background: string;
  allowOriginal: boolean;
  keepColorProfile: boolean;
}

export type JobRequest = PreprocessRequest | CarrierRequest | CompressRequest;
export type Request = OpenRequest | JobRequest | { kind: "cancel"; job: number } | { kind: "ping" };

export interface OpenedReply {
  kind: "opened";
  threads: number;
}

export interface PreprocessedReply {
  kind: "preprocessed";
  job: number;
  pixels: Uint8ClampedArray<ArrayBuffer>;
}

export interface CarrierReply {
  kind: "carried";
  job: number;
  pixels: Uint8ClampedArray<ArrayBuffer>;
  width: number;
  quality: number | undefined;
  encoder: Tables;
  target: Tables;
  cut: number;
}

export interface CompressedReply {
  kind: "compressed";
  job: number;
  blob: Blob;
  plain: Blob | undefined;
  kept: "edited" | "plain" | "original";
  path: "carrier" | "edit";
  editReason: string | undefined;
  quality: number;
  width: number;
  height: number;
  isFlattened: boolean;
  isAnimated: boolean;
}

export type Reply =
  | OpenedReply
  | PreprocessedReply
  | CarrierReply
  | CompressedReply
  /** Without a job: of the model's loading. */
  | { kind: "progress"; job?: number; fraction: number }
  | { kind: "failed"; job?: number; code: ErrorCode; message: string }
  | { kind: "cancelled"; job: number }
  | { kind: "pong" };
