/** Reads ONNX files: just enough of the format to find a network's weights. */
import { JpegpreError } from "../../errors.js";

export interface OnnxNode {
  operator: string;
  inputs: string[];
  outputs: string[];
}

export interface OnnxTensor {
  shape: number[];
  values: Float32Array | Uint8Array | Int8Array | Int32Array | Float64Array;
}

export interface OnnxGraph {
  nodes: OnnxNode[];
  tensors: Map<string, OnnxTensor>;
}

const decoder = new TextDecoder();

/** One field of a protocol buffer message: a number, or the bytes of all else. */
type Field = [number: number, value: number | Uint8Array];

/** @throws JpegpreError "model" if `content` is cut off or holds what these models do not. */
export function readOnnx(content: Uint8Array): OnnxGraph {
  const graph: OnnxGraph = { nodes: [], tensors: new Map() };
  for (const [field, value] of fields(bytes(fields(content).find(([field]) => field === 7)?.[1]))) {
    if (field === 1) graph.nodes.push(readNode(bytes(value)));
    if (field === 5) {
      const [name, tensor] = readTensor(bytes(value));
      if (tensor) graph.tensors.set(name, tensor);
    }
  }
  return graph;
}

function readNode(content: Uint8Array): OnnxNode {
  const node: OnnxNode = { operator: "", inputs: [], outputs: [] };
  for (const [field, value] of fields(content)) {
    if (field === 1) node.inputs.push(text(value));
    if (field === 2) node.outputs.push(text(value));
    if (field === 4) node.operator = text(value);
  }
  return node;
}

/** Nothing for types that no weight has. */
function readTensor(content: Uint8Array): [name: string, tensor: OnnxTensor | undefined] {
  let name = "";
  let type = 0;
  let raw: Uint8Array | undefined;
  const shape: number[] = [];
  const listed: number[] = [];
  for (const [field, value] of fields(content)) {
    if (field === 1) shape.push(...(typeof value === "number" ? [value] : packed(value)));
    if (field === 2) type = Number(value);
    if (field === 5 || field === 7) listed.push(...(typeof value === "number" ? [value] : packed(value)));
    if (field === 4 && typeof value !== "number") raw = value;
    if (field === 8) name = text(value);
    if (field === 9) raw = bytes(value);
  }
  const whole = (): ArrayBuffer => new Uint8Array(raw!).buffer; // a copy: numbers must lie aligned
  let values: OnnxTensor["values"] | undefined;
  if (type === 1 && raw) values = new Float32Array(whole());
  else if (type === 2) values = raw ? new Uint8Array(whole()) : Uint8Array.from(listed);
  else if (type === 3) values = raw ? new Int8Array(whole()) : Int8Array.from(listed);
  else if (type === 6) values = raw ? new Int32Array(whole()) : Int32Array.from(listed);
  else if (type === 7) values = raw ? Float64Array.from(new BigInt64Array(whole()), Number) : Float64Array.from(listed);
  return [name, values && { shape, values }];
}

function fields(content: Uint8Array): Field[] {
  const found: Field[] = [];
  for (let at = 0; at < content.length; ) {
    const [tag, afterTag] = varint(content, at);
    const wireType = tag % 8;
    let end: number;
    let value: number | Uint8Array;
    if (wireType === 0) [value, end] = varint(content, afterTag);
    else {
      const [length, start] = wireType === 2 ? varint(content, afterTag) : [wireType === 5 ? 4 : 8, afterTag];
      end = start + length;
      value = content.subarray(start, end);
    }
    if (end > content.length || ![0, 1, 2, 5].includes(wireType)) throw new JpegpreError("model", "the model file is damaged");
    found.push([Math.floor(tag / 8), value]);
    at = end;
  }
  return found;
}

/** Numbers up to 2^53; int64 beyond, which are negative ones, come out wrong but do not occur in what is used. */
function varint(content: Uint8Array, at: number): [value: number, end: number] {
  let value = 0;
  for (let factor = 1; at < content.length; factor *= 128) {
    const byte = content[at++]!;
    value += (byte & 127) * factor;
    if (byte < 128) break;
  }
  return [value, at];
}

function packed(content: Uint8Array): number[] {
  const values = [];
  for (let at = 0; at < content.length; ) {
    const [value, end] = varint(content, at);
    values.push(value);
    at = end;
  }
  return values;
}

function bytes(value: number | Uint8Array | undefined): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new JpegpreError("model", "the model file is not ONNX");
  return value;
}

function text(value: number | Uint8Array): string {
  return decoder.decode(bytes(value));
}
