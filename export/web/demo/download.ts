/** Hands finished files to the visitor. */
import { zip } from "fflate";

export function download(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** All files as one, since browsers ask before a page hands out several. Stored: JPEG files do not get smaller. */
export async function downloadAll(files: { name: string; blob: Blob }[]): Promise<void> {
  const entries: Record<string, Uint8Array> = {};
  for (const { name, blob } of files) entries[name] = new Uint8Array(await blob.arrayBuffer());
  const archive = await new Promise<Uint8Array<ArrayBuffer>>((resolve, reject) =>
    zip(entries, { level: 0 }, (error, data) => (error ? reject(error) : resolve(data as Uint8Array<ArrayBuffer>))),
  );
  download(new Blob([archive], { type: "application/zip" }), "smaller-photos.zip");
}

/** Whether this browser hands pictures on to other programs. */
export function canShare(): boolean {
  const sample = new File([], "photo.jpg", { type: "image/jpeg" });
  return navigator.canShare?.({ files: [sample] }) ?? false;
}

/** @returns False if the visitor thought better of it. */
export async function share(blob: Blob, name: string): Promise<boolean> {
  try {
    await navigator.share({ files: [new File([blob], name, { type: blob.type })] });
    return true;
  } catch (error) {
    if ((error as Error).name === "AbortError") return false;
    throw error;
  }
}

export function canCopy(): boolean {
  return typeof ClipboardItem !== "undefined" && navigator.clipboard?.write !== undefined;
}

/** Puts the picture on the clipboard; as PNG, of the same pixels, where the browser takes no JPEG files there. */
export async function copy(blob: Blob): Promise<"image/jpeg" | "image/png"> {
  const type = ClipboardItem.supports?.("image/jpeg") && blob.type === "image/jpeg" ? "image/jpeg" : "image/png";
  await navigator.clipboard.write([new ClipboardItem({ [type]: type === "image/jpeg" ? blob : asPng(blob) })]);
  return type;
}

async function asPng(blob: Blob): Promise<Blob> {
  const bitmap = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.convertToBlob({ type: "image/png" });
}
