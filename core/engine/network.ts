// A network on the current backend: weights with the two things that can be asked of it, logits of a tile and gradients of
// an example. This is the part that runs in every compute worker; it knows no images, files or jobs.

import { type Tensor, type Tensor4D, tensor } from "@tensorflow/tfjs-core";
import { createRandom } from "../array/random.ts";
import { countParameters, planLayers } from "../unet/layers.ts";
import { assertLegalInput, shapeLayers } from "../unet/shape.ts";
import type { UNetSpec } from "../unet/spec.ts";
import { backward } from "./backward.ts";
import { forward, predict } from "./forward.ts";
import { softmaxCrossEntropy, type TileTarget } from "./loss.ts";
import { createWeights, type NetworkWeights, readInto } from "./weights.ts";

/** Pixels that go in: [height, width, channels], normalised. */
export interface TileInput {
  readonly height: number;
  readonly width: number;
  readonly data: Float32Array;
}

/** One training example, and the numbers that make its dropout mask. */
export interface Example extends TileInput, TileTarget {
  /** Mask k of seed s is a pure function of (s, k). */
  readonly seed: number;
  readonly index: number;
}

export interface ExampleGradient {
  /** The example's part of the batch's loss. */
  readonly loss: number;
  /** Flat, in the order of the weights. */
  readonly gradient: Float32Array;
}

/** The network of a compute worker. Implemented here, and by a wrapper for each worker. */
export interface Network {
  /** Replaces the weights by these, which are copied. Who restarts a lost worker copies them once more, so they change only between calls. */
  setWeights(weights: Float32Array): Promise<void>;
  /** Logits [height - 2 margin, width - 2 margin, classes] of a tile of legal size. */
  predict(tile: TileInput, signal?: AbortSignal): Promise<Float32Array>;
  /** Loss and gradient of an example. `scale`: one over the batch's pixels that are not ignored. */
  gradient(example: Example, scale: number, signal?: AbortSignal): Promise<ExampleGradient>;
  dispose(): void;
}

/** A network with `spec` on the current backend. `setWeights` comes first. `keepFilters`: the backend's, for our kernels. */
export function createNetwork(spec: UNetSpec, { keepFilters = () => {} }: { keepFilters?: (on: boolean) => void } = {}): Network {
  const layers = planLayers(spec);
  let weights: NetworkWeights | undefined;
  const current = (): NetworkWeights => {
    if (weights === undefined) throw new Error("setWeights must come before predict and gradient");
    return weights;
  };
  const upload = ({ data, height, width }: TileInput): Tensor4D => {
    assertLegalInput(spec.levels, height);
    assertLegalInput(spec.levels, width);
    return tensor(data, [1, height, width, spec.channels]);
  };

  return {
    async setWeights(values) {
      weights?.dispose();
      weights = createWeights(layers, values);
    },

    async predict(tile, signal) {
      keepFilters(true); // the weights stay for many tiles
      const input = upload(tile);
      try {
        const logits = await predict(layers, current(), input, signal);
        try {
          return (await logits.data()) as Float32Array;
        } finally {
          logits.dispose();
        }
      } finally {
        input.dispose();
      }
    },

    async gradient(example, scale, signal) {
      keepFilters(false); // the weights change with the next step
      const input = upload(example);
      const mask = createDropoutMask(spec, example);
      try {
        const trace = await forward(layers, current(), input, mask, signal);
        const logits = trace.maps.at(-1)!;
        const { loss, gradient: dLogits } = softmaxCrossEntropy((await logits.data()) as Float32Array, spec.classes, example, scale);
        const gradient = new Float32Array(countParameters(layers));
        const reads: Promise<void>[] = [];
        const read = async (values: Tensor, offset: number): Promise<void> => {
          await readInto(gradient, offset, values);
          values.dispose();
        };
        const seed: Tensor4D = tensor(dLogits, logits.shape);
        await backward(
          layers,
          current(),
          trace,
          seed,
          (layer, { filter, bias }) => {
            reads.push(read(filter, layer.filter.offset), read(bias, layer.bias.offset));
          },
          signal,
        ).finally(() => Promise.all(reads));
        return { loss, gradient };
      } finally {
        input.dispose();
        mask?.dispose();
      }
    },

    dispose() {
      weights?.dispose();
      weights = undefined;
    },
  };
}

/** Inverted dropout: 0 with probability `rate`, else 1 / (1 - rate); a pure function of (seed, index). */
function createDropoutMask(spec: UNetSpec, { height, width, seed, index }: Example): Tensor4D | undefined {
  if (spec.dropout === 0) return undefined;
  const dropped = shapeLayers(spec, height, width).find(({ layer }) => layer.kind === "dropout")!;
  const [rows, columns, channels] = dropped.output;
  const random = createRandom(seed, dropoutStream, index);
  const mask = new Float32Array(rows * columns * channels);
  const kept = 1 / (1 - spec.dropout);
  for (let i = 0; i < mask.length; i++) mask[i] = random.uniform() < spec.dropout ? 0 : kept;
  return tensor(mask, [1, rows, columns, channels]);
}

// Keeps dropout's numbers apart from those of initialisation and augmentation under the same seed.
const dropoutStream = 0xd40b;
