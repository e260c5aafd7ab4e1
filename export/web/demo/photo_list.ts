/** The table of photos. */
import { bytes, outputName, saved } from "./format.js";
import type { Photo } from "./photo.js";

export interface ListEvents {
  onChoose(photo: Photo): void;
  onCancel(photo: Photo): void;
  onRetry(photo: Photo): void;
  onRemove(photo: Photo): void;
  onSave(photo: Photo): void;
}

interface Row {
  element: HTMLTableRowElement;
  thumbnail: HTMLCanvasElement;
  isDrawn: boolean;
}

export class PhotoList {
  readonly #body = document.getElementById("photos") as HTMLTableSectionElement;
  readonly #rows = new Map<Photo, Row>();
  readonly #events: ListEvents;
  #chosen: Photo | undefined;

  constructor(events: ListEvents) {
    this.#events = events;
  }

  /** Shows the photo's present state, in a new row if it has none. */
  update(photo: Photo): void {
    let row = this.#rows.get(photo);
    if (!row) {
      row = { element: this.#body.insertRow(), thumbnail: document.createElement("canvas"), isDrawn: false };
      this.#rows.set(photo, row);
    }
    const { state } = photo;
    const bar = state.kind === "working" && row.element.querySelector("progress");
    if (bar && row.element.dataset.kind === "working") {
      bar.value = state.fraction; // only that: a row that is built anew loses the keyboard's focus
      return;
    }
    const hadFocus = row.element.contains(document.activeElement);
    row.element.dataset.kind = state.kind;
    row.element.className = state.kind === "failed" ? "failed" : photo === this.#chosen ? "chosen" : "";
    row.element.replaceChildren(this.#nameCell(photo, row), ...this.#stateCells(photo));
    if (hadFocus) row.element.querySelector<HTMLElement>("button:not(:disabled)")?.focus({ preventScroll: true });
    if (state.kind === "done") void this.#draw(row, state.result.blob);
  }

  choose(photo: Photo | undefined): void {
    this.#chosen = photo;
    for (const [other, { element }] of this.#rows) {
      element.classList.toggle("chosen", other === photo);
      element.querySelector(".photo")?.setAttribute("aria-pressed", String(other === photo));
    }
  }

  remove(photo: Photo): void {
    this.#rows.get(photo)?.element.remove();
    this.#rows.delete(photo);
  }

  clear(): void {
    this.#rows.clear();
    this.#body.replaceChildren();
    this.#chosen = undefined;
  }

  #nameCell(photo: Photo, row: Row): HTMLTableCellElement {
    const button = element("button", "photo");
    button.type = "button";
    button.disabled = photo.state.kind !== "done";
    button.setAttribute("aria-pressed", String(photo === this.#chosen));
    button.title = button.disabled ? "" : "Show before and after";
    button.append(row.thumbnail, element("span", "name", photo.file.name, element("span", "note", noteOf(photo))));
    button.addEventListener("click", () => this.#events.onChoose(photo));
    return cell("cell-photo", undefined, button);
  }

  #stateCells(photo: Photo): HTMLTableCellElement[] {
    const { state } = photo;
    if (state.kind === "done") return this.#resultCells(photo, state);
    const { name } = photo.file;
    const actions = [this.#button("Cancel", `Cancel ${name}`, () => this.#events.onCancel(photo))];
    if (state.kind === "failed") {
      actions[0] = this.#button("Remove", `Remove ${name}`, () => this.#events.onRemove(photo));
      if (state.isWorthRetrying) actions.unshift(this.#button("Try again", `Try ${name} again`, () => this.#events.onRetry(photo)));
    }
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.setAttribute("aria-label", `Progress of ${photo.file.name}`);
    if (state.kind === "working") bar.value = state.fraction;
    else if (state.kind === "waiting") bar.value = 0;
    const middle = cell("cell-progress", undefined, ...(state.kind === "failed" ? [] : [bar]));
    middle.colSpan = 4;
    return [middle, cell("cell-actions", undefined, element("div", "row-actions", ...actions))];
  }

  #resultCells(photo: Photo, { result, scores: known }: Extract<Photo["state"], { kind: "done" }>): HTMLTableCellElement[] {
    const { plain, output } = result.bytes;
    const scores = known === "none" ? undefined : known;
    const score = cell("number cell-score", "Score", scores ? scores.ours.toFixed(1) : known ? "–" : "…");
    if (scores?.equal !== undefined) score.append(element("small", "", `plain, same size ${scores.equal.toFixed(1)}`));
    const before = cell("number", "Plain JPEG", bytes(plain));
    if (scores) before.append(element("small", "", `score ${scores.plain.toFixed(1)}`));
    const save = this.#button("Save", `Save ${outputName(photo.file.name, result.blob.type)}`, () => this.#events.onSave(photo));
    return [
      before,
      cell("number", "Smaller", bytes(output)),
      cell("number saved", "Saved", saved(plain, output)),
      score,
      cell("cell-actions", undefined, element("div", "row-actions", save)),
    ];
  }

  #button(text: string, label: string, onClick: () => void): HTMLButtonElement {
    const button = element("button", "button", text);
    button.type = "button";
    button.setAttribute("aria-label", label);
    button.addEventListener("click", onClick);
    return button;
  }

  async #draw(row: Row, blob: Blob): Promise<void> {
    if (row.isDrawn) return;
    row.isDrawn = true;
    const bitmap = await createImageBitmap(blob, { resizeHeight: 104, resizeQuality: "medium" }).catch(() => undefined);
    if (!bitmap) return;
    row.thumbnail.width = bitmap.width;
    row.thumbnail.height = bitmap.height;
    row.thumbnail.getContext("2d")!.drawImage(bitmap, 0, 0);
    bitmap.close();
  }
}

function noteOf({ file, state }: Photo): string {
  if (state.kind === "failed") return state.message;
  if (state.kind !== "done") return bytes(file.size);
  const { width, height, quality, kept, isFlattened } = state.result;
  const parts = [`${width} × ${height}`, `quality ${quality}`];
  if (kept === "original") parts.push("your file is smaller: kept");
  if (kept === "plain") parts.push("editing saved nothing: left alone");
  if (isFlattened && kept !== "original") parts.push("transparency put on white");
  return parts.join(", ");
}

function cell(className: string, label: string | undefined, ...content: (Node | string)[]): HTMLTableCellElement {
  const made = element("td", className, ...content);
  if (label) made.dataset.label = label;
  return made;
}

function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className: string,
  ...content: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  made.className = className;
  made.append(...content);
  return made;
}
