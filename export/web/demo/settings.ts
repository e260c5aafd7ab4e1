/** The form: what to aim for. It is remembered on this device. */

export interface Settings {
  quality: number | undefined;
  maxBytes: number | undefined;
  /** Pixels of the longest side, where pictures are to be scaled down. */
  maxSide: number | undefined;
  strength: number;
  keepMetadata: boolean;
}

const STORE = "jpegpre-settings";
const byId = <Type extends HTMLElement>(id: string): Type => document.getElementById(id) as Type;

/** Calls `onChange` once the visitor has stopped changing; returns a reader of the present settings. */
export function watchSettings(onChange: () => void): () => Settings {
  const form = byId<HTMLFormElement>("settings");
  const quality = byId<HTMLInputElement>("quality");
  const size = byId<HTMLInputElement>("size");
  const side = byId<HTMLInputElement>("side");
  const strength = byId<HTMLInputElement>("strength");
  const isSize = (): boolean => byId<HTMLInputElement>("goal-size").checked;
  // What a field holds that is empty or out of bounds counts for nothing: the last good number stays in force.
  const last = { size: size.valueAsNumber, side: NaN };

  const show = (): void => {
    byId("quality-field").hidden = isSize();
    byId("size-field").hidden = !isSize();
    byId("quality-shown").textContent = quality.value;
    byId("strength-shown").textContent = `${strength.value} %`;
    const isBad = isSize() && !(size.value && size.checkValidity());
    size.setAttribute("aria-invalid", String(isBad));
    byId("size-hint").textContent = isBad ? `Give a size of 1 to 100,000 kB; ${last.size} kB is still in force.` : "";
  };
  const read = (): Settings => {
    if (size.value && size.checkValidity()) last.size = size.valueAsNumber;
    if (side.checkValidity()) last.side = side.valueAsNumber; // empty: no bound
    return {
      quality: isSize() ? undefined : quality.valueAsNumber,
      maxBytes: isSize() ? Math.round(last.size * 1000) : undefined,
      maxSide: Number.isNaN(last.side) ? undefined : last.side,
      strength: strength.valueAsNumber / 100,
      keepMetadata: byId<HTMLInputElement>("metadata").checked,
    };
  };

  recall(form);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let before = JSON.stringify(read());
  const changed = (): void => {
    read();
    show();
    clearTimeout(timer);
    timer = setTimeout(() => {
      const now = JSON.stringify(read());
      remember(form);
      if (now === before) return;
      before = now;
      onChange();
    }, 350);
  };
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
  return read;
}

function fields(form: HTMLFormElement): (HTMLInputElement | HTMLSelectElement)[] {
  return [...form.querySelectorAll<HTMLInputElement | HTMLSelectElement>("input, select")];
}

function isChoice(field: Element): field is HTMLInputElement {
  return field instanceof HTMLInputElement && (field.type === "checkbox" || field.type === "radio");
}

export function remember(form: HTMLFormElement): void {
  const values = Object.fromEntries(fields(form).map((field) => [field.id, isChoice(field) ? field.checked : field.value]));
  try {
    localStorage.setItem(STORE, JSON.stringify(values));
  } catch {
    // Not allowed here: then they are as at first the next time.
  }
}

function recall(form: HTMLFormElement): void {
  let values: Record<string, unknown> = {};
  try {
    values = (JSON.parse(localStorage.getItem(STORE) ?? "{}") ?? {}) as Record<string, unknown>;
  } catch {
    return;
  }
  for (const field of fields(form)) {
    const value = values[field.id];
    if (isChoice(field) && typeof value === "boolean") field.checked = value;
    else if (typeof value === "string" && (field.tagName !== "SELECT" || [...(field as HTMLSelectElement).options].some((option) => option.value === value))) {
      const old = field.value;
      field.value = value;
      if (!field.checkValidity()) field.value = old;
    }
  }
}
