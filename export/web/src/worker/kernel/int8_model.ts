/** The numbers of an int8 preprocessor, taken out of its ONNX file by the names that `jpegpre export` gives its layers. */
import { readOnnx, type OnnxGraph, type OnnxNode } from "./onnx_file.js";

/** real value = (code - zeroPoint) * scale; codes are 0..255. */
export interface Quantization {
  scale: number;
  zeroPoint: number;
}

/** A convolution from codes to sums: `bias` has the unit (input's scale) * `scales[output]`. */
export interface Convolution {
  /** [output][input][row][column], -127..127. */
  weights: Int8Array;
  scales: Float32Array;
  bias: Int32Array;
  outputs: number;
  inputs: number;
  /** 1 or 3. */
  side: number;
  input: Quantization;
}

/** Convolution, ReLU, times a factor for each output that is made from the quality. */
export interface ScaledLayer {
  convolution: Convolution;
  rectified: Quantization;
  factor: { convolution: Convolution; result: Quantization };
  result: Quantization;
}

/** x + project(expand(x)). */
export interface ResidualBlock {
  expand: ScaledLayer;
  project: Convolution;
  projected: Quantization;
  result: Quantization;
}

export interface GateNetwork {
  /** From quality / 50 - 1 to hidden numbers: float weights, ReLU. */
  hidden: { weights: Float32Array; bias: Float32Array; result: Quantization };
  input: ScaledLayer;
  spatial: ResidualBlock[];
  mixing: ResidualBlock[];
  logits: { convolution: Convolution; result: Quantization };
}

export interface Int8Model {
  luma: GateNetwork;
  chroma: GateNetwork;
  /** Ranges of the thresholds for rounding to 0 and to 1, in units of 1/60 step. */
  zeroSpan: number;
  oneSpan: number;
  /**
   * Which blocks are left alone: those with more than `mostInReach` pixels that white or black is in reach of, which is
   * `leastReach` levels and `reach` for every level that the luma block's coefficients are changed by.
   */
  headroom: { reach: number; leastReach: number; mostInReach: number };
}

/**
 * @returns Undefined if the file is not of this kind: float, or of another build of network.
 * @throws JpegpreError "model" if it is no ONNX file.
 */
export function readInt8Model(content: Uint8Array): Int8Model | undefined {
  const graph = readOnnx(content);
  try {
    return new Reader(graph).model();
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}

class Unknown extends Error {}

/** Operations that leave numbers as they are. */
const LAYOUT = ["Reshape", "Squeeze", "Transpose", "Unsqueeze"];

class Reader {
  readonly #graph: OnnxGraph;
  readonly #producers = new Map<string, OnnxNode>();
  readonly #consumers = new Map<string, OnnxNode[]>();
  readonly #used = new Set<string>();

  constructor(graph: OnnxGraph) {
    this.#graph = graph;
    for (const node of graph.nodes) {
      for (const name of node.outputs) this.#producers.set(name, node);
      for (const name of node.inputs) this.#consumers.set(name, [...(this.#consumers.get(name) ?? []), node]);
    }
  }

  model(): Int8Model {
    const luma = this.#network("luma");
    const chroma = this.#network("chroma");
    if (luma.logits.convolution.outputs !== 128 || chroma.logits.convolution.outputs !== 256) throw new Unknown();
    // All products were found: a network with more of them is another one.
    for (const [name, { values }] of this.#graph.tensors) {
      if (values instanceof Int8Array && values.length > 256 && !this.#used.has(name)) throw new Unknown();
    }
    return { luma, chroma, zeroSpan: this.#span(0), oneSpan: this.#span(64), headroom: this.#headroom() };
  }

  #network(name: string): GateNetwork {
    const layer = (label: string): string => `${name}/quant_${name}_${label}`;
    const blocks = (kind: string): ResidualBlock[] => {
      const found: ResidualBlock[] = [];
      while (this.#producers.has(`${layer(`${kind}${found.length}_add`)}/add:0`)) {
        const label = layer(`${kind}${found.length}`);
        found.push({
          expand: this.#scaled(label, "_expand"),
          project: this.#convolution(`${label}_project`),
          projected: this.#after(`${label}_project/BiasAdd:0`),
          result: this.#after(`${label}_add/add:0`),
        });
      }
      return found;
    };
    const hidden = this.#producer(`${layer("quality_hidden")}/BiasAdd:0`, "Conv");
    const [, weights, bias] = hidden.inputs.map((input) => this.#graph.tensors.get(input)?.values);
    if (!(weights instanceof Float32Array) || !(bias instanceof Float32Array)) throw new Unknown();
    return {
      hidden: { weights, bias, result: this.#after(hidden.outputs[0]!) },
      input: this.#scaled(layer("in"), ""),
      spatial: blocks("spatial"),
      mixing: blocks("mixing"),
      logits: { convolution: this.#convolution(layer("logits")), result: this.#after(`${layer("logits")}/BiasAdd:0`) },
    };
  }

  #scaled(label: string, suffix: string): ScaledLayer {
    const factor = `${label}_quality`;
    return {
      convolution: this.#convolution(label + suffix),
      rectified: this.#after(`${label}${suffix}/BiasAdd:0`, true),
      factor: { convolution: this.#convolution(factor), result: this.#after(`${factor}/BiasAdd:0`) },
      result: this.#after(`${label}_condition/mul:0`),
    };
  }

  #convolution(label: string): Convolution {
    const node = this.#producer(`${label}/BiasAdd:0`, "Conv");
    const [input, weights, bias] = node.inputs.map((name) => this.#dequantized(name));
    const { shape, values } = weights!;
    const [outputs, inputs, side] = shape as [number, number, number];
    if (!(values instanceof Int8Array) || !(bias?.values instanceof Int32Array)) throw new Unknown();
    if (values.length !== outputs * inputs * side * side || weights!.scales.length !== outputs) throw new Unknown();
    const quantization = { scale: input!.scales[0]!, zeroPoint: input!.zeroPoint };
    return { weights: values, scales: weights!.scales, bias: bias.values, outputs, inputs, side, input: quantization };
  }

  /** What a DequantizeLinear is given, found through changes of shape alone. */
  #dequantized(name: string): { shape: number[]; values?: unknown; scales: Float32Array; zeroPoint: number } {
    let node = this.#producers.get(name);
    while (node && LAYOUT.includes(node.operator)) node = this.#producers.get(node.inputs[0]!);
    if (node?.operator !== "DequantizeLinear") throw new Unknown();
    const [input, scale, zero] = node.inputs.map((input) => this.#graph.tensors.get(input));
    if (!(scale?.values instanceof Float32Array)) throw new Unknown();
    this.#used.add(node.inputs[0]!);
    return { shape: input?.shape ?? [], values: input?.values, scales: scale.values, zeroPoint: zero?.values[0] ?? 0 };
  }

  /** How a result is quantised. */
  #after(name: string, isRectified = false): Quantization {
    let next = this.#consumers.get(name) ?? [];
    if (next[0]?.operator === "Relu") next = this.#consumers.get(next[0].outputs[0]!) ?? [];
    else if (isRectified) throw new Unknown();
    const node = next[0];
    if (next.length !== 1 || node?.operator !== "QuantizeLinear") throw new Unknown();
    const [, scale, zero] = node.inputs.map((input) => this.#graph.tensors.get(input)?.values);
    if (!(scale instanceof Float32Array) || !(zero instanceof Uint8Array)) throw new Unknown();
    if (isRectified && zero[0] !== 0) throw new Unknown();
    return { scale: scale[0]!, zeroPoint: zero[0]! };
  }

  #producer(name: string, operator: string): OnnxNode {
    const node = this.#producers.get(name);
    if (node?.operator !== operator) throw new Unknown();
    return node;
  }

  /** What the strength is multiplied by before it scales luma's gates from `channel` on. */
  #span(channel: number): number {
    const codes = this.#consumers.get(this.#quantized(this.#producers.get("luma/quant_luma_logits/BiasAdd:0")!.outputs[0]!));
    const sigmoid = codes?.find(({ operator }) => operator === "Sigmoid");
    const gates = this.#quantized(sigmoid?.outputs[0] ?? "");
    for (const slice of this.#consumers.get(gates) ?? []) {
      if (slice.operator !== "Slice" || this.#graph.tensors.get(slice.inputs[1]!)?.values[0] !== channel) continue;
      let node = this.#only(slice.outputs[0]!);
      if (node.operator === "Transpose") node = this.#only(node.outputs[0]!);
      for (const factor of node.inputs) {
        const product = this.#producers.get(factor);
        if (node.operator !== "Mul" || product?.operator !== "Mul" || !product.inputs.includes("strength")) continue;
        const span = this.#constant(product);
        if (span !== undefined) return span;
      }
    }
    throw new Unknown();
  }

  /** jpegpre_tf/ops/picture_dct.py's `headroom`, step by step. */
  #headroom(): Int8Model["headroom"] {
    const [sum, ...more] = this.#graph.nodes.filter(({ inputs }) => this.#graph.tensors.get(inputs[1]!)?.shape.join() === "1,64,1,1");
    const [weights, bias] = (sum?.inputs.slice(1) ?? []).map((input) => this.#graph.tensors.get(input)?.values);
    const reach = weights?.[0];
    const leastReach = bias?.[0];
    if (!sum || more.length || !leastReach || !reach || weights!.some((weight) => weight !== reach)) throw new Unknown();
    const [change] = this.#given(sum.inputs[0]!, "Abs");

    const toReach = sum.outputs[0]!;
    const beyond = this.#next(this.#next(toReach, "Sub", 127.5), "Sub");
    const [fromMiddle] = this.#given(this.#given(beyond, "Sub")[0]!, "Abs");
    if (this.#constant(this.#producer(fromMiddle!, "Sub")) !== 127.5) throw new Unknown();
    const count = this.#next(this.#next(beyond, "Relu"), "Conv");
    const counted = this.#graph.tensors.get(this.#given(count, "Conv")[1]!)?.values;
    if (counted?.length !== 96 || counted.some((weight, i) => weight !== (i % 6 < 4 ? 1 : 0))) throw new Unknown();
    const share = this.#next(count, "Div");
    const over = this.#next(share, "Sub");
    const mostInReach = this.#constant(this.#producer(over, "Sub"));
    const luma = this.#next(this.#next(this.#next(over, "Relu"), "Sub", 1), "Relu");
    const chroma = this.#next(this.#next(this.#next(this.#next(luma, "AveragePool"), "Mul", 4), "Sub", 3), "Relu");
    this.#next(chroma, "Mul");
    const isRight = this.#given(this.#next(luma, "Mul"), "Mul").includes(change!) && share === this.#next(toReach, "Div");
    if (!isRight || mostInReach === undefined) throw new Unknown();
    return { reach, leastReach, mostInReach };
  }

  /** What the operation that makes a result is given; both may be laid out anew in between. */
  #given(name: string, operator: string): string[] {
    const bare = (input: string): string => {
      const node = this.#producers.get(input);
      return node && LAYOUT.includes(node.operator) ? bare(node.inputs[0]!) : input;
    };
    return this.#producer(bare(name), operator).inputs.map(bare);
  }

  /** The result of the only such operation that is given this, maybe laid out anew, and that number beside it. */
  #next(name: string, operator: string, number?: number): string {
    const readers = (result: string): OnnxNode[] =>
      (this.#consumers.get(result) ?? []).flatMap((node) => (LAYOUT.includes(node.operator) ? readers(node.outputs[0]!) : node));
    const [next, ...more] = readers(name).filter((node) => node.operator === operator);
    if (!next || more.length || (number !== undefined && this.#constant(next) !== number)) throw new Unknown();
    return next.outputs[0]!;
  }

  /** The one number that an operation has beside another input. */
  #constant({ inputs }: OnnxNode): number | undefined {
    const [constant, ...more] = inputs.flatMap((input) => this.#graph.tensors.get(input) ?? []);
    return more.length || constant?.values.length !== 1 ? undefined : constant.values[0];
  }

  /** The name of a result after it was quantised and dequantised. */
  #quantized(name: string): string {
    return this.#only(this.#only(name).outputs[0]!).outputs[0]!;
  }

  #only(name: string): OnnxNode {
    const [node, ...more] = this.#consumers.get(name) ?? [];
    if (!node || more.length) throw new Unknown();
    return node;
  }
}
