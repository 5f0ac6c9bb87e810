// `objectsFrom` as hosts call it: objects made anew from the probabilities of a segmentation, while the user moves a slider. Nothing
// is predicted.

import type { Job } from "../../core/job.ts";
import { type ObjectRule, plainRule } from "../../core/label/object-rule.ts";
import { describeTooLarge } from "../../core/label/split-objects.ts";
import { Problem } from "../../core/problem.ts";
import { objectsFrom } from "../../core/segment.ts";
import type { Context, MadeObjects, Pixels } from "../contract.ts";
import { pixelsOfLabels } from "./label-pixels.ts";

/** Labels by another rule, plane by plane. Throws Problem InvalidData, InvalidParameter; AbortError. */
export async function* makeObjects(probability: Pixels, given: Partial<ObjectRule>, { signal }: Context = {}): Job<MadeObjects> {
  const { data, shape = [] } = (probability ?? {}) as Partial<Pixels>;
  const [height = 0, width = 0] = shape.slice(-2);
  const length = height * width;
  if (!(data instanceof Uint8Array) || length === 0 || data.length !== shape.reduce((a, b) => a * b, 1)) throw notBytes(data, shape);
  const rule = checkRule(given);
  const planes: Uint32Array[] = [];
  let objects = 0;
  for (let from = 0; from < data.length; from += length) {
    yield { kind: "phase", name: "finding objects", done: from / length, total: data.length / length };
    const bytes = { height, width, channels: 1, data: data.subarray(from, from + length) };
    const { labels, tooLarge } = await objectsFrom(bytes, rule, signal);
    if (tooLarge.length > 0) yield { kind: "notice", done: 0, message: describeTooLarge(tooLarge) };
    planes.push(labels.data);
    objects += labels.count;
  }
  const name = probability.name?.replace(/\.probability$/, ".labels");
  return { labels: { ...probability, ...(name !== undefined && { name }), data: pixelsOfLabels(planes) }, objects };
}

function notBytes(data: Pixels["data"] | undefined, shape: readonly number[]): Problem {
  const reason =
    data === undefined ? "it has no pixels" : `it is ${data.constructor.name} of ${shape.join(" x ")} with ${data.length} values`;
  const message = `Objects are made of the "probability" that segment gave: bytes, [.., height, width]; ${reason}. Hand that over.`;
  return new Problem("InvalidData", message, { reason });
}

/** The rule, completed by the plain one. */
function checkRule(given: Partial<ObjectRule>): ObjectRule {
  const rule = { ...plainRule, ...given };
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(plainRule, name));
  if (unknown !== undefined) throw wrong(unknown, `one of ${Object.keys(plainRule).join(", ")}`, unknown);
  for (const name of ["minSizePx", "splitDepthPx", "smoothPx"] as const)
    if (!(Number.isFinite(rule[name]) && rule[name] >= 0)) throw wrong(name, "a number from 0 on", rule[name]);
  if (!(rule.threshold > 0 && rule.threshold < 1)) throw wrong("threshold", "a number between 0 and 1", rule.threshold);
  if (typeof rule.fillHoles !== "boolean") throw wrong("fillHoles", "true or false", rule.fillHoles);
  return rule;
}

function wrong(parameter: string, expected: string, value: unknown): Problem {
  const message = `"${parameter}" of a rule must be ${expected}; got ${String(value)}. Begin with the "rule" that segment gave.`;
  return new Problem("InvalidParameter", message, { parameter, value });
}
