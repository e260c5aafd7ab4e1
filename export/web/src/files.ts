/** Where the package's other files are. */
import { models } from "jpegpre:models";

import { brief, describe, isA } from "./checks.js";
import { JpegpreError } from "./errors.js";
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
  if (!entry) throw new RangeError(`\`profile\` must be one of ${models.map(({ name }) => name).join(", ")}. Received: ${brief(profile)}`);
  const { path, locate: address, ...model } = entry;
  const base = assets === undefined ? undefined : folder(assets);
  const workerUrl = base ? new URL("worker.js", base) : beside(() => new URL("./worker.js", import.meta.url));
  const modelUrl = base ? new URL(path, base) : beside(address);
  const source = { url: absolute(modelUrl), sha256: model.sha256, sizeBytes: model.sizeBytes };
  return { workerUrl: absolute(workerUrl), model, source, profile: profiles[i]! };
}

/** Turbopack gives addresses without the site's. */
function absolute({ href }: URL): string {
  return new URL(href, globalThis.location?.href).href;
}

/** @throws JpegpreError where the bundler made a script of the module, which does not know its own address. */
function beside(address: () => URL): URL {
  try {
    return address();
  } catch {
    const advice = "let your site serve the files of jpegpre/dist/ and give their folder as `assets`";
    throw new JpegpreError("worker", `where the worker is cannot be told, because this bundle has no \`import.meta.url\`: ${advice}`);
  }
}

/** A folder's address with a slash at its end, without which relative names would replace its last part. */
function folder(assets: string | URL): URL {
  const isText = typeof assets === "string";
  try {
    if (!isText && !isA(assets, "URL")) throw new TypeError();
    const url = new URL(assets || ".", globalThis.document?.baseURI ?? globalThis.location?.href);
    if (!url.pathname.endsWith("/")) url.pathname += "/";
    return new URL(".", url); // without a query; refuses addresses that have no folders
  } catch {
    throw new TypeError(`\`assets\` must be the URL of a folder. Received: ${isText ? brief(assets) : describe(assets)}`);
  }
}
