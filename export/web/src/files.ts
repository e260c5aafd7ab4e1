/** Where the package's other files are. */
import { models } from "jpegpre:models";

import type { ModelDescription, ModelSource } from "./protocol.js";
import type { Profile } from "./types.js";

export const profiles: readonly Profile[] = models.map(({ name, version, qualityRange, sizeBytes }) =>
  Object.freeze({ name, version, qualityRange, sizeBytes }),
);

export interface Files {
  workerUrl: string;
  model: ModelDescription;
  source: ModelSource;
  profile: Profile;
}

/**
 * @param assets Folder with the files of dist/. By default each is where the bundler put it: that is why the addresses are
 *   written out below and in the models' list, each in the one form that all bundlers know.
 */
export function locate(profile: string, assets: string | URL | undefined): Files {
  const i = models.findIndex(({ name }) => name === profile);
  const entry = models[i];
  if (!entry) throw new RangeError(`\`profile\` must be one of ${models.map(({ name }) => name).join(", ")}. Received: ${profile}`);
  const { path, locate: address, ...model } = entry;
  const base = assets === undefined ? undefined : folder(assets);
  const workerUrl = base ? new URL("worker.js", base) : new URL("./worker.js", import.meta.url);
  const modelUrl = base ? new URL(path, base) : address();
  const source = { url: absolute(modelUrl), sha256: model.sha256, sizeBytes: model.sizeBytes };
  return { workerUrl: absolute(workerUrl), model, source, profile: profiles[i]! };
}

/** Turbopack gives addresses without the site's. */
function absolute({ href }: URL): string {
  return new URL(href, globalThis.location?.href).href;
}

/** A folder's address with a slash at its end, without which relative names would replace its last part. */
function folder(url: string | URL): string {
  let href: string;
  try {
    ({ href } = new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href));
  } catch {
    throw new TypeError(`\`assets\` must be the URL of a folder. Received: ${String(url)}`);
  }
  return href.endsWith("/") ? href : `${href}/`;
}
