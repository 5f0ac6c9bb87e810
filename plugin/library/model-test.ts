// The test image of a model and what the network makes of it: how another program proves that it runs the model rightly.
// Generated cells, never a piece of the user's data: archives are handed on.

import { measureRanges, normalizeRaster } from "../../core/array/normalize.ts";
import { softmax } from "../../core/engine/loss.ts";
import type { Network } from "../../core/engine/network.ts";
import { type Model, planTiling } from "../../core/model/model.ts";
import { generateCells } from "../../core/sample/synthetic.ts";
import { outputSide } from "../../core/unet/shape.ts";
import type { UNetSpec } from "../../core/unet/spec.ts";

/** Test input [side, side, channels] as it comes, and class probabilities [side - 2 margin, side - 2 margin, classes]. */
export async function createTestTensors(
  spec: UNetSpec,
  weights: Float32Array,
  network: Network,
): Promise<Pick<Model, "testInput" | "testOutput">> {
  const { levels, channels, classes } = spec;
  const side = planTiling(levels).least;
  const data = new Float32Array(side * side * channels);
  for (let c = 0; c < channels; c++) {
    const { image } = generateCells({ height: side, width: side, seed: c + 1 });
    for (let i = 0; i < image.data.length; i++) data[i * channels + c] = image.data[i]!;
  }
  const image = { height: side, width: side, channels, data };
  await network.setWeights(weights);
  const logits = await network.predict(normalizeRaster(image, measureRanges(image)));
  const probabilities = new Float32Array(logits.length);
  softmax(logits, classes, probabilities);
  const output = outputSide(levels, side);
  return { testInput: { data, shape: [side, side, channels] }, testOutput: { data: probabilities, shape: [output, output, classes] } };
}
