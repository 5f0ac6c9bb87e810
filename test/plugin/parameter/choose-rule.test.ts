// How the objects of a segmentation are made: what was asked for, else what the model learnt, else what older builds did.

import { describe, expect, it } from "vitest";
import { createSpec } from "../../../core/unet/spec.ts";
import { assertThreshold, chooseRule, learntRule, toRuleValues } from "../../../plugin/parameter/choose-rule.ts";
import { resolveParameters } from "../../../plugin/parameter/parameters.ts";

const spec = createSpec({ levels: 1, features: 1, channels: 1, classes: 2 });
const training = { minSizePx: 40, splitDepthPx: 1.5, smoothPx: 1, fillHoles: true, threshold: 0.4 };
const choose = (given: object) => chooseRule(resolveParameters("segment", { ...given }), learntRule({ training, spec }));

describe("the rule for objects", () => {
  it("is what the model learnt, at the scale of the image", () => {
    expect(choose({})).toEqual(training);
    expect(learntRule({ training, spec }, 2)).toEqual({ ...training, minSizePx: 160, splitDepthPx: 3 });
  });

  it("is what was asked for; a bare fill_holes is yes", () => {
    const asked = { min_size: 7, split: 0.75, threshold: 0.6, fill_holes: false };
    expect(choose(asked)).toEqual({ minSizePx: 7, splitDepthPx: 0.75, smoothPx: 1, fillHoles: false, threshold: 0.6 });
    for (const yes of [true, "true", "yes"]) expect(choose({ fill_holes: yes }).fillHoles).toBe(true);
    expect(toRuleValues(choose(asked))).toEqual({ min_size: 7, fill_holes: "no", split: 0.75, threshold: 0.6 });
  });

  it("of models of older builds is the one that they had: nothing filled, nothing smoothed, the more probable class", () => {
    const older = learntRule({ training: { minSizePx: 40, splitDepthPx: 3 }, spec });
    expect(older).toEqual({ minSizePx: 40, splitDepthPx: 3, smoothPx: 0, fillHoles: false, threshold: 0.5 });
    expect(learntRule({ training: { minSizePx: 40, splitDepthPx: 3 }, spec }, 1.3).splitDepthPx, "whole, as it was").toBe(4);
    const none = { minSizePx: 0, splitDepthPx: 0, smoothPx: 0, fillHoles: false, threshold: 0.5 };
    expect(learntRule({ training: {}, spec })).toEqual(none);
    const odd = { minSizePx: "many", splitDepthPx: -1, threshold: 1, fillHoles: "yes" };
    expect(learntRule({ training: odd, spec })).toEqual(none);
  });

  it("has a threshold for two classes only, and says so", () => {
    const three = { spec: createSpec({ levels: 1, features: 1, channels: 1, classes: 3 }) };
    expect(() => assertThreshold(resolveParameters("segment", { threshold: 0.4 }), three)).toThrow(
      /two classes; this one has 3.*Leave it out/,
    );
    assertThreshold(resolveParameters("segment", {}), three);
    assertThreshold(resolveParameters("segment", { threshold: 0.4 }), { spec });
    expect(learntRule({ training, ...three }).threshold).toBe(0.5);
    for (const wrong of ["half", 0, 1, 1.5])
      expect(() => resolveParameters("segment", { threshold: wrong })).toThrow(/a number from 0.01 to 0.99, or auto/);
  });
});
