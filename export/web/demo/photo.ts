import type { Compressed } from "../src/index.js";

/** What is known of one photo on the page. Scores are "none" where there can be none: of pictures of a few pixels. */
export type State =
  | { kind: "waiting" }
  | { kind: "working"; fraction: number }
  | { kind: "done"; result: Compressed; equal: Blob | undefined; scores: Scores | undefined | "none" }
  | { kind: "failed"; message: string; isWorthRetrying: boolean };

/** SSIMULACRA2 of plain JPEG at the same quality, of ours, and of plain JPEG at our size. */
export interface Scores {
  plain: number;
  ours: number;
  equal: number | undefined;
}

export class Photo {
  state: State = { kind: "waiting" };
  /** Cancels the work under way. */
  controller = new AbortController();

  constructor(readonly file: File) {}
}
