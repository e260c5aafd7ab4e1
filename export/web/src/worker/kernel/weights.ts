/** Weights in the order in which the kernel reads them: products.h, winograd.c. */
import type { Convolution } from "./int8_model.js";

/** Outputs of a panel. */
export const PANEL = 16;

/** Numbers per output and input that a convolution's weights take: 1, or 16 for a 3x3 one. */
export function matrices({ side }: Convolution): number {
  return side === 1 ? 1 : 16;
}

/** Where the model keeps channel `channel` of the kernel. */
export type Order = (channel: number) => number;

/** @returns [panel][matrix][pair of inputs][output][2]. */
export function packed(convolution: Convolution, inputOrder: Order, outputOrder: Order): Int16Array {
  const { outputs, inputs } = convolution;
  const result = new Int16Array(outputs * inputs * matrices(convolution));
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      const from = outputOrder(output) * inputs + inputOrder(input);
      const numbers = convolution.side === 1 ? [convolution.weights[from]!] : transformed(convolution.weights, from * 9);
      for (let matrix = 0; matrix < numbers.length; matrix++) {
        const block = Math.floor(output / PANEL) * numbers.length + matrix;
        const pair = (block * inputs + (input & ~1)) * PANEL;
        result[pair + (output % PANEL) * 2 + (input & 1)] = numbers[matrix]!;
      }
    }
  }
  return result;
}

/** 4 G g G', Winograd's transform of 3x3 weights for 2x2 results. */
function transformed(weights: Int8Array, at: number): number[] {
  const along = (a: number, b: number, c: number): number[] => [2 * a, a + b + c, a - b + c, 2 * c];
  const rows = [0, 3, 6].map((row) => along(weights[at + row]!, weights[at + row + 1]!, weights[at + row + 2]!));
  const columns = [0, 1, 2, 3].map((column) => along(rows[0]![column]!, rows[1]![column]!, rows[2]![column]!));
  return Array.from({ length: 16 }, (_, i) => columns[i % 4]![i >> 2]!);
}
