// A model goes on learning from images with other channels, or with other classes: its first layer and its head are made to fit, and
// everything between them stays. Nothing is changed where nothing differs. The formulas are in docs/formats.md.

import { countParameters, isWeighted, planLayers, type WeightedLayer } from "../unet/layers.ts";
import type { UNetSpec } from "../unet/spec.ts";
import { initializeWeights } from "./initialize.ts";

/** A network with the names of what goes in and comes out. */
export interface NamedNetwork {
  readonly spec: UNetSpec;
  readonly channelNames: readonly string[];
  readonly classNames: readonly string[];
}

/**
 * The weights of `base` for the network `to`, which has the same levels and features.
 * First layer: channels of a name that `base` knows keep their filters, others begin at 0; where no name is known, each of the m
 * channels begins with the sum of the filters divided by m, so that a grey image in all of them gives what it gave in all of the old ones.
 * Head: classes of a name that `base` knows keep their row; others begin at random, by the seed, with bias 0.
 */
export function adaptWeights(base: NamedNetwork & { readonly weights: Float32Array }, to: NamedNetwork, seed: number): Float32Array {
  const { spec, weights } = base;
  if (spec.channels === to.spec.channels && spec.classes === to.spec.classes) return weights;
  const adapted = new Float32Array(countParameters(planLayers(to.spec)));
  const fresh = initializeWeights(to.spec, seed);
  const old = weightedLayers(spec);
  for (const [i, layer] of weightedLayers(to.spec).entries()) {
    const { filter, bias } = old[i]!;
    const read = (slot: typeof filter): Float32Array => weights.subarray(slot.offset, slot.offset + slot.size);
    if (layer.kind === "head" && spec.classes !== to.spec.classes) {
      const known = to.classNames.map((name) => base.classNames.indexOf(name));
      for (const [c, from] of known.entries()) {
        for (let input = 0; input < layer.inputs; input++) {
          const at = layer.filter.offset + input * layer.outputs + c;
          adapted[at] = from < 0 ? fresh[at]! : weights[filter.offset + input * spec.classes + from]!;
        }
        adapted[layer.bias.offset + c] = from < 0 ? 0 : weights[bias.offset + from]!;
      }
      continue;
    }
    adapted.set(layer.filter.size === filter.size ? read(filter) : spreadFilters(read(filter), layer, base, to), layer.filter.offset);
    adapted.set(read(bias), layer.bias.offset);
  }
  return adapted;
}

/** Filters [3, 3, in, out] of the first layer for the channels of `to`. */
function spreadFilters(filters: Float32Array, { outputs }: WeightedLayer, base: NamedNetwork, to: NamedNetwork): Float32Array {
  const [before, after] = [base.spec.channels, to.spec.channels];
  const known = to.channelNames.map((name) => base.channelNames.indexOf(name));
  const isKnown = known.some((from) => from >= 0);
  const spread = new Float32Array((filters.length / before) * after);
  for (let place = 0; place < filters.length / before / outputs; place++) {
    for (let output = 0; output < outputs; output++) {
      const read = (channel: number): number => filters[(place * before + channel) * outputs + output]!;
      let sum = 0;
      for (let channel = 0; channel < before; channel++) sum += read(channel);
      for (const [channel, from] of known.entries())
        spread[(place * after + channel) * outputs + output] = isKnown ? (from < 0 ? 0 : read(from)) : sum / after;
    }
  }
  return spread;
}

function weightedLayers(spec: UNetSpec): readonly WeightedLayer[] {
  return planLayers(spec).filter(isWeighted);
}

/** Returns a sentence for each difference that is adapted. */
export function describeAdaptation(base: NamedNetwork, to: NamedNetwork): readonly string[] {
  const told: string[] = [];
  if (base.spec.channels !== to.spec.channels) {
    const kept = to.channelNames.filter((name) => base.channelNames.includes(name));
    const how =
      kept.length > 0
        ? `${list(kept)} ${kept.length === 1 ? "keeps its" : "keep their"} filters, others begin at 0`
        : "its first filters are shared out among them";
    told.push(
      `The model to go on from reads ${count(base.spec.channels, "channel", base.channelNames)}, the images have ${count(to.spec.channels, "channel", to.channelNames)}: ${how}.`,
    );
  }
  if (base.spec.classes !== to.spec.classes) {
    const added = to.classNames.filter((name) => !base.classNames.includes(name));
    const how = added.length > 0 ? `${list(added)} ${added.length === 1 ? "begins" : "begin"} at random` : "the others are given up";
    told.push(`The model to go on from knows ${base.spec.classes} classes, this training has ${to.spec.classes}: ${how}.`);
  }
  return told;
}

const mostListed = 4;

function count(number: number, noun: string, names: readonly string[]): string {
  const which = names.length <= mostListed ? ` (${names.join(", ")})` : "";
  return `${number} ${noun}${number === 1 ? "" : "s"}${which}`;
}

function list(names: readonly string[]): string {
  if (names.length > mostListed) return `${names.slice(0, mostListed).join(", ")} and ${names.length - mostListed} more`;
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
