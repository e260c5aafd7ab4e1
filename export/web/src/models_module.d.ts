/** The module "jpegpre:models": the models that the build took, with the literal addresses that bundlers look for; made by scripts/models.mjs. */
import type { ModelDescription } from "./protocol.js";

export const models: readonly (ModelDescription & {
  /** Relative to dist/. */
  readonly path: string;
  locate(): URL;
})[];
