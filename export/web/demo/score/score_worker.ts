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

let last: { key: number; metric: Ssimulacra2 } | undefined;

self.addEventListener("message", async ({ data: { key, original, decoded } }: MessageEvent<ScoreRequest>) => {
  let scores: number[] | undefined;
  try {
    if (last?.key !== key) last = { key, metric: new Ssimulacra2(await middle(original)) };
    const { metric } = last;
    scores = [];
    for (const blob of decoded) scores.push(metric.score(await middle(blob)));
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
