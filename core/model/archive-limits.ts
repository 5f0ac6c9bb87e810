// How large the files of a model's archive may be: what a network of this size needs, and a little more. Claims beyond it are refused
// before anything is unpacked (archive.ts).

import { countParameters, planLayers } from "../unet/layers.ts";
import { outputSide } from "../unet/shape.ts";
import type { UNetSpec } from "../unet/spec.ts";
import { planTiling } from "./model.ts";
import { createModelJson } from "./model-json.ts";

/** Bytes of the largest file that is read, whatever the network: one array of numbers is no longer. */
export const largestWeightsBytes = 2 ** 31 - 1;

/** Bytes at most, unpacked. */
export interface ArchiveLimits {
  /** The zip for TensorFlow.js, what is in it, and the ONNX file. */
  readonly weights: number;
  readonly modelJson: number;
  readonly testInput: number;
  readonly testOutput: number;
  /** training.json */
  readonly record: number;
  /** README.md, and whatever else somebody has added: never unpacked here, but handed on. */
  readonly other: number;
}

const slackBytes = 2 ** 20;
const recordBytes = 2 ** 23;
const otherBytes = 2 ** 24;

/** The limits for a network of this size. */
export function limitArchive(spec: UNetSpec): ArchiveLimits {
  const { levels, channels, classes } = spec;
  const side = planTiling(levels).least;
  const arrayBytes = (side: number, planes: number): number => 4 * side * side * planes + slackBytes;
  const modelJson = 4 * JSON.stringify(createModelJson(spec)).length;
  return {
    weights: Math.min(largestWeightsBytes, 4 * countParameters(planLayers(spec)) + modelJson + slackBytes),
    modelJson,
    testInput: arrayBytes(side, channels),
    testOutput: arrayBytes(outputSide(levels, side), classes),
    record: recordBytes,
    other: otherBytes,
  };
}
