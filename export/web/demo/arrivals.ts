/** Photos come in by the file dialog, by dropping (folders too), by pasting. */

const byId = <Type extends HTMLElement>(id: string): Type => document.getElementById(id) as Type;

/** In folders only these are taken: they hold much else. */
const PICTURE = /\.(jpe?g|jfif|png|webp|avif|gif|bmp|tiff?|hei[cf])$/i;

export function watchArrivals(onFiles: (files: File[]) => void): void {
  const input = byId<HTMLInputElement>("files");
  input.addEventListener("change", () => {
    onFiles([...(input.files ?? [])]);
    input.value = ""; // so that the same photo can be chosen again
  });

  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) onFiles(files);
  });

  // Entering a child leaves its parent: only the count tells when the pointer has left the page.
  let depth = 0;
  const shade = byId("dropping");
  const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  document.addEventListener("dragenter", (event) => {
    if (hasFiles(event)) shade.hidden = ++depth === 0;
  });
  document.addEventListener("dragleave", (event) => {
    if (hasFiles(event)) shade.hidden = --depth <= 0;
  });
  document.addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    depth = 0;
    shade.hidden = true;
    if (!hasFiles(event)) return;
    event.preventDefault(); // or the browser would leave the page to show the photo
    void dropped(event.dataTransfer!).then(onFiles);
  });
}

async function dropped(transfer: DataTransfer): Promise<File[]> {
  // All at once: after the event they are gone.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? undefined);
  const files = [...transfer.files];
  if (!entries.some((entry) => entry?.isDirectory)) return files;
  const found: File[] = [];
  for (const entry of entries) if (entry) found.push(...(await filesOf(entry, true)));
  return found;
}

async function filesOf(entry: FileSystemEntry, isNamed: boolean): Promise<File[]> {
  if (entry.isFile) {
    if (!isNamed && (!PICTURE.test(entry.name) || entry.name.startsWith("."))) return [];
    return new Promise((resolve) => (entry as FileSystemFileEntry).file((file) => resolve([file]), () => resolve([])));
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: File[] = [];
  for (;;) {
    // It hands out a hundred at a time.
    const some = await new Promise<FileSystemEntry[]>((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (some.length === 0) return found;
    for (const child of some) found.push(...(await filesOf(child, false)));
  }
}
