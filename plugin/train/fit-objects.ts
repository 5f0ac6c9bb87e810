// How a trained model makes its objects: the rule that finds most of what was drawn, and the scores that it has by that rule.

import type { Network } from "../../core/engine/network.ts";
import { type ObjectRule, plainRule } from "../../core/label/object-rule.ts";
import { pickScores } from "../../core/train.ts";
import { calibrate, type ValidationLimits } from "../../core/training/validate.ts";
import type { UNetSpec } from "../../core/unet/spec.ts";

export interface FittedObjects {
  readonly rule: ObjectRule;
  readonly scores: Readonly<Record<string, number>>;
}

/** The rule for `weights`, whose best validation gave `scores`. Networks that share the work are given the weights. Throws AbortError. */
export async function fitObjects(
  { weights, scores }: { readonly weights: Float32Array; readonly scores: Readonly<Record<string, number>> },
  images: Parameters<typeof calibrate>[0],
  spec: UNetSpec,
  networks: readonly Network[],
  limits: ValidationLimits,
  signal?: AbortSignal,
): Promise<FittedObjects> {
  await Promise.all(networks.map((network) => network.setWeights(weights)));
  const fitted = await calibrate(images, spec, networks, limits, signal);
  if (fitted !== undefined) return { rule: fitted.rule, scores: { ...scores, ...(fitted.validation && pickScores(fitted.validation)) } };
  // What the best validation found quickly, while the training went on.
  const { splitDepthPx = plainRule.splitDepthPx, threshold = plainRule.threshold } = scores;
  const { budget: _, ...drawn } = limits;
  return { rule: { ...drawn, splitDepthPx, threshold }, scores };
}
