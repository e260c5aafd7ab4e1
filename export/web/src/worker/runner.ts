/** What works on strips: a kernel in this thread, or one in a thread of its own. */
import type { Tables } from "../jpeg/tables.js";
import type { Coefficients } from "./coefficients.js";
import { Kernel, type Rendered, type Strip } from "./kernel.js";

/** One strip's work. Where the runner is elsewhere, what it holds is taken away. */
export type Task =
  | { kind: "edit"; strip: Strip; tables: Tables; strength: number }
  | { kind: "decide"; strip: Strip; tables: Tables; strength: number }
  | { kind: "carry"; strip: Strip; target: Tables; encoder: Tables; strength: number }
  | { kind: "render"; coefficients: Coefficients; encoder: Tables };

/** Results by kind of task. */
export interface Results {
  edit: Uint8ClampedArray<ArrayBuffer>;
  decide: Coefficients;
  carry: Rendered;
  render: Rendered;
}

export type TaskOf<Kind extends Task["kind"]> = Extract<Task, { kind: Kind }>;

export interface Runner {
  /** Tasks that it is given at a time, so that it is never idle. */
  readonly tasksAtOnce: number;
  /** In a thread of its own, to which strips are handed over. */
  readonly isElsewhere: boolean;
  /** Pixels that come back are only lent if the runner is here: until its next task. */
  run<Kind extends Task["kind"]>(task: TaskOf<Kind>): Promise<Results[Kind]>;
  /** Resolves once it is alive. */
  ping(): Promise<void>;
}

export class KernelRunner implements Runner {
  readonly tasksAtOnce = 1;
  readonly isElsewhere = false;
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  async run<Kind extends Task["kind"]>(task: TaskOf<Kind>): Promise<Results[Kind]> {
    return doTask(this.#kernel, task) as Results[Kind];
  }

  async ping(): Promise<void> {}
}

export function doTask(kernel: Kernel, task: Task): Results[Task["kind"]] {
  if (task.kind === "edit") return kernel.edit(task.strip, task.tables, task.strength);
  if (task.kind === "decide") return kernel.decide(task.strip, task.tables, task.strength);
  if (task.kind === "carry") return kernel.carry(task.strip, task, task.strength);
  return kernel.render(task.coefficients, task.encoder);
}

/** A result whose pixels are not the kernel's any more. */
export function ownPixels(result: Results[Task["kind"]]): Results[Task["kind"]] {
  if (result instanceof Uint8ClampedArray) return result.slice();
  return "pixels" in result ? { ...result, pixels: result.pixels.slice() } : result;
}

/** What can be handed over instead of copied. */
export function buffersOf(content: Task | Results[Task["kind"]]): ArrayBuffer[] {
  if (content instanceof Uint8ClampedArray) return [content.buffer];
  if ("luma" in content) return [content.luma.buffer, content.cb.buffer, content.cr.buffer];
  if ("pixels" in content) return [content.pixels.buffer];
  return "strip" in content ? [content.strip.pixels.buffer] : buffersOf(content.coefficients);
}
