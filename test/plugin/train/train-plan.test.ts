import { describe, expect, it } from "vitest";
import { type Prepared, prepareImage } from "../../../core/sample/prepare.ts";
import { ronneberger2015Weights } from "../../../core/sample/weight-map.ts";
import type { SamplePlane } from "../../../core/training/read-samples.ts";
import { createSpec } from "../../../core/unet/spec.ts";
import type { Parameters } from "../../../plugin/contract.ts";
import { resolveParameters } from "../../../plugin/parameter/parameters.ts";
import { assertConsistent, fitSchedule, planSchedule, planWeights, splitSamples } from "../../../plugin/train/train-plan.ts";

describe("steps that fit the minutes", () => {
  const plan = { seconds: 60, step: 0.1, validation: 0.1, interval: "auto" } as const;

  it("leave room for 20 validations where these are quick", () => {
    expect(fitSchedule(plan)).toEqual({ steps: 580, validationInterval: 29 });
  });

  it("are never given up for validations: these take a fifth of the time, and one is made at least", () => {
    expect(fitSchedule({ ...plan, validation: 3 })).toEqual({ steps: 480, validationInterval: 120 });
    expect(fitSchedule({ ...plan, validation: 20 })).toEqual({ steps: 400, validationInterval: 400 });
    expect(fitSchedule({ ...plan, validation: 0 })).toEqual({ steps: 600, validationInterval: 30 });
  });

  it("count validations at the interval that was asked for", () => {
    expect(fitSchedule({ ...plan, validation: 1, interval: 10 })).toEqual({ steps: 300, validationInterval: 10 });
  });

  it("are one at least, however little time is left", () => {
    expect(fitSchedule({ ...plan, seconds: -3 })).toEqual({ steps: 1, validationInterval: 1 });
  });
});

describe("words that contradict each other are refused by name", () => {
  const base = { spec: createSpec({ levels: 3, features: 8, dropout: 0.25, channels: 1, classes: 4 }) };
  const check = (given: Readonly<Record<string, unknown>>) => () => assertConsistent(given, resolveParameters("train", given), base);

  it("a network other than that of the model to go on from", () => {
    for (const [name, value, known] of [
      ["levels", 4, 3],
      ["features", 16, 8],
      ["dropout", 0, 0.25],
    ] as const) {
      expect(check({ from: "m", [name]: value })).toThrow(`"${name}" must be that of the model to go on from, ${known}; got ${value}.`);
    }
  });

  it("but not what is true, as a recorded line says it, nor what presets and defaults would make", () => {
    expect(check({ from: "m", levels: 3, features: "8", dropout: 0.25, classes: 4 })).not.toThrow();
    expect(check({ from: "m", preset: "ronneberger2015", classes: "auto" })).not.toThrow();
  });

  it("a length in steps and in minutes", () => {
    expect(check({ steps: 40, minutes: 3 })).toThrow('as long as "steps" or as "minutes" say; got both, 40 steps and 3 minutes');
    for (const given of [{ steps: 40, minutes: 0 }, { steps: "auto", minutes: 3 }, { minutes: 3 }, { preset: "falk2019", minutes: 3 }])
      expect(check(given)).not.toThrow();
  });
});

describe("the split into training and validation", () => {
  const images = Array.from({ length: 20 }, (_, i) => ({ name: `image ${i}`, sample: i }) as SamplePlane);

  it("takes the last images where some were given to validate, and a seeded share otherwise", () => {
    expect(splitSamples(images, 3, { validate: "folder", seed: 1 })).toEqual({ train: images.slice(0, 17), validate: images.slice(17) });
    const share = { validate: "0.25", seed: 1 };
    const split = splitSamples(images, 0, share);
    expect([split.train.length, split.validate.length]).toEqual([15, 5]);
    expect(new Set([...split.train, ...split.validate])).toEqual(new Set(images));
    expect(splitSamples(images, 0, share)).toEqual(split);
    expect(splitSamples(images, 0, { ...share, seed: 2 })).not.toEqual(split);
  });

  it("keeps the planes of a stack together, for neighbours are nearly the same", () => {
    const planes = Array.from({ length: 20 }, (_, i) => ({ name: `stack ${i >> 2}`, sample: i >> 2 }) as SamplePlane);
    const { train, validate } = splitSamples(planes, 0, { validate: "0.4", seed: 1 });
    expect([train.length, validate.length]).toEqual([12, 8]);
    const names = new Set(train.map(({ name }) => name));
    expect(validate.some(({ name }) => names.has(name))).toBe(false);
  });
});

describe("the tile of a training", () => {
  const spec = createSpec({ levels: 4, features: 2 });
  /** An image of which a box of this size is annotated. */
  const annotate = (side: number, height: number, width: number) => {
    const image = { height: side, width: side, channels: 1, data: new Float32Array(side ** 2) };
    const isSeen = (i: number) => Math.floor(i / side) >= 5 && Math.floor(i / side) < 5 + height && i % side >= 7 && i % side < 7 + width;
    const labels = { height: side, width: side, data: new Uint32Array(side ** 2) };
    const ignore = { ...labels, data: Uint8Array.from({ length: side ** 2 }, (_, i) => (isSeen(i) ? 0 : 1)) };
    return prepareImage({ image, labels, ignore }, { weights: ronneberger2015Weights });
  };
  const tileOf = (given: Parameters, ...images: Prepared[]) =>
    planSchedule(resolveParameters("train", given), spec, { given, images }).tile;

  it("is the preset's, or the smallest legal one whose output holds all that is annotated in any image", () => {
    expect(tileOf({}, annotate(300, 290, 10))).toBe(412);
    expect(tileOf({}, annotate(300, 128, 100))).toBe(316); // 316 - 184 = 132
    expect(tileOf({}, annotate(300, 20, 128), annotate(300, 3, 3))).toBe(316);
    expect(tileOf({}, annotate(300, 3, 3))).toBe(204);
    expect(tileOf({ tile: 284 }, annotate(300, 3, 3))).toBe(284);
  });
});

describe("the augmentation of a training", () => {
  const plan = (given: Parameters) =>
    JSON.stringify(planSchedule(resolveParameters("train", given), createSpec({ levels: 1 }), { given, images: [] }).augmentation);

  it("is word for word that of older checkpoints where imaging and scale are off", () => {
    const off = { tile: 44, imaging: 0, scale_range: 1 };
    expect(plan({ ...off, grey_values: 2, elastic: 3 })).toBe(
      '{"rotationDegrees":180,"flips":true,"scale":0,"elasticSigmaPx":3,"intensity":{"black":0.1,"white":0.1,"slope":0.5,"noise":0},"foreground":0.5}',
    );
  });

  it("has what scale and imaging ask for", () => {
    expect(JSON.parse(plan({ tile: 44, imaging: 0.5, scale_range: 1.5 }))).toMatchObject({
      scale: 0.5,
      intensity: { noise: 0.025, gain: 0.25, gamma: 0.25, blurPx: 0.5 },
    });
  });
});

describe("the weight of borders", () => {
  const weightOf = (given: Parameters, objects: number): number => planWeights(resolveParameters("train", given), { given, objects }).w0;

  it("is 2 where fewer than 20 objects are drawn and a quick training begins with random weights; a number that is named counts", () => {
    expect([5, 19, 20, 400].map((objects) => weightOf({ from: "none" }, objects))).toEqual([2, 2, 10, 10]);
    expect(weightOf({ from: "none", border_weight: 10 }, 5)).toBe(10);
    expect(weightOf({ from: "none", border_weight: 0 }, 5)).toBe(0);
  });

  it("is the usual one of the papers' presets, and where a training may begin with a model", () => {
    expect(weightOf({ preset: "ronneberger2015" }, 5)).toBe(10);
    expect(weightOf({ preset: "falk2019" }, 5)).toBe(50);
    expect(weightOf({ from: "auto" }, 5)).toBe(10);
    expect(weightOf({ from: "nuclei-fluorescence" }, 5)).toBe(10);
  });
});
