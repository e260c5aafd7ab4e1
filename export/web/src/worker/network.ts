/** Loads a model and puts it on as many threads as were asked for. */
import { JpegpreError, firstLine } from "../errors.js";
import type { ModelSource, OpenRequest } from "../protocol.js";
import type { TablesFile } from "../jpeg/tuned_tables.js";
import { Kernel } from "./kernel.js";
import { readModel } from "./model_file.js";
import { KernelRunner, type Runner } from "./runner.js";
import { Thread } from "./thread.js";

export interface Network {
  tables: TablesFile;
  /** In this thread, for what is done once a picture. */
  kernel: Kernel;
  runners: Runner[];
}

export interface NetworkEvents {
  /** Called with the share of the model that is loaded, 0..1. */
  onProgress(fraction: number): void;
  /** Called once a thread has crashed. */
  onFailure(message: string): void;
}

export async function openNetwork(request: OpenRequest, { onProgress, onFailure }: NetworkEvents): Promise<Network> {
  const { source, workerUrl } = request;
  const { tables, network } = readModel(await fetchModel(source, onProgress));
  // Here in any case: what cannot run is said before threads are started.
  const kernel = new Kernel(network);
  // Old Safaris have no workers inside workers.
  if (request.threads === 1 || typeof Worker === "undefined") return { tables, kernel, runners: [new KernelRunner(kernel)] };
  const threads = Array.from({ length: request.threads }, () => Thread.open(network, workerUrl, onFailure));
  return { tables, kernel, runners: await Promise.all(threads) };
}

/** Loads a model file and checks it against its hash. */
async function fetchModel(
  { url, sha256, sizeBytes }: ModelSource,
  onProgress: (fraction: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  let content: Uint8Array<ArrayBuffer>;
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    content = await read(response, (received) => onProgress(Math.min(1, received / sizeBytes)));
  } catch (error) {
    const advice = "do the site and its content security policy (connect-src) let it through?";
    throw new JpegpreError("model", `cannot load the model ${url} (${firstLine(error)}): ${advice}`);
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
  return content;
}

async function read(response: Response, onReceived: (bytes: number) => void): Promise<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader();
  if (!reader) return new Uint8Array(await response.arrayBuffer());
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let received = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(parts).arrayBuffer());
    parts.push(value as Uint8Array<ArrayBuffer>);
    onReceived((received += value.length));
  }
}
