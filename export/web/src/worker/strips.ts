/** A picture's work, strip by strip, on as many threads as there are: memory is bounded by the strips under way. */
import type { Tables } from "../jpeg/tables.js";
import { emptyCoefficients, rowsOf, setRows, WORK_ROW, type Coefficients } from "./coefficients.js";
import type { Strip } from "./kernel.js";
import type { Pixels } from "./pixels.js";
import type { Runner } from "./runner.js";

export interface StripOptions {
  /** Bound on a strip's pixels; a row of work is taken at least. */
  stripPixels: number;
  /** Called after every strip with the share that is done, 0..1. */
  onProgress(fraction: number): void;
  /** Throws to stop; called between strips, after messages had their turn. */
  checkpoint(): Promise<void>;
}

/** Takes whole rows of edited or rendered pixels, whose first is row `y` of the picture. They are only lent. */
export type WriteRows = (pixels: Uint8ClampedArray<ArrayBuffer>, y: number) => void;

/** Edits pixels for an encoder of these tables, and hands each finished strip to `write`. */
export function edit(runners: Runner[], source: Pixels, tables: Tables, strength: number, write: WriteRows, options: StripOptions): Promise<void> {
  return inStrips(runners, source, options, async (runner, first, end) => {
    const pixels = await runner.run<"edit">({ kind: "edit", strip: cut(runner, source, first, end), tables, strength });
    return () => write(pixels, first * WORK_ROW);
  });
}

/** What a file with these tables shall hold. */
export async function decide(runners: Runner[], source: Pixels, tables: Tables, strength: number, options: StripOptions): Promise<Coefficients> {
  const whole = emptyCoefficients(source.width, source.height);
  await inStrips(runners, source, options, async (runner, first, end) => {
    const part = await runner.run<"decide">({ kind: "decide", strip: cut(runner, source, first, end), tables, strength });
    return () => setRows(whole, part, first);
  });
  return whole;
}

/**
 * Decides what a file with tables `target` shall hold and makes it a carrier for an encoder of tables `encoder`, in one sweep.
 *
 * @returns How many pixels of the carrier are cut at 0 or 255.
 */
export async function carry(
  runners: Runner[],
  source: Pixels,
  { target, encoder }: { target: Tables; encoder: Tables },
  strength: number,
  write: WriteRows,
  options: StripOptions,
): Promise<number> {
  let total = 0;
  await inStrips(runners, source, options, async (runner, first, end) => {
    const task = { kind: "carry", strip: cut(runner, source, first, end), target, encoder, strength } as const;
    const { pixels, cut: count } = await runner.run<"carry">(task);
    total += count;
    return () => write(pixels, first * WORK_ROW);
  });
  return total;
}

/**
 * Renders the carrier of coefficients for an encoder of these tables.
 *
 * @returns How many of its pixels are cut at 0 or 255.
 */
export async function render(runners: Runner[], whole: Coefficients, encoder: Tables, write: WriteRows, options: StripOptions): Promise<number> {
  let total = 0;
  await inStrips(runners, whole, options, async (runner, first, end) => {
    const { pixels, cut } = await runner.run<"render">({ kind: "render", coefficients: rowsOf(whole, first, end), encoder });
    total += cut;
    return () => write(pixels, first * WORK_ROW);
  });
  return total;
}

/** Rows of work [first, end) with one more above and below. */
function cut(runner: Runner, source: Pixels, first: number, end: number): Strip {
  const { width, height } = source;
  const top = Math.max(0, first - 1) * WORK_ROW;
  const bottom = Math.min(height, (end + 1) * WORK_ROW);
  const shift = top / WORK_ROW;
  const pixels = (!runner.isElsewhere && source.viewRows?.(top, bottom)) || source.copyRows(top, bottom);
  return { pixels, width, height: bottom - top, first: first - shift, end: end - shift };
}

/** @param work Does rows of work [first, end), and returns what takes the result over. */
async function inStrips(
  runners: Runner[],
  { width, height }: { width: number; height: number },
  { stripPixels, onProgress, checkpoint }: StripOptions,
  work: (runner: Runner, first: number, end: number) => Promise<() => void>,
): Promise<void> {
  const rows = Math.ceil(height / WORK_ROW);
  // Every thread gets a strip.
  const atOnce = Math.max(1, Math.min(Math.floor(stripPixels / (width * WORK_ROW)), Math.ceil(rows / runners.length)));
  let next = 0;
  let done = 0;
  let isStopped = false;

  const takeStrips = async (runner: Runner): Promise<void> => {
    try {
      for (;;) {
        await checkpoint();
        const first = next;
        if (first >= rows || isStopped) return;
        const end = (next = Math.min(rows, first + atOnce));
        const take = await work(runner, first, end);
        if (isStopped) return;
        take();
        onProgress((done += end - first) / rows);
      }
    } catch (error) {
      isStopped = true;
      throw error;
    }
  };

  // All loops have ended before this does: none writes into a picture that is done with.
  const loops = runners.flatMap((runner) => Array.from({ length: runner.tasksAtOnce }, () => takeStrips(runner)));
  for (const outcome of await Promise.allSettled(loops)) if (outcome.status === "rejected") throw outcome.reason;
}
