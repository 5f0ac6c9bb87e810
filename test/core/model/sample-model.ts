// Small models for tests: random weights, honest shapes.

import fc from "fast-check";
import type { Model } from "../../../core/model/model.ts";
import { countParameters, planLayers } from "../../../core/unet/layers.ts";
import { createSpec, type UNetSpec } from "../../../core/unet/spec.ts";

/** Numbers from -1 to 1 that depend on the seed only (a linear congruence: quality does not matter here). */
export function randomNumbers(count: number, seed: number): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** A model of this network with the fields of `more`. */
export function createModel(given: Partial<UNetSpec> = {}, more: Partial<Model> = {}): Model {
  const spec = createSpec({ features: 2, levels: 1, ...given });
  return {
    name: "my cells",
    version: 3,
    description: "Cells in a dish.",
    spec,
    weights: randomNumbers(countParameters(planLayers(spec)), 7),
    classNames: Array.from({ length: spec.classes }, (_, index) => (index === 0 ? "background" : `cell ${index}`)),
    channelNames: Array.from({ length: spec.channels }, (_, index) => `channel ${index + 1}`),
    normalization: { kind: "scale_range", percentiles: [1, 99.8], eps: 1e-6 },
    training: { preset: "quick", seed: 1, curve: [{ step: 1, loss: 0.5 }], dataset: ["a", "b"] },
    created: "2026-11-22T14:00:00.000Z",
    testInput: { data: randomNumbers(20 * 20 * spec.channels, 3), shape: [20, 20, spec.channels] },
    testOutput: { data: randomNumbers(4 * 4 * spec.classes, 4), shape: [4, 4, spec.classes] },
    ...more,
  };
}

const name = fc.stringMatching(/^[\p{L}\d_.,:;+() -]{0,30}[\p{L}\d]$/u);

/** Any small model that can be written. */
export const models: fc.Arbitrary<Model> = fc
  .record({
    spec: fc.record({
      channels: fc.integer({ min: 1, max: 3 }),
      classes: fc.integer({ min: 2, max: 4 }),
      levels: fc.integer({ min: 1, max: 3 }),
      features: fc.integer({ min: 1, max: 4 }),
      dropout: fc.constantFrom(0, 0.25, 0.5),
    }),
    name,
    version: fc.integer({ min: 1, max: 1000 }),
    description: fc.string({ unit: "grapheme", maxLength: 200 }),
    names: fc.array(name, { minLength: 7, maxLength: 7 }),
    pixelSizeUm: fc.option(fc.double({ min: 1e-3, max: 100, noNaN: true }), { nil: undefined }),
    training: fc.dictionary(
      fc.string().filter((key) => key !== "__proto__"),
      fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value))),
    ),
    license: fc.option(fc.constantFrom("MIT", "CC0-1.0"), { nil: undefined }),
    authors: fc.option(fc.array(name, { minLength: 1, maxLength: 2 }), { nil: undefined }),
  })
  .map(({ spec, names, pixelSizeUm, license, authors, ...rest }) =>
    createModel(spec, {
      ...rest,
      classNames: names.slice(0, spec.classes),
      channelNames: names.slice(4, 4 + spec.channels),
      ...(pixelSizeUm === undefined ? {} : { pixelSizeUm }),
      ...(license === undefined ? {} : { license }),
      ...(authors === undefined ? {} : { authors }),
    }),
  );
