// Weights on the backend. The master copy is one flat Float32Array on the CPU (core/unet/layers.ts says where each layer's
// begin); these are its tensors. They are never written in place: tfjs backends pack weights by data id and would go on
// with the old ones, so new weights are new tensors.

import { engine, getBackend, type Tensor, type Tensor1D, type Tensor4D, tensor } from "@tensorflow/tfjs-core";
import { isWeighted, type Layer, type WeightedLayer, type WeightSlot } from "../unet/layers.ts";

export interface LayerWeights {
  readonly filter: Tensor4D;
  readonly bias: Tensor1D;
}

export interface NetworkWeights {
  of(layer: WeightedLayer): LayerWeights;
  dispose(): void;
}

/** Tensors of the flat `parameters`, which are copied. */
export function createWeights(layers: readonly Layer[], parameters: Float32Array): NetworkWeights {
  // The WASM backend copies at once into its heap; others keep the array that they are given.
  const own = getBackend() === "wasm" ? parameters : parameters.slice();
  const upload = ({ offset, size, shape }: WeightSlot): Tensor => tensor(own.subarray(offset, offset + size), shape as number[]);
  const tensors = new Map<string, LayerWeights>();
  for (const layer of layers.filter(isWeighted)) {
    tensors.set(layer.name, { filter: upload(layer.filter) as Tensor4D, bias: upload(layer.bias) as Tensor1D });
  }
  return {
    of: (layer) => tensors.get(layer.name)!,
    dispose() {
      for (const { filter, bias } of tensors.values()) {
        filter.dispose();
        bias.dispose();
      }
      tensors.clear();
    },
  };
}

/** Copies the numbers of a float32 `tensor` to `out` at `offset`: on the WASM backend straight from its heap. */
export async function readInto(out: Float32Array, offset: number, tensor: Tensor): Promise<void> {
  if (getBackend() !== "wasm") return out.set((await tensor.data()) as Float32Array, offset);
  const wasm = engine().backend as unknown as { typedArrayFromHeap(tensor: Tensor): Float32Array };
  out.set(wasm.typedArrayFromHeap(tensor), offset);
}
