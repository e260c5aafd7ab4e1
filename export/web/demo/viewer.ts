/** Before and after one photo, with a wipe and zoom. */
import { bytes } from "./format.js";
import type { Photo } from "./photo.js";
import { element } from "./photo_list.js";

type Against = "plain" | "equal" | "original";

const byId = <Type extends HTMLElement>(id: string): Type => document.getElementById(id) as Type;

export class Viewer {
  readonly #section = byId("viewer");
  readonly #stage = byId("stage");
  readonly #pair = byId("pair");
  readonly #before = byId<HTMLImageElement>("before");
  readonly #after = byId<HTMLImageElement>("after");
  readonly #wipe = byId<HTMLInputElement>("wipe");
  readonly #against = byId<HTMLSelectElement>("against");
  readonly #urls = new Map<HTMLImageElement, { url: string; blob: Blob }>();
  #photo: Photo | undefined;
  #isComparing = false;
  /** Whose pictures are on the stage. */
  #shown: Photo | undefined;

  constructor() {
    this.#stage.addEventListener("scroll", () => this.#showWipe());
    addEventListener("resize", () => this.#showWipe());
    this.#wipe.addEventListener("input", () => this.#showWipe());
    this.#against.addEventListener("change", () => this.#show());
    for (const button of this.#zoomButtons()) button.addEventListener("click", () => this.#zoom(button.dataset.zoom!));
    this.#pair.addEventListener("pointerdown", (event) => this.#grab(event));
    this.#showWipe();
  }

  get photo(): Photo | undefined {
    return this.#photo;
  }

  /**
   * Shows a photo that is done, or nothing.
   *
   * @param isComparing Its scores are on their way.
   */
  show(photo: Photo | undefined, isComparing = false): void {
    this.#isComparing = isComparing;
    const isOther = photo !== this.#photo;
    this.#photo = photo;
    if (isOther) this.#zoom("fit");
    this.#show();
  }

  #show(): void {
    const state = this.#photo?.state;
    // While a photo is done anew its last pictures stay, or the page would jump.
    if (state?.kind !== "done") {
      const isShown = this.#shown !== undefined && this.#shown === this.#photo;
      this.#section.hidden = !isShown || state?.kind === "failed";
      return;
    }
    this.#section.hidden = false;
    this.#shown = this.#photo;
    const { result, comparison } = state;
    const known = typeof comparison === "object" ? comparison : undefined;
    const equal = known?.nearest;
    this.#against.options[1]!.disabled = !equal;
    let against = this.#against.value as Against;
    if (against === "equal" && !equal) against = "plain";
    const before = { plain: result.plain, equal: equal!, original: this.#photo!.file }[against];
    this.#load(this.#before, before);
    this.#load(this.#after, result.blob);
    this.#pair.style.setProperty("--width", `${result.width}px`);
    this.#pair.style.setProperty("--ratio", `${result.width / result.height}`);
    byId("before-label").textContent = `${against === "original" ? "original" : "ordinary"} ${bytes(before.size)}`;
    byId("after-label").textContent = `result ${bytes(result.blob.size)}`;
    this.#showVerdict(state);
  }

  /** The photo's sizes and scores in words; nothing is praised where nothing was won. */
  #showVerdict({ result, comparison }: Extract<Photo["state"], { kind: "done" }>): void {
    const { file } = this.#photo!;
    const { output } = result.bytes;
    byId("verdict-sizes").replaceChildren(`${bytes(file.size)} → `, element("strong", "", bytes(output)));
    const [look, score] = [byId("verdict-look"), byId("verdict-score")];
    look.className = score.className = "";
    if (result.kept === "original") {
      look.textContent = "Your file is smaller than anything made of it: it is kept.";
      score.textContent = "";
    } else if (typeof comparison === "object") {
      const { neededBytes, ours, equal } = comparison;
      const percent = Math.round(100 * (1 - output / neededBytes));
      look.textContent = `An ordinary JPEG of this look needs ${bytes(neededBytes)}`;
      if (percent > 0) look.append(element("strong", "won", ` (${percent} % saved)`));
      const scores = element("span", ours > equal ? "won" : "", `score ${ours.toFixed(1)}`);
      score.replaceChildren(scores, `, ordinary of the same size ${equal.toFixed(1)}`);
    } else {
      look.textContent = `An ordinary JPEG of the same quality has ${bytes(result.bytes.plain)}`;
      score.textContent = comparison === undefined || this.#isComparing ? "score …" : "";
    }
  }

  #load(image: HTMLImageElement, blob: Blob): void {
    const old = this.#urls.get(image);
    if (old?.blob === blob) return;
    const url = URL.createObjectURL(blob);
    image.src = url;
    this.#urls.set(image, { url, blob });
    if (old) URL.revokeObjectURL(old.url);
  }

  /** The slider runs over what is to be seen: enlarged, that is a part of the picture. */
  #showWipe(): void {
    const { scrollLeft, clientWidth } = this.#stage;
    const { offsetLeft, offsetWidth } = this.#pair;
    const share = this.#wipe.valueAsNumber / 100;
    const isWider = offsetWidth > clientWidth;
    const at = isWider ? (scrollLeft - offsetLeft + share * clientWidth) / offsetWidth : share;
    this.#pair.style.setProperty("--at", `${100 * at}%`);
  }

  #zoomButtons(): HTMLButtonElement[] {
    return [...this.#section.querySelectorAll<HTMLButtonElement>("[data-zoom]")];
  }

  #zoom(zoom: string): void {
    // The point in the middle stays there.
    const { scrollLeft, scrollTop, clientWidth, clientHeight, scrollWidth, scrollHeight } = this.#stage;
    const x = (scrollLeft + clientWidth / 2) / scrollWidth;
    const y = (scrollTop + clientHeight / 2) / scrollHeight;
    for (const button of this.#zoomButtons()) button.setAttribute("aria-pressed", String(button.dataset.zoom === zoom));
    this.#stage.classList.toggle("zoomed", zoom !== "fit");
    // One pixel of the photo on `zoom` pixels of the screen, also where those are finer than CSS's.
    if (zoom !== "fit") this.#pair.style.setProperty("--zoom", String(Number(zoom) / devicePixelRatio));
    this.#stage.scrollTo(x * this.#stage.scrollWidth - clientWidth / 2, y * this.#stage.scrollHeight - clientHeight / 2);
    this.#showWipe();
  }

  /** Dragging wipes; enlarged it moves the picture (fingers scroll by themselves), and the slider wipes. */
  #grab(event: PointerEvent): void {
    const isZoomed = this.#stage.classList.contains("zoomed");
    if (event.button !== 0 || (isZoomed && event.pointerType !== "mouse")) return;
    const { scrollLeft, scrollTop } = this.#stage;
    const move = ({ clientX, clientY }: PointerEvent): void => {
      if (isZoomed) {
        this.#stage.scrollTo(scrollLeft + event.clientX - clientX, scrollTop + event.clientY - clientY);
        return;
      }
      const box = this.#pair.getBoundingClientRect();
      this.#wipe.value = String((100 * (clientX - box.left)) / box.width);
      this.#showWipe();
    };
    move(event);
    this.#pair.setPointerCapture(event.pointerId);
    this.#pair.addEventListener("pointermove", move);
    const release = (): void => this.#pair.removeEventListener("pointermove", move);
    this.#pair.addEventListener("pointerup", release, { once: true });
    this.#pair.addEventListener("pointercancel", release, { once: true });
  }
}
