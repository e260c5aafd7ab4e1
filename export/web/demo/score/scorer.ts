/** The page's side of the score worker. */
import type { ScoreReply, ScoreRequest } from "./score_worker.js";

export class Scorer {
  readonly #worker = new Worker(new URL("./score_worker.ts", import.meta.url), { type: "module" });
  #give: ((scores: number[] | undefined) => void) | undefined;
  #last: Promise<unknown> = Promise.resolve();
  readonly #keys = new WeakMap<Blob, number>();
  #nextKey = 1;

  constructor() {
    this.#worker.onmessage = ({ data: { scores } }: MessageEvent<ScoreReply>) => this.#give?.(scores);
    // Scores are an extra: without them the page still does its work.
    this.#worker.onerror = () => this.#give?.(undefined);
  }

  /** SSIMULACRA2 of each file against `original`; undefined if that cannot be said, or nobody waits for it any more. */
  score(original: Blob, decoded: Blob[], signal: AbortSignal): Promise<number[] | undefined> {
    const scores = this.#last.then(() => {
      // One at a time, so that what is no longer wanted is never begun.
      if (signal.aborted) return undefined;
      return new Promise<number[] | undefined>((resolve) => {
        this.#give = resolve;
        let key = this.#keys.get(original);
        if (key === undefined) this.#keys.set(original, (key = this.#nextKey++));
        this.#worker.postMessage({ key, original, decoded } satisfies ScoreRequest);
      });
    });
    this.#last = scores;
    return scores;
  }
}
