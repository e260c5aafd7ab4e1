/** Lays an int8 model out in the kernel's memory: weights in panels, and what depends on quality and strength. */
import type { Convolution, GateNetwork, Int8Model, Quantization, ResidualBlock, ScaledLayer } from "./int8_model.js";
import { quantizationTables } from "./jpeg_tables.js";
import type { Memory } from "./memory.js";
import { matrices, packed, PANEL, type Order } from "./weights.js";

const CODES = 256;
const MOST_WINOGRAD_INPUTS = 192;
/** Unit of transform.c's changes, in steps: jpegpre_tf/ops/dead_zone.py. */
const CHANGE_UNIT = (1 - 0.2) / 6;

/** Addresses of a convolution's Product, and of the factors in it. */
export interface Layer {
  product: number;
  /** For layers with a factor made from the quality. */
  factors?: { at: number; layer: ScaledLayer };
}

export interface Block {
  expand: Layer;
  project: Layer;
}

export interface Network {
  input: Layer;
  spatial: Block[];
  mixing: Block[];
  logits: Layer;
  channels: number;
  /** Features in units of the input's quantisation, per step. */
  perStep: number;
  decision: { at: number; thresholds: number; levels: number; reaches: number };
  perLevel: number;
}

/** Coefficients lie transposed in the kernel: channel i of ours is channel `transposed(i)` of the model's. */
function transposed(channel: number): number {
  return (channel & ~63) | ((channel & 7) << 3) | ((channel & 63) >> 3);
}

/** Whether the kernel can run it: whole panels, features as expected, 3x3 for luma alone and within winograd.c's bound. */
export function fits({ luma, chroma }: Int8Model): boolean {
  const isRight = ({ input, spatial, mixing }: GateNetwork, features: number): boolean => {
    const { inputs, outputs: channels } = input.convolution;
    const expands = [...spatial, ...mixing].map(({ expand }) => expand.convolution);
    const areWhole = [channels, ...expands.map(({ outputs }) => outputs)].every((count) => count % PANEL === 0 && count <= 2 * channels);
    const areSidesRight = expands.every(({ side }, i) => side === (i < spatial.length ? 3 : 1));
    return inputs === features && areWhole && areSidesRight && (spatial.length === 0 || channels <= MOST_WINOGRAD_INPUTS);
  };
  return isRight(luma, 128) && isRight(chroma, 384) && chroma.spatial.length === 0;
}

export function layOut(network: GateNetwork, memory: Memory): Network {
  const channels = network.input.convolution.outputs;
  const { spatial, mixing, logits, input } = network;
  let from = input.result; // what the next block adds to
  const block = ({ expand, project, projected, result }: ResidualBlock): Block => {
    const ownFactor = projected.scale / result.scale;
    const residualFactor = from.scale / result.scale;
    from = result;
    const finish = { range: result, own: projected, ownFactor, residualFactor };
    return { expand: scaledLayer(memory, expand), project: convolutionLayer(memory, project, projected, finish) };
  };
  const spatialBlocks = spatial.map(block);
  const mixingBlocks = mixing.map(block);
  const thresholds = memory.allocate(2 * CODES * 4);
  const levels = memory.allocate(64 * 4);
  const reaches = memory.allocate(64 * 4);
  const decision = memory.allocate(6 * 4);
  memory.words.set([thresholds, thresholds + CODES * 4, levels, reaches], decision / 4);
  return {
    input: scaledLayer(memory, input, transposed),
    spatial: spatialBlocks,
    mixing: mixingBlocks,
    logits: convolutionLayer(memory, logits.convolution, logits.result, { range: logits.result }, undefined, transposed),
    channels,
    perStep: 1 / input.convolution.input.scale,
    decision: { at: decision, thresholds, levels, reaches },
    perLevel: memory.allocate(64 * 4),
  };
}

/** Writes what depends on quality and strength. */
export function setGoal(memory: Memory, layers: Network, network: GateNetwork, goal: Goal): void {
  const condition = hiddenCodes(network, goal.quality);
  for (const { factors } of [layers.input, ...[...layers.spatial, ...layers.mixing].map(({ expand }) => expand)]) {
    const { rectified, factor, result } = factors!.layer;
    const values = factorsOf(factor, condition).map((value) => (value * rectified.scale) / result.scale);
    memory.floats.set(values, factors!.at / 4);
  }
  const { thresholds, levels, reaches, at } = layers.decision;
  const { scale, zeroPoint } = network.logits.result;
  for (let code = 0; code < CODES; code++) {
    const gate = Math.min(255, Math.round(256 / (1 + Math.exp((zeroPoint - code) * scale)))) / 256;
    memory.floats[thresholds / 4 + code] = gate * goal.zeroSpan * goal.strength;
    memory.floats[thresholds / 4 + CODES + code] = gate * goal.oneSpan * goal.strength;
  }
  memory.floats.set([goal.strength, goal.headroom.leastReach], at / 4 + 4);
  for (let i = 0; i < 64; i++) {
    const step = goal.table[transposed(i)]!;
    // transform.c's DCT gives a coefficient times this; its inverse takes one divided by 8 and times this.
    const factor = SCALES[i >> 3]! * SCALES[i & 7]!;
    memory.floats[layers.perLevel / 4 + i] = 1 / (step * factor * 8);
    const change = i === 0 ? 0 : CHANGE_UNIT * step;
    memory.floats[levels / 4 + i] = (-change * factor) / 8;
    memory.floats[reaches / 4 + i] = change * goal.headroom.reach;
  }
}

export interface Goal {
  quality: number;
  strength: number;
  zeroSpan: number;
  oneSpan: number;
  headroom: Int8Model["headroom"];
  /** Levels per step, natural order. */
  table: number[];
}

export function goals(model: Int8Model, quality: number, strength: number): { luma: Goal; chroma: Goal } {
  const tables = quantizationTables(quality);
  const { zeroSpan, oneSpan, headroom } = model;
  const common = { quality, strength, zeroSpan, oneSpan, headroom };
  return { luma: { ...common, table: tables.luma }, chroma: { ...common, table: tables.chroma } };
}

/** Factors of the DCT of Arai, Agui and Nakajima. */
const SCALES = Array.from({ length: 8 }, (_, k) => (k === 0 ? 1 : Math.SQRT2 * Math.cos((k * Math.PI) / 16)));

/** The quality as the factors' convolutions see it: codes less their zero point. */
function hiddenCodes({ hidden }: GateNetwork, quality: number): number[] {
  const { scale, zeroPoint } = hidden.result;
  return Array.from(hidden.bias, (bias, i) => {
    const value = Math.max(0, hidden.weights[i]! * (quality / 50 - 1) + bias);
    return code(value / scale, hidden.result) - zeroPoint;
  });
}

function factorsOf({ convolution, result }: ScaledLayer["factor"], condition: number[]): number[] {
  const { weights, scales, bias, inputs, input } = convolution;
  return Array.from(bias, (sum, output) => {
    condition.forEach((value, i) => (sum += value * weights[output * inputs + i]!));
    return (code((sum * input.scale * scales[output]!) / result.scale, result) - result.zeroPoint) * result.scale;
  });
}

function code(value: number, { zeroPoint }: Quantization): number {
  return Math.min(255, Math.max(0, Math.round(value) + zeroPoint));
}

function scaledLayer(memory: Memory, layer: ScaledLayer, order?: Order): Layer {
  const { convolution, rectified, result } = layer;
  const factors = memory.allocate(convolution.outputs * 4);
  const laidOut = convolutionLayer(memory, convolution, rectified, { range: result, factors }, order);
  return { ...laidOut, factors: { at: factors, layer } };
}

interface Finish {
  range: Quantization;
  factors?: number;
  own?: Quantization;
  ownFactor?: number;
  residualFactor?: number;
}

/** Writes kernel.h's Product. `result` is the quantisation of the product itself. */
function convolutionLayer(
  memory: Memory,
  convolution: Convolution,
  result: Quantization,
  { range, factors = 0, own, ownFactor = 0, residualFactor = 0 }: Finish,
  inputOrder: Order = unchanged,
  outputOrder: Order = unchanged,
): Layer {
  const { scales, bias, outputs, inputs, input } = convolution;
  const product = memory.allocate(12 * 4);
  const weights = memory.allocate(outputs * inputs * matrices(convolution) * 2);
  const biases = memory.allocate(outputs * 4);
  const scale = memory.allocate(outputs * 4);
  const { words, floats } = memory;
  memory.shorts.set(packed(convolution, inputOrder, outputOrder), weights / 2);
  for (let output = 0; output < outputs; output++) {
    words[biases / 4 + output] = bias[outputOrder(output)]!;
    floats[scale / 4 + output] = (input.scale * scales[outputOrder(output)]!) / result.scale;
  }
  words.set([weights, biases, inputs, outputs, scale, factors], product / 4);
  const ranges = [range, own ?? range].flatMap(({ zeroPoint }) => [-zeroPoint, 255 - zeroPoint]);
  floats.set([...ranges, ownFactor, residualFactor], product / 4 + 6);
  return { product };
}

function unchanged(channel: number): number {
  return channel;
}
