/** The network in use: a new one is ready before the old one is let go. */
import { createPreprocessor, type Preprocessor } from "jpegpre";

export interface LoaderEvents {
  onLoading(fraction: number): void;
  onReady(preprocessor: Preprocessor): void;
  /** @param current Name of the profile that goes on to be used, if there is one. */
  onFailure(error: unknown, current: string | undefined): void;
}

export class Loader {
  #current: Preprocessor | undefined;
  #turn = 0;
  readonly #events: LoaderEvents;

  constructor(events: LoaderEvents) {
    this.#events = events;
  }

  get isReady(): boolean {
    return this.#current !== undefined;
  }

  async load(profile: string): Promise<void> {
    const turn = ++this.#turn;
    this.#events.onLoading(0);
    try {
      const onProgress = (fraction: number): void => {
        if (turn === this.#turn) this.#events.onLoading(fraction);
      };
      const opened = await createPreprocessor({ profile, onProgress });
      // Another profile was chosen meanwhile.
      if (turn !== this.#turn) return opened.close();
      const old = this.#current;
      this.#current = opened;
      this.#events.onReady(opened);
      old?.close();
    } catch (error) {
      if (turn === this.#turn) this.#events.onFailure(error, this.#current?.profile.name);
    }
  }
}
