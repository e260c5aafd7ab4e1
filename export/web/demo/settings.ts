/** The form: what to aim for. */

export interface Settings {
  quality: number | undefined;
  maxBytes: number | undefined;
  strength: number;
  keepMetadata: boolean;
}

const byId = <Type extends HTMLElement>(id: string): Type => document.getElementById(id) as Type;

/** Calls `onChange` once the visitor has stopped changing; returns a reader of the present settings. */
export function watchSettings(onChange: () => void): () => Settings {
  const form = byId<HTMLFormElement>("settings");
  const quality = byId<HTMLInputElement>("quality");
  const size = byId<HTMLInputElement>("size");
  const strength = byId<HTMLInputElement>("strength");
  const isSize = (): boolean => byId<HTMLInputElement>("goal-size").checked;

  const show = (): void => {
    byId("quality-field").hidden = isSize();
    byId("size-field").hidden = !isSize();
    byId("quality-shown").textContent = quality.value;
    byId("strength-shown").textContent = `${strength.value} %`;
  };
  const read = (): Settings => ({
    quality: isSize() ? undefined : quality.valueAsNumber,
    maxBytes: isSize() ? Math.round(size.valueAsNumber * 1000) : undefined,
    strength: strength.valueAsNumber / 100,
    keepMetadata: byId<HTMLInputElement>("metadata").checked,
  });

  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = JSON.stringify(read());
  const changed = (): void => {
    show();
    clearTimeout(timer);
    timer = setTimeout(() => {
      const now = JSON.stringify(read());
      if (now === last || !size.checkValidity()) return;
      last = now;
      onChange();
    }, 350);
  };
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  show(); // browsers restore a form's values when a page is reloaded
  return read;
}
