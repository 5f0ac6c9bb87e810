// The layer list: the one description of the network that forward walk, backward walk, archive, memory estimate and
// printed table all read. Weights live in one flat Float32Array; each layer knows where its own begin.

import type { UNetSpec } from "./spec.ts";

/** Place of a weight tensor in the flat parameter array. Filters are [kh, kw, in, out], up-convolutions [kh, kw, out, in]. */
export interface WeightSlot {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly shape: readonly number[];
}

interface Weighted {
  readonly name: string;
  readonly level: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly filter: WeightSlot;
  readonly bias: WeightSlot;
}

/** 3x3 unpadded convolution, stride 1, ReLU. `skip`: its output is kept for the expanding path. */
export interface ConvLayer extends Weighted {
  readonly kind: "conv";
  readonly skip: boolean;
}
/** 2x2 max pooling, stride 2. */
export interface PoolLayer {
  readonly kind: "pool";
  readonly name: string;
  readonly level: number;
}
/** Dropout at the end of the contracting path; identity when predicting. */
export interface DropoutLayer {
  readonly kind: "dropout";
  readonly name: string;
  readonly level: number;
  readonly rate: number;
}
/** 2x2 up-convolution, stride 2, ReLU, which halves the channels. */
export interface UpConvLayer extends Weighted {
  readonly kind: "upconv";
}
/** Crops the skip of this level to the map's size and puts it before the map's channels. `crop` pixels go at each side. */
export interface ConcatLayer {
  readonly kind: "concat";
  readonly name: string;
  readonly level: number;
  readonly crop: number;
}
/** 1x1 convolution to the classes, linear. */
export interface HeadLayer extends Weighted {
  readonly kind: "head";
}
export type Layer = ConvLayer | PoolLayer | DropoutLayer | UpConvLayer | ConcatLayer | HeadLayer;
export type WeightedLayer = ConvLayer | UpConvLayer | HeadLayer;

/** The layers of the network, in the order in which they run. */
export function planLayers({ channels, classes, levels, features, dropout }: UNetSpec): readonly Layer[] {
  let offset = 0;
  const slot = (name: string, shape: readonly number[]): WeightSlot => {
    const size = shape.reduce((product, side) => product * side, 1);
    const made = { name, offset, size, shape };
    offset += size;
    return made;
  };
  const conv = (name: string, level: number, inputs: number, outputs: number, skip = false): ConvLayer => ({
    kind: "conv",
    name,
    level,
    inputs,
    outputs,
    skip,
    filter: slot(`${name}.weight`, [3, 3, inputs, outputs]),
    bias: slot(`${name}.bias`, [outputs]),
  });
  const width = (level: number): number => features * 2 ** level;

  const layers: Layer[] = [];
  for (let level = 0; level <= levels; level++) {
    if (level > 0) layers.push({ kind: "pool", name: `pool${level}`, level });
    layers.push(conv(`down${level}a`, level, level === 0 ? channels : width(level - 1), width(level)));
    layers.push(conv(`down${level}b`, level, width(level), width(level), level < levels));
  }
  if (dropout > 0) layers.push({ kind: "dropout", name: "dropout", level: levels, rate: dropout });
  for (let level = levels - 1; level >= 0; level--) {
    layers.push({
      kind: "upconv",
      name: `up${level}`,
      level,
      inputs: width(level + 1),
      outputs: width(level),
      filter: slot(`up${level}.weight`, [2, 2, width(level), width(level + 1)]),
      bias: slot(`up${level}.bias`, [width(level)]),
    });
    layers.push({ kind: "concat", name: `concat${level}`, level, crop: skipCrop(levels, level) });
    layers.push(conv(`up${level}a`, level, 2 * width(level), width(level)));
    layers.push(conv(`up${level}b`, level, width(level), width(level)));
  }
  layers.push({
    kind: "head",
    name: "head",
    level: 0,
    inputs: features,
    outputs: classes,
    filter: slot("head.weight", [1, 1, features, classes]),
    bias: slot("head.bias", [classes]),
  });
  return layers;
}

/** Pixels cropped at each side of the skip at `level`: 4, 16, 40, 88 from the deepest skip up. Half the shrinkage below it. */
export function skipCrop(levels: number, level: number): number {
  let crop = 0;
  for (let below = levels; below > level; below--) crop = 2 * (crop + (below === levels ? 2 : 4));
  return crop;
}

export function isWeighted(layer: Layer): layer is WeightedLayer {
  return layer.kind === "conv" || layer.kind === "upconv" || layer.kind === "head";
}

/** The weight slots in order: filter and bias of each layer. */
export function weightSlots(layers: readonly Layer[]): readonly WeightSlot[] {
  return layers.filter(isWeighted).flatMap((layer) => [layer.filter, layer.bias]);
}

/** Numbers in the flat parameter array: 31,030,658 for 64 features, 4 levels, 1 channel, 2 classes. */
export function countParameters(layers: readonly Layer[]): number {
  return weightSlots(layers).reduce((sum, slot) => sum + slot.size, 0);
}
