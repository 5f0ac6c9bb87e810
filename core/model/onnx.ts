// The network as ONNX, for Fiji, QuPath and Python. Input and output are [batch, height, width, channels] as in model.json, so
// that one description fits both; ONNX convolves channels first, so a Transpose stands at each end. Height and width are free.
// The skips are cropped by Slice with constant margins. Softmax is inside: the output is probabilities.
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3 (the numbers below are its fields), opset 13.

import { type Layer, planLayers, type WeightedLayer, type WeightSlot } from "../unet/layers.ts";
import type { UNetSpec } from "../unet/spec.ts";
import { bytesField, encodeMessage, joinFields, type Message, numberField, textField } from "./protobuf.ts";

export const opsetVersion = 13;

/** Intermediate representation 7 goes with opset 13. */
const irVersion = 7;
const float32 = 1;
const int64 = 7;

interface Graph {
  readonly nodes: Message[];
  readonly tensors: Message[];
}

/** The bytes of an .onnx file of the network with these weights (flat, in the order of `weightSlots`). */
export function writeOnnx(spec: UNetSpec, weights: Float32Array): Uint8Array {
  const graph: Graph = { nodes: [], tensors: [] };
  appendNode(graph, "Transpose", ["input"], "channels_first", [listAttribute("perm", [0, 3, 1, 2])]);
  let last = "channels_first";
  const skips = new Map<number, string>();
  for (const layer of planLayers(spec)) {
    last = appendLayer(graph, layer, { input: last, skip: skips.get(layer.level) ?? "", weights });
    if (layer.kind === "conv" && layer.skip) skips.set(layer.level, last);
  }
  appendNode(graph, "Softmax", [last], "softmax", [numberAttribute("axis", 1)]);
  appendNode(graph, "Transpose", ["softmax"], "output", [listAttribute("perm", [0, 2, 3, 1])]);
  const graphMessage = joinFields(
    ...graph.nodes.map((node) => bytesField(1, node)),
    textField(2, "unet"),
    ...graph.tensors.map((tensor) => bytesField(5, tensor)),
    bytesField(11, describeValue("input", ["batch", "height", "width", spec.channels])),
    bytesField(12, describeValue("output", ["batch", "output_height", "output_width", spec.classes])),
  );
  return encodeMessage(
    joinFields(
      numberField(1, irVersion),
      textField(2, "Overtile"),
      bytesField(7, graphMessage),
      bytesField(8, joinFields(textField(1, ""), numberField(2, opsetVersion))),
    ),
  );
}

/** Appends the nodes of a layer and returns the name of its output. Dropout is the identity. */
function appendLayer(graph: Graph, layer: Layer, { input, skip, weights }: { input: string; skip: string; weights: Float32Array }): string {
  switch (layer.kind) {
    case "dropout":
      return input;
    case "pool":
      appendNode(graph, "MaxPool", [input], layer.name, [listAttribute("kernel_shape", [2, 2]), listAttribute("strides", [2, 2])]);
      return layer.name;
    case "concat":
      appendCrop(graph, `${layer.name}_skip`, skip, layer.crop);
      appendNode(graph, "Concat", [`${layer.name}_skip`, input], layer.name, [numberAttribute("axis", 1)]);
      return layer.name;
    default:
      return appendWeighted(graph, layer, input, weights);
  }
}

function appendWeighted(graph: Graph, layer: WeightedLayer, input: string, weights: Float32Array): string {
  const { name, filter, bias } = layer;
  const [side] = filter.shape;
  const { values, shape } = toOnnxFilter(layer, slotValues(filter, weights));
  graph.tensors.push(
    describeTensor(filter.name, shape, float32, values),
    describeTensor(bias.name, bias.shape, float32, slotValues(bias, weights)),
  );
  const attributes = [listAttribute("kernel_shape", [side!, side!])];
  if (layer.kind === "upconv") attributes.push(listAttribute("strides", [2, 2]));
  const linear = layer.kind === "head" ? name : `${name}_linear`;
  appendNode(graph, layer.kind === "upconv" ? "ConvTranspose" : "Conv", [input, filter.name, bias.name], linear, attributes);
  if (layer.kind !== "head") appendNode(graph, "Relu", [linear], name, []);
  return name;
}

/** [kh, kw, in, out] to [out, in, kh, kw]; an up-convolution's [kh, kw, out, in] to [in, out, kh, kw]: one and the same turn. */
function toOnnxFilter({ filter }: WeightedLayer, from: Float32Array): { values: Float32Array; shape: readonly number[] } {
  const [height, width, third, fourth] = filter.shape as [number, number, number, number];
  const values = new Float32Array(from.length);
  let to = 0;
  for (let d = 0; d < fourth; d++) {
    for (let c = 0; c < third; c++) {
      for (let pixel = 0; pixel < height * width; pixel++) values[to++] = from[(pixel * third + c) * fourth + d]!;
    }
  }
  return { values, shape: [fourth, third, height, width] };
}

/** Cuts `crop` pixels from each side of height and width: a slice from `crop` to `-crop`. */
function appendCrop(graph: Graph, name: string, input: string, crop: number): void {
  const list = (suffix: string, numbers: readonly number[]): string => {
    graph.tensors.push(describeTensor(`${name}_${suffix}`, [numbers.length], int64, BigInt64Array.from(numbers.map(BigInt))));
    return `${name}_${suffix}`;
  };
  appendNode(graph, "Slice", [input, list("starts", [crop, crop]), list("ends", [-crop, -crop]), list("axes", [2, 3])], name, []);
}

function appendNode({ nodes }: Graph, operator: string, inputs: readonly string[], output: string, attributes: readonly Message[]): void {
  nodes.push(
    joinFields(
      ...inputs.map((input) => textField(1, input)),
      textField(2, output),
      textField(3, `${output}_node`),
      textField(4, operator),
      ...attributes.map((attribute) => bytesField(5, attribute)),
    ),
  );
}

/** Attribute types: 2 = a whole number, 7 = a list of them. */
function numberAttribute(name: string, value: number): Message {
  return joinFields(textField(1, name), numberField(3, value), numberField(20, 2));
}

function listAttribute(name: string, values: readonly number[]): Message {
  return joinFields(textField(1, name), ...values.map((value) => numberField(8, value)), numberField(20, 7));
}

function describeTensor(name: string, shape: readonly number[], type: number, values: Float32Array | BigInt64Array): Message {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return joinFields(...shape.map((side) => numberField(1, side)), numberField(2, type), textField(8, name), bytesField(9, [bytes]));
}

/** A float32 tensor whose sides are numbers, or names where they are free. */
function describeValue(name: string, sides: readonly (number | string)[]): Message {
  const shape = joinFields(...sides.map((side) => bytesField(1, typeof side === "number" ? numberField(1, side) : textField(2, side))));
  return joinFields(textField(1, name), bytesField(2, bytesField(1, joinFields(numberField(1, float32), bytesField(2, shape)))));
}

function slotValues({ offset, size }: WeightSlot, weights: Float32Array): Float32Array {
  return weights.subarray(offset, offset + size);
}
