// A trained network with all that is needed to use it and to know where it comes from. Plain data; archive.ts writes and reads it.

import { Problem } from "../problem.ts";
import { hasHidden, showText } from "../source/plain-text.ts";
import { countParameters, planLayers } from "../unet/layers.ts";
import { alignmentPx, marginPx, nearestLegalInput, smallestInput } from "../unet/shape.ts";
import type { UNetSpec } from "../unet/spec.ts";
import type { Tensor } from "./npy.ts";

export interface Model {
  /** May not contain [ ] ' " =, so that macros can name it. */
  readonly name: string;
  /** 1, 2, 3 ... of this name. */
  readonly version: number;
  readonly description: string;
  readonly spec: UNetSpec;
  /** Flat, in the order of `weightSlots`. */
  readonly weights: Float32Array;
  /** One a class, background first. */
  readonly classNames: readonly string[];
  /** One a channel of the input. */
  readonly channelNames: readonly string[];
  readonly normalization: Normalization;
  /** Of the training images: micrometres a pixel side. */
  readonly pixelSizeUm?: number;
  /** Plain JSON: preset, parameters, seed, steps, scores, curve, names of the samples, backend ... */
  readonly training: JsonObject;
  /** When it was made, ISO 8601. */
  readonly created: string;
  /** An image as it comes, before normalisation: [height, width, channels]. */
  readonly testInput: Tensor;
  /** What the network makes of it: class probabilities, [height, width, classes]. */
  readonly testOutput: Tensor;
  readonly authors?: readonly string[];
  /** SPDX identifier. */
  readonly license?: string;
}

/** How grey values become the network's input: per channel, percentiles of the whole image become 0 and 1. */
export interface Normalization {
  readonly kind: "scale_range";
  /** From 0 to 100. */
  readonly percentiles: readonly [low: number, high: number];
  readonly eps: number;
}

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** How other tools cut the image into tiles. */
export interface Tiling {
  /** Sides of the input are `least` + a multiple of `step`. */
  readonly least: number;
  readonly step: number;
  /** Output side less input side: -184 for 4 levels. */
  readonly offset: number;
  /** Cut off at each side of the output, so that what is left is a multiple of `step`. */
  readonly halo: number;
}

/**
 * The tiling of a network: what is left of each output after its halo is a multiple of 2^levels, so tiles laid edge to edge
 * share one pooling grid. 204 + 16k, -184 and 2 for 4 levels.
 */
export function planTiling(levels: number): Tiling {
  const step = alignmentPx(levels);
  const margin = 2 * marginPx(levels);
  // The smallest output is 4 for 2 or more levels, 2 for one: half of it a side.
  const halo = (smallestInput(levels) - margin) / 2;
  return { least: nearestLegalInput(levels, margin + 2 * halo + step), step, offset: -margin, halo };
}

/** Throws Problem InvalidParameter when the parts of the model do not fit together, or a name cannot be written in a macro. */
export function assertModel(model: Model): void {
  const { spec, weights, classNames, channelNames, version, testInput, testOutput } = model;
  for (const name of [model.name, ...classNames, ...channelNames]) assertName(name);
  assertEqual("version", Number.isInteger(version) && version >= 1, `a whole number from 1; got ${version}`);
  const count = countParameters(planLayers(spec));
  assertEqual("weights", weights.length === count, `${count} numbers for this network; got ${weights.length}`);
  assertEqual("weights", weights.every(Number.isFinite), "finite numbers; some are NaN or infinite");
  assertEqual("class_names", classNames.length === spec.classes, `${spec.classes} names; got ${classNames.length}`);
  assertEqual("channel_names", channelNames.length === spec.channels, `${spec.channels} names; got ${channelNames.length}`);
  assertEqual("description", model.description.length <= 1024, `at most 1024 letters; got ${model.description.length}`);
  assertEqual("created", !Number.isNaN(Date.parse(model.created)), `a time in ISO 8601; got "${model.created}"`);
  for (const [parameter, { data, shape }, last] of [
    ["test_input", testInput, spec.channels],
    ["test_output", testOutput, spec.classes],
  ] as const) {
    const fits = shape.length === 3 && shape[2] === last && data.length === shape[0]! * shape[1]! * last;
    assertEqual(parameter, fits, `[height, width, ${last}] and as many numbers; got [${shape.join(", ")}] and ${data.length}`);
  }
}

/** Throws Problem InvalidParameter for a name that is empty, too long, cannot stand in a macro, or looks other than it is. */
export function assertName(name: string): void {
  assertEqual(
    "name",
    !hasHidden(name),
    `a name without line breaks, control characters and direction marks; got "${showText(name.slice(0, 120))}"`,
  );
  const bad = /[[\]'"=]/.exec(name)?.[0];
  assertEqual("name", bad === undefined, `a name without [ ] ' " =; got ${JSON.stringify(name)}`);
  assertEqual("name", name.trim() !== "" && name.length <= 100, `a name of 1 to 100 letters; got ${JSON.stringify(name.slice(0, 120))}`);
}

// With version, ending and slot it must be the name of a file: 255 bytes on every system.
const maxEncodedLength = 200;

/** Throws Problem InvalidParameter for a name that a library would not find again: it is a file's name there, and `name@version` in words. */
export function assertModelName(name: string): void {
  assertName(name);
  const got = JSON.stringify(name);
  assertEqual("name", !name.startsWith("."), `a name that begins with no dot; got ${got}`);
  assertEqual("name", !/@\d+$/.test(name), `a name without a version at its end; got ${got}`);
  assertEqual("name", !/\.zip$/i.test(name), `a name that does not end in .zip, as files do; got ${got}`);
  assertEqual("name", !/\p{Cs}/u.test(name), `whole letters; got half of a surrogate pair in ${got}`);
  const length = encodeURIComponent(name).length;
  assertEqual("name", length <= maxEncodedLength, `short enough to name a file, ${maxEncodedLength} bytes when encoded; got ${length}`);
}

function assertEqual(parameter: string, holds: boolean, expected: string): void {
  if (!holds) throw new Problem("InvalidParameter", `"${parameter}" must be ${expected}. Correct it.`, { parameter });
}
