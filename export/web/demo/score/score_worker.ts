/** Scores files against a photo, away from the page's thread: on the middle megapixel, which is enough and quick. */
import { Ssimulacra2 } from "./ssimulacra2.js";

export interface ScoreRequest {
  /** Of the photo: the one before is not opened again. */
  key: number;
  original: Blob;
  decoded: Blob[];
}

export interface ScoreReply {
  /** One for each of `decoded`; undefined if the picture is too small or a file does not open. */
  scores: number[] | undefined;
}

const SIDE = 1024;

let last: { key: number; width: number; height: number; metric: Ssimulacra2 } | undefined;

self.addEventListener("message", async ({ data: { key, original, decoded } }: MessageEvent<ScoreRequest>) => {
  let scores: number[] | undefined;
  try {
    if (last?.key !== key) {
      const data = await middle(original);
      last = { key, width: data.width, height: data.height, metric: new Ssimulacra2(data) };
    }
    const { metric } = last;
    scores = [];
    for (const blob of decoded) {
      const data = await middle(blob);
      // A photo that this browser leaves lying, and the package turned.
      if (data.width !== last.width || data.height !== last.height) throw new RangeError("another size");
      scores.push(metric.score(data));
    }
  } catch {
    scores = undefined;
  }
  self.postMessage({ scores } satisfies ScoreReply);
});

async function middle(blob: Blob): Promise<ImageData> {
  const bitmap = await createImageBitmap(blob);
  const width = Math.min(SIDE, bitmap.width);
  const height = Math.min(SIDE, bitmap.height);
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.fillStyle = "#fff"; // as the JPEG files have it behind transparent pictures
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, -((bitmap.width - width) >> 1), -((bitmap.height - height) >> 1));
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}
