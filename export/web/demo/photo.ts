import type { Compared } from "jpegpre";

import type { Comparison } from "./score/compare.js";

/** What is known of one photo on the page. Only a photo that was looked at is compared; "none" where that cannot be done. */
export type State =
  | { kind: "waiting" }
  | { kind: "working"; fraction: number }
  | { kind: "done"; result: Compared; comparison: Comparison | undefined | "none" }
  | { kind: "failed"; message: string; isWorthRetrying: boolean };

export class Photo {
  state: State = { kind: "waiting" };
  /** Cancels the work under way. */
  controller = new AbortController();

  constructor(readonly file: File) {}
}
