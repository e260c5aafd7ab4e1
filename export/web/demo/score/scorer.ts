/** The page's side of the score worker. */
import type { ScoreReply, ScoreRequest } from "./score_worker.js";

export class Scorer {
  readonly #worker = new Worker(new URL("./score_worker.ts", import.meta.url), { type: "module" });
  readonly #waiting = new Map<number, (scores: number[] | undefined) => void>();
  #next = 0;

  constructor() {
    this.#worker.onmessage = ({ data: { id, scores } }: MessageEvent<ScoreReply>) => {
      this.#waiting.get(id)?.(scores);
      this.#waiting.delete(id);
    };
    // Scores are an extra: without them the page still does its work.
    this.#worker.onerror = () => {
      for (const give of this.#waiting.values()) give(undefined);
      this.#waiting.clear();
    };
  }

  /** SSIMULACRA2 of each file against `original`. */
  score(original: Blob, decoded: Blob[]): Promise<number[] | undefined> {
    return new Promise((resolve) => {
      const id = this.#next++;
      this.#waiting.set(id, resolve);
      this.#worker.postMessage({ id, original, decoded } satisfies ScoreRequest);
    });
  }
}
