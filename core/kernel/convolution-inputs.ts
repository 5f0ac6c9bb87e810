// What convolutions read and write, in every way of computing them.

import type { TensorInfo } from "@tensorflow/tfjs-core";

export type Activation = "linear" | "relu";

/** Inputs of a convolution; `bias` may be missing. x [batch, height, width, inputs], filter [k, k, inputs, outputs]. */
export interface ConvolutionInputs {
  readonly x: TensorInfo;
  readonly filter: TensorInfo;
  readonly bias?: TensorInfo | undefined;
}

/** Inputs of the gradient. With `y`, the ReLU's output, a gradient counts only where y > 0. */
export interface ConvolutionBackwardInputs {
  readonly x: TensorInfo;
  readonly dy: TensorInfo;
  readonly filter: TensorInfo;
  readonly y?: TensorInfo | undefined;
}

/** Addresses that a 3x3 convolution works on. */
export interface ConvolutionWork {
  readonly x: number;
  readonly mask: number;
  /** Padded to a multiple of 8 floats. */
  readonly bias: number;
  readonly y: number;
  readonly relu: boolean;
}
