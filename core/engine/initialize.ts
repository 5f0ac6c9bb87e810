// He initialisation (Ronneberger et al. 2015, section 3; He et al. 2015): normal with std = sqrt(2 / fan-in), biases 0.

import { createRandom } from "../array/random.ts";
import { countParameters, isWeighted, planLayers } from "../unet/layers.ts";
import type { UNetSpec } from "../unet/spec.ts";

/** Fresh weights as one flat array: a pure function of spec and seed. An up-convolution's fan-in is its input channels. */
export function initializeWeights(spec: UNetSpec, seed: number): Float32Array {
  const layers = planLayers(spec);
  const weights = new Float32Array(countParameters(layers));
  layers.filter(isWeighted).forEach((layer, index) => {
    const random = createRandom(seed, initStream, index);
    const [kh, kw] = layer.filter.shape as [number, number];
    const fanIn = layer.kind === "upconv" ? layer.inputs : kh * kw * layer.inputs;
    const std = Math.sqrt(2 / fanIn);
    for (let i = 0; i < layer.filter.size; i++) weights[layer.filter.offset + i] = std * random.normal();
  });
  return weights;
}

// Keeps the numbers drawn here apart from those of augmentation and dropout under the same seed.
const initStream = 0x1417;
