// The batches of a training: their examples, each a pure function of the seed and its number, and their gradients, asked of all
// networks and added in the order of the examples.

import { countValid } from "../engine/loss.ts";
import type { Example, ExampleGradient, Network } from "../engine/network.ts";
import type { AugmentationOptions } from "../sample/draw.ts";
import { createExample } from "../sample/example.ts";
import type { Prepared } from "../sample/prepare.ts";

/** The batches of a training; the next can be made while the networks are busy with the last. */
export interface ExampleQueue {
  take(step: number): readonly Example[];
  prepare(step: number): void;
}

/** Images, augmentation and seed by which the examples of a training are drawn. */
export interface ExamplePlan {
  readonly images: readonly Prepared[];
  readonly augmentation: AugmentationOptions;
  readonly tile: number;
  readonly levels: number;
  readonly batch: number;
  readonly seed: number;
}

export function createExampleQueue({ images, augmentation, tile, levels, batch, seed }: ExamplePlan): ExampleQueue {
  const size = { tileHeight: tile, tileWidth: tile, levels, augmentation };
  // A pure function of the seed and the step.
  const draw = (step: number): readonly Example[] =>
    Array.from({ length: batch }, (_, b) => {
      const index = step * batch + b;
      const { input, target, weight } = createExample(seed, index, images, size);
      return { height: tile, width: tile, data: input, target, weight, seed, index };
    });
  let ready: { readonly step: number; readonly examples: readonly Example[] } | undefined;
  return {
    take: (step) => (ready?.step === step ? ready.examples : draw(step)),
    prepare: (step) => {
      ready = { step, examples: draw(step) };
    },
  };
}

/** Loss and gradient of a batch. Each network takes examples in turn; the sum is made in their order, whoever was first. */
export async function askGradients(
  networks: readonly Network[],
  weights: Float32Array,
  examples: readonly Example[],
  signal: AbortSignal | undefined,
): Promise<ExampleGradient> {
  const valid = examples.reduce((sum, { weight }) => sum + countValid(weight), 0);
  const used = networks.slice(0, examples.length);
  const results: ExampleGradient[] = [];
  await Promise.all(
    used.map(async (network, n) => {
      await network.setWeights(weights);
      for (let i = n; i < examples.length; i += used.length) results[i] = await network.gradient(examples[i]!, 1 / valid, signal);
    }),
  );
  const [first, ...others] = results as [ExampleGradient, ...ExampleGradient[]];
  const gradient = first.gradient;
  let { loss } = first;
  for (const other of others) {
    loss += other.loss;
    const { gradient: more } = other;
    for (let i = 0; i < gradient.length; i++) gradient[i]! += more[i]!;
  }
  return { loss, gradient };
}
