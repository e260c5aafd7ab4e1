/** Works through the photos, two at a time: while one is edited the next is opened. */
import type { Preprocessor } from "jpegpre";
import { Photo } from "./photo.js";
import { compare, type Comparison } from "./score/compare.js";
import type { Scorer } from "./score/scorer.js";
import type { Settings } from "./settings.js";

const AT_ONCE = 2;
/** Codes of errors that come again whatever the settings are. */
const HOPELESS = ["not-a-picture", "too-large", "canvas-blocked"];

export class Queue {
  readonly photos: Photo[] = [];
  #running = 0;
  #preprocessor: Preprocessor | undefined;
  readonly #scorer: Scorer;
  readonly #settings: () => Settings;
  readonly #onChange: (photo: Photo) => void;

  constructor(scorer: Scorer, settings: () => Settings, onChange: (photo: Photo) => void) {
    this.#scorer = scorer;
    this.#settings = settings;
    this.#onChange = onChange;
  }

  /** The network to use from now on. All photos are done anew. */
  setPreprocessor(preprocessor: Preprocessor): void {
    this.#preprocessor = preprocessor;
    this.restart();
  }

  add(files: Iterable<File>): void {
    for (const file of files) this.photos.push(new Photo(file));
    this.#fill();
  }

  cancel(photo: Photo): void {
    photo.controller.abort();
  }

  retry(photo: Photo): void {
    photo.controller.abort();
    photo.controller = new AbortController();
    this.#set(photo, { kind: "waiting" });
    this.#fill();
  }

  restart(): void {
    for (const photo of this.photos) this.retry(photo);
  }

  remove(photo: Photo): void {
    photo.controller.abort();
    const i = this.photos.indexOf(photo);
    if (i >= 0) this.photos.splice(i, 1);
  }

  clear(): void {
    for (const photo of this.photos.splice(0)) photo.controller.abort();
  }

  /** Compares a photo that is done with plain JPEG; once, and not what was scaled: there is no original of that size. */
  async compare(photo: Photo): Promise<void> {
    const { state, file } = photo;
    const preprocessor = this.#preprocessor;
    if (state.kind !== "done" || state.comparison !== undefined || !preprocessor) return;
    const { signal } = photo.controller;
    const { result } = state;
    const { maxSide, keepMetadata } = this.#settings();
    const set = (comparison: Comparison | "none"): void => {
      if (!signal.aborted) this.#set(photo, { kind: "done", result, comparison });
    };
    state.comparison = "none"; // until it is there, and so that it is not asked for twice
    if (result.kept === "original" || maxSide !== undefined) return set("none");
    try {
      const comparison = await compare(result.blob, result.quality, {
        plainAt: async (quality) => (await preprocessor.compress(file, { quality, strength: 0, plain: true, keepMetadata, signal })).plain,
        score: async (blobs) => {
          const scores = await this.#scorer.score(file, blobs, signal);
          if (!scores) throw new Error("no score");
          return scores;
        },
      });
      set(comparison ?? "none");
    } catch {
      set("none"); // too small a picture, or nobody waits any more
    }
  }

  #fill(): void {
    while (this.#preprocessor && this.#running < AT_ONCE) {
      const photo = this.photos.find(({ state }) => state.kind === "waiting");
      if (!photo) return;
      this.#running++;
      void this.#work(photo, this.#preprocessor).finally(() => {
        this.#running--;
        this.#fill();
      });
    }
  }

  async #work(photo: Photo, preprocessor: Preprocessor): Promise<void> {
    const { signal } = photo.controller;
    const { quality, maxBytes, maxSide, ...settings } = this.#settings();
    const set = (state: Photo["state"]): void => {
      // A photo that was cancelled or started anew meanwhile is another run's business.
      if (!signal.aborted) this.#set(photo, state);
    };
    set({ kind: "working", fraction: 0 });
    try {
      const result = await preprocessor.compress(photo.file, {
        ...settings,
        ...(maxBytes === undefined ? { quality: quality! } : { maxBytes }),
        maxWidth: maxSide,
        maxHeight: maxSide,
        plain: true,
        allowOriginal: true,
        signal,
        onProgress: (fraction) => set({ kind: "working", fraction }),
      });
      set({ kind: "done", result, comparison: undefined });
    } catch (error) {
      if (signal.aborted) {
        // Started anew, it is waiting already.
        if (photo.controller.signal === signal) this.#set(photo, { kind: "failed", message: "Cancelled.", isWorthRetrying: true });
      } else {
        const isWorthRetrying = !HOPELESS.includes((error as { code?: string }).code ?? "");
        set({ kind: "failed", message: sentence(error), isWorthRetrying });
      }
    }
  }

  #set(photo: Photo, state: Photo["state"]): void {
    photo.state = state;
    if (this.photos.includes(photo)) this.#onChange(photo);
  }
}

/** An error's message as a sentence. */
export function sentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, "")}.`;
}
