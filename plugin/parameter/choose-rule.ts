// How the objects of a segmentation are made: as asked for, else as the model learnt.

import { type ObjectRule, plainRule } from "../../core/label/object-rule.ts";
import type { Model } from "../../core/model/model.ts";
import { Problem } from "../../core/problem.ts";
import type { SlideRecord } from "../../core/sink/slide-record.ts";
import type { Parameters, RuleValues } from "../contract.ts";
import type { Values } from "./parameter-table.ts";

/** The parameters that say how objects are made. A slide's run takes others later, without predicting again. */
const ruleParameters = ["threshold", "split", "min_size", "fill_holes"] as const;

type Asked = Pick<Values<"segment">, "min_size" | "fill_holes" | "split" | "threshold">;

/**
 * The rule that suited the model's annotations best, in pixels of an image that has `pixelsPerStep` of them for one that the model
 * learnt from. Models of older builds, whose record lacks fields, keep the rule that they had.
 */
export function learntRule({ training, spec }: Pick<Model, "training" | "spec">, pixelsPerStep = 1): ObjectRule {
  const number = (name: keyof ObjectRule): number => {
    const value = training[name];
    return typeof value === "number" && value >= 0 ? value : (plainRule[name] as number);
  };
  const smoothPx = number("smoothPx");
  const threshold = number("threshold");
  const depth = number("splitDepthPx") * pixelsPerStep;
  return {
    threshold: spec.classes === 2 && threshold > 0 && threshold < 1 ? threshold : plainRule.threshold,
    fillHoles: training["fillHoles"] === true,
    minSizePx: Math.floor(number("minSizePx") * pixelsPerStep ** 2),
    splitDepthPx: smoothPx === 0 ? Math.round(depth) : Math.round(100 * depth) / 100,
    smoothPx,
  };
}

/** The rule with what was asked for in place of what the model learnt. */
export function chooseRule({ min_size, fill_holes, split, threshold }: Asked, learnt: ObjectRule): ObjectRule {
  return {
    ...learnt,
    ...(min_size !== "auto" && { minSizePx: min_size }),
    ...(fill_holes !== "auto" && { fillHoles: fill_holes === "yes" }),
    ...(split !== "auto" && { splitDepthPx: split }),
    ...(threshold !== "auto" && { threshold }),
  };
}

/** Throws Problem InvalidParameter where a threshold is asked for and there are more classes than two. */
export function assertThreshold({ threshold }: Pick<Asked, "threshold">, { spec }: Pick<Model, "spec">): void {
  if (threshold === "auto" || spec.classes === 2) return;
  const message = `"threshold" is for models of two classes; this one has ${spec.classes}, and the most probable one counts. Leave it out.`;
  throw new Problem("InvalidParameter", message, { parameter: "threshold", value: threshold });
}

/** Picks the parameters that say how objects are made. */
export function pickRule(parameters: Parameters): Parameters {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => (ruleParameters as readonly string[]).includes(name)));
}

/** What `auto` became. */
export function toRuleValues({ minSizePx, fillHoles, splitDepthPx, threshold }: ObjectRule): RuleValues {
  return { threshold, split: splitDepthPx, min_size: minSizePx, fill_holes: fillHoles ? "yes" : "no" };
}

/** The rule that the model of a slide's run had. Runs of older builds lack fields of it. */
export function recordedRule({ threshold, fillHoles, minSizePx, splitDepthPx, smoothPx }: SlideRecord): ObjectRule {
  const { threshold: half, fillHoles: notFilled, smoothPx: none } = plainRule;
  return { threshold: threshold ?? half, fillHoles: fillHoles ?? notFilled, minSizePx, splitDepthPx, smoothPx: smoothPx ?? none };
}
