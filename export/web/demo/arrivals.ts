/** Photos come in by the file dialog, by dropping, by pasting. */

const byId = <Type extends HTMLElement>(id: string): Type => document.getElementById(id) as Type;

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
    onFiles([...event.dataTransfer!.files]);
  });
}
