/** The table of photos. */
import { bytes, change, outputName } from "./format.js";
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
    row.thumbnail.setAttribute("aria-hidden", "true");
    button.append(row.thumbnail, element("span", "name", photo.file.name, element("span", "note", noteOf(photo))));
    button.addEventListener("click", () => this.#events.onChoose(photo));
    const made = cell("cell-photo", undefined, button);
    if (photo.state.kind === "failed") made.colSpan = 4; // a message takes room
    return made;
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
    const last = cell("cell-actions", undefined, element("div", "row-actions", ...actions));
    if (state.kind === "failed") return [last];
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.setAttribute("aria-label", `Progress of ${photo.file.name}`);
    if (state.kind === "working") bar.value = state.fraction;
    else if (state.kind === "waiting") bar.value = 0;
    const middle = cell("cell-progress", undefined, bar);
    middle.colSpan = 3;
    return [middle, last];
  }

  #resultCells(photo: Photo, { result, comparison }: Extract<Photo["state"], { kind: "done" }>): HTMLTableCellElement[] {
    const { plain, output } = result.bytes;
    const input = photo.file.size;
    const known = typeof comparison === "object" ? comparison : undefined;
    const ordinary = cell("number", "Ordinary JPEG", known ? bytes(known.neededBytes) : bytes(plain));
    ordinary.append(element("small", "", known ? "for this look" : "at this quality"));
    const isWon = result.kept !== "original" && output < input;
    const save = this.#button("Save", `Save ${outputName(photo.file.name, result.blob.type)}`, () => this.#events.onSave(photo));
    const remove = this.#button("✕", `Remove ${photo.file.name}`, () => this.#events.onRemove(photo));
    return [
      cell("number cell-sizes", "Original → result", `${bytes(input)} → `, element("strong", "", bytes(output))),
      cell(isWon ? "number saved" : "number saved even", "Change", change(input, output)),
      ordinary,
      cell("cell-actions", undefined, element("div", "row-actions", save, remove)),
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
  const { width, height, quality, kept, path, editReason, isFlattened, isAnimated } = state.result;
  const parts = [`${width} × ${height}`];
  if (kept === "original") parts.push("your file is smaller: kept");
  else parts.push(`quality ${quality}`);
  if (kept === "plain") parts.push("the network saved nothing: left alone");
  if (kept === "edited" && path === "edit") parts.push(`pixels edited only: ${editReason}`);
  if (isFlattened && kept !== "original") parts.push("transparency put on white");
  if (isAnimated && kept !== "original") parts.push("animation: its first picture");
  return parts.join(", ");
}

function cell(className: string, label: string | undefined, ...content: (Node | string)[]): HTMLTableCellElement {
  const made = element("td", className, ...content);
  if (label) made.dataset.label = label;
  return made;
}

export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className: string,
  ...content: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}
