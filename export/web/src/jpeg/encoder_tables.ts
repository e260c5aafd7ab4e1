/** Which tables this browser's encoder uses, read from a file that it wrote. */
import { readFrame } from "./frame.js";
import type { Tables } from "./tables.js";

const SIDE = 32;
const probes = new Map<number, Promise<Tables | undefined>>();

/**
 * @param quality 1..100.
 * @returns Undefined where a carrier cannot go through: other sampling than 4:2:0, or tables of 16 bits. Asked once per quality.
 */
export function encoderTables(quality: number): Promise<Tables | undefined> {
  let probe = probes.get(quality);
  if (!probe) probes.set(quality, (probe = probeTables(quality)));
  return probe;
}

async function probeTables(quality: number): Promise<Tables | undefined> {
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  const context = canvas.getContext("2d");
  if (!context) return undefined;
  // In color: an encoder may write a gray picture with one component.
  context.fillStyle = "#c40";
  context.fillRect(0, 0, SIDE / 2, SIDE);
  context.fillStyle = "#04c";
  context.fillRect(SIDE / 2, 0, SIDE / 2, SIDE);
  try {
    const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: quality / 100 });
    return tablesOf(new Uint8Array(await blob.arrayBuffer()));
  } catch {
    return undefined;
  }
}

/** @returns Undefined for files that are not 4:2:0 with 8-bit tables, one for luma and one for chroma. */
export function tablesOf(jpeg: Uint8Array): Tables | undefined {
  const { components, tables } = readFrame(jpeg);
  const factors = components.map(({ horizontal, vertical }) => `${horizontal}x${vertical}`).join();
  const [luma, ...chroma] = components.map(({ table }) => tables.get(table));
  if (factors !== "2x2,1x1,1x1" || !luma || chroma[0] !== chroma[1] || !chroma[0]) return undefined;
  if (luma.entryBytes !== 1 || chroma[0].entryBytes !== 1) return undefined;
  return { luma: luma.values, chroma: chroma[0].values };
}
