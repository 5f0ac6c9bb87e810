// The network as a TensorFlow.js Layers model, written as plain JSON from the layer list: what `tf.loadLayersModel` opens.
// The input is [null, null, channels], so any legal size goes through; the output is class probabilities (softmax).
// Layers that never change their input (dropout) are written too, so that others may train on. No tfjs here.

import { type Layer, planLayers, weightSlots } from "../unet/layers.ts";
import type { UNetSpec } from "../unet/spec.ts";

/** The release whose format this is; bioimage.io wants it named. */
export const tensorflowVersion = "4.22.0";

/** The one file of weights beside model.json. */
export const weightsFile = "group1-shard1of1.bin";

interface LayerEntry {
  readonly class_name: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inbound_nodes: readonly (readonly (readonly [string, 0, 0, Readonly<Record<string, never>>])[])[];
}

/** How each number is stored. Half precision is what TensorFlow.js calls quantization to float16: loaded, it is float32 again. */
export type Precision = "float32" | "float16";

/** A weight as the manifest tells it. */
export interface ManifestWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: "float32";
  readonly quantization?: { readonly dtype: "float16"; readonly original_dtype: "float32" };
}

/** The whole of model.json: topology, and a manifest of the weights in their flat order. */
export function createModelJson(spec: UNetSpec, precision: Precision = "float32") {
  return {
    format: "layers-model",
    generatedBy: "Overtile",
    convertedBy: null,
    modelTopology: {
      keras_version: "2.15.0",
      backend: "tensor_flow.js",
      model_config: { class_name: "Model", config: createTopology(spec) },
    },
    weightsManifest: [{ paths: [weightsFile], weights: listManifestWeights(spec, precision) }],
  };
}

/** The weights in their flat order, with the names that tfjs gives them: kernel and bias of each layer. */
export function listManifestWeights(spec: UNetSpec, precision: Precision = "float32"): readonly ManifestWeight[] {
  const half = precision === "float16" ? ({ quantization: { dtype: "float16", original_dtype: "float32" } } as const) : {};
  return weightSlots(planLayers(spec)).map(({ name, shape }) => {
    const [layer, kind] = name.split(".");
    return { name: `${layer}/${kind === "weight" ? "kernel" : "bias"}`, shape, dtype: "float32", ...half };
  });
}

function createTopology(spec: UNetSpec) {
  const layers: LayerEntry[] = [
    {
      class_name: "InputLayer",
      name: "input",
      config: { batch_input_shape: [null, null, null, spec.channels], dtype: "float32", sparse: false, name: "input" },
      inbound_nodes: [],
    },
  ];
  const skips = new Map<number, string>();
  let last = "input";
  const append = (
    class_name: string,
    name: string,
    config: Readonly<Record<string, unknown>>,
    inputs: readonly string[] = [last],
  ): void => {
    const node = inputs.map((input) => [input, 0, 0, {}] as const);
    layers.push({ class_name, name, config: { name, trainable: true, ...config }, inbound_nodes: [node] });
    last = name;
  };
  for (const layer of planLayers(spec)) {
    if (layer.kind === "concat") {
      const up = last;
      const { level, crop, name } = layer;
      const sides = [crop, crop];
      append("Cropping2D", `crop${level}`, { cropping: [sides, sides], data_format: "channels_last" }, [skips.get(level)!]);
      // tfjs 4.22 takes a cropped unknown side for a negative number, which Concatenate then refuses. The maximum of a map and
      // itself is the map, and makes the side unknown again.
      append("Maximum", `skip${level}`, {}, [`crop${level}`, `crop${level}`]);
      append("Concatenate", name, { axis: -1 }, [`skip${level}`, up]);
      continue;
    }
    append(classOf[layer.kind], layer.name, configure(layer));
    if (layer.kind === "conv" && layer.skip) skips.set(layer.level, layer.name);
  }
  append("Activation", "probabilities", { activation: "softmax" });
  return { name: "unet", layers, input_layers: [["input", 0, 0]], output_layers: [["probabilities", 0, 0]] };
}

const classOf = { conv: "Conv2D", pool: "MaxPooling2D", dropout: "Dropout", upconv: "Conv2DTranspose", head: "Conv2D" } as const;

function configure(layer: Exclude<Layer, { kind: "concat" }>): Readonly<Record<string, unknown>> {
  const convolution = (outputs: number, side: number, stride: number, activation: string) => ({
    ...{ filters: outputs, kernel_size: [side, side], strides: [stride, stride], padding: "valid", data_format: "channels_last" },
    ...{ dilation_rate: [1, 1], activation, use_bias: true },
    kernel_initializer: { class_name: "VarianceScaling", config: { scale: 2, mode: "fan_in", distribution: "normal", seed: null } },
    bias_initializer: { class_name: "Zeros", config: {} },
    ...{ kernel_regularizer: null, bias_regularizer: null, activity_regularizer: null, kernel_constraint: null, bias_constraint: null },
  });
  switch (layer.kind) {
    case "conv":
      return convolution(layer.outputs, 3, 1, "relu");
    case "upconv":
      return convolution(layer.outputs, 2, 2, "relu");
    case "head":
      return convolution(layer.outputs, 1, 1, "linear");
    case "pool":
      return { pool_size: [2, 2], strides: [2, 2], padding: "valid", data_format: "channels_last" };
    case "dropout":
      return { rate: layer.rate, noise_shape: null, seed: null };
  }
}
