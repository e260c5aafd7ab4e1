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
