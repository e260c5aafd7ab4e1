/** The text that PNG files carry. */

export interface PngText {
  keyword: string;
  /** Bytes of the text: Latin-1 or UTF-8, as the file has it. */
  text: Uint8Array;
}

/** @returns Nothing for other chunks, damaged ones, and those that this browser cannot inflate. */
export async function readPngText(name: string, payload: Uint8Array): Promise<PngText | undefined> {
  const end = payload.indexOf(0);
  if (end < 1) return undefined;
  const keyword = String.fromCharCode(...payload.subarray(0, Math.min(end, 79)));
  if (name === "tEXt") return { keyword, text: payload.slice(end + 1) };
  if (name === "zTXt") return inflated(keyword, payload.slice(end + 2));
  if (name !== "iTXt") return undefined;
  const afterLanguage = payload.indexOf(0, end + 3);
  const afterTranslation = payload.indexOf(0, afterLanguage + 1);
  if (afterLanguage < 0 || afterTranslation < 0) return undefined;
  const text = payload.slice(afterTranslation + 1);
  return payload[end + 1] === 1 ? inflated(keyword, text) : { keyword, text };
}

async function inflated(keyword: string, content: Uint8Array<ArrayBuffer>): Promise<PngText | undefined> {
  try {
    const stream = new Blob([content]).stream().pipeThrough(new DecompressionStream("deflate"));
    return { keyword, text: new Uint8Array(await new Response(stream).arrayBuffer()) };
  } catch {
    return undefined;
  }
}
