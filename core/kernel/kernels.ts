// The table of our kernels: their names in tfjs, which calls each covers, and what it runs. A call that is not covered (another
// dtype, shape, stride, layout or activation) gives undefined, and the stock kernel gets it.

import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { ConvolutionShape, UpConvolutionShape } from "./blocks.ts";
import { convolve3x3, convolve3x3Backward } from "./convolution.ts";
import type { Activation } from "./convolution-inputs.ts";
import type { KernelContext } from "./heap.ts";
import { cropConcat, maxPool2x2, maxPool2x2Backward } from "./map.ts";
import { convolve1x1, convolve1x1Backward } from "./pointwise.ts";
import { upConvolve, upConvolveBackward } from "./up-convolution.ts";

/** One of our kernels. */
export interface OurKernel {
  readonly kernelName: string;
  /** The outputs; undefined when the call is not covered and goes to the stock kernel. */
  run(inputs: Inputs, attrs: Attributes): TensorInfo | TensorInfo[] | undefined;
}
export type Inputs = Readonly<Record<string, TensorInfo | undefined>>;
export type Attributes = Readonly<Record<string, unknown>>;
/** All of them, working in `context`. */
export function ourKernels(context: KernelContext): OurKernel[] {
  return [
    {
      kernelName: "FusedConv2D",
      run({ x, filter, bias, preluActivationWeights }, attrs) {
        const shape = x && filter && convolutionShape(x, filter, attrs["pad"]);
        const activation = toActivation(attrs["activation"]);
        if (!shape || !activation || preluActivationWeights || !isPlainConvolution(attrs)) return undefined;
        if (bias && (!isFloat(bias) || sizeOf(bias) !== shape.outputs)) return undefined;
        const convolve = filter.shape[0] === 1 ? convolve1x1 : convolve3x3;
        return convolve(context, shape, { x, filter, bias }, activation);
      },
    },
    {
      kernelName: "OvertileConvBackward",
      run({ x, dy, filter, y }, attrs) {
        const shape = x && filter && convolutionShape(x, filter, attrs["pad"]);
        if (!shape || !dy || !isFloat(dy) || (y && !isFloat(y))) return undefined;
        const side = filter.shape[0]!;
        const lost = side - 1 - 2 * shape.padding;
        const expected = [shape.batch, shape.height - lost, shape.width - lost, shape.outputs];
        if (!hasShape(dy, expected) || (y && !hasShape(y, expected))) return undefined;
        const backward = side === 1 ? convolve1x1Backward : convolve3x3Backward;
        return backward(context, shape, { x, dy, filter, y }, attrs["inputGradient"] !== false);
      },
    },
    {
      kernelName: "OvertileUpConv",
      run({ x, filter, bias }, attrs) {
        const shape = x && filter && upConvolutionShape(x, filter);
        const activation = toActivation(attrs["activation"]);
        if (!shape || !activation || !bias || !isFloat(bias) || sizeOf(bias) !== shape.outputs) return undefined;
        return upConvolve(context, shape, { x, filter, bias }, activation);
      },
    },
    {
      kernelName: "OvertileUpConvBackward",
      run({ x, dy, filter, y }, attrs) {
        const shape = x && filter && upConvolutionShape(x, filter);
        const channelOffset = attrs["channelOffset"] ?? 0;
        if (!shape || !dy || !isFloat(dy) || (y && !isFloat(y)) || typeof channelOffset !== "number") return undefined;
        const { batch, height, width, outputs } = shape;
        const expected = [batch, 2 * height, 2 * width];
        if (!hasShape(dy, [...expected, dy.shape[3]!]) || dy.shape[3]! < channelOffset + outputs || channelOffset < 0) return undefined;
        if (y && !hasShape(y, [...expected, outputs])) return undefined;
        return upConvolveBackward(context, shape, { x, dy, filter, y }, channelOffset);
      },
    },
    {
      kernelName: "MaxPool",
      run({ x }, attrs) {
        if (!x || !isMap(x) || !isPair(attrs["filterSize"], 2) || !isPair(attrs["strides"], 2)) return undefined;
        const even = x.shape[1]! % 2 === 0 && x.shape[2]! % 2 === 0;
        if (!(attrs["pad"] === "valid" || (even && (attrs["pad"] === "same" || attrs["pad"] === 0)))) return undefined;
        return x.shape[1]! > 1 && x.shape[2]! > 1 ? maxPool2x2(context, x) : undefined;
      },
    },
    {
      kernelName: "OvertileMaxPoolBackward",
      run({ x, dy, dConcat }) {
        if (!x || !dy || !isMap(x) || !isFloat(dy)) return undefined;
        const [batch, height, width, channels] = x.shape as [number, number, number, number];
        if (!hasShape(dy, [batch, height >> 1, width >> 1, channels])) return undefined;
        if (dConcat) {
          const [b, h, w, c] = dConcat.shape as [number, number, number, number];
          if (!isMap(dConcat) || b !== batch || h > height || w > width || c < channels) return undefined;
        }
        return maxPool2x2Backward(context, { x, dy, dConcat });
      },
    },
    {
      kernelName: "OvertileCropConcat",
      run({ skip, x }) {
        if (!skip || !x || !isMap(skip) || !isMap(x) || skip.shape[0] !== x.shape[0]) return undefined;
        return skip.shape[1]! >= x.shape[1]! && skip.shape[2]! >= x.shape[2]! ? cropConcat(context, skip, x) : undefined;
      },
    },
  ];
}

const isFloat = (tensor: TensorInfo): boolean => tensor.dtype === "float32";
const sizeOf = (tensor: TensorInfo): number => tensor.shape.reduce((product, side) => product * side, 1);
const isMap = (tensor: TensorInfo): boolean => isFloat(tensor) && tensor.shape.length === 4 && sizeOf(tensor) > 0;
const hasShape = (tensor: TensorInfo, shape: readonly number[]): boolean =>
  tensor.shape.length === shape.length && tensor.shape.every((side, i) => side === shape[i]);

function toActivation(value: unknown): Activation | undefined {
  if (value === undefined || value === null || value === "linear") return "linear";
  return value === "relu" ? "relu" : undefined;
}

// A stride, dilation or size given as a number or as a pair.
function isPair(value: unknown, side: number): boolean {
  return value === side || (Array.isArray(value) && value.length >= 1 && value.every((each) => each === side));
}

function isPlainConvolution(attrs: Attributes): boolean {
  const { strides, dilations, dataFormat } = attrs as { strides: unknown; dilations: unknown; dataFormat: unknown };
  return isPair(strides, 1) && (dilations == null || isPair(dilations, 1)) && (dataFormat == null || dataFormat === "NHWC");
}

// The shape of a 3x3 or 1x1 convolution that the kernels cover; undefined for any other.
function convolutionShape(x: TensorInfo, filter: TensorInfo, pad: unknown): ConvolutionShape | undefined {
  if (!isMap(x) || !isMap(filter)) return undefined;
  const [batch, height, width, inputs] = x.shape as [number, number, number, number];
  const [side, sideX, filterInputs, outputs] = filter.shape as [number, number, number, number];
  if (side !== sideX || (side !== 1 && side !== 3) || filterInputs !== inputs) return undefined;
  if (pad !== "valid" && pad !== "same" && pad !== 0) return undefined;
  const padding = pad === "same" ? (side - 1) / 2 : 0;
  if (height + 2 * padding < side || width + 2 * padding < side) return undefined;
  return { batch, height, width, inputs, outputs, padding };
}

function upConvolutionShape(x: TensorInfo, filter: TensorInfo): UpConvolutionShape | undefined {
  if (!isMap(x) || !isMap(filter)) return undefined;
  const [batch, height, width, inputs] = x.shape as [number, number, number, number];
  const [tapsY, tapsX, outputs, filterInputs] = filter.shape as [number, number, number, number];
  return tapsY === 2 && tapsX === 2 && filterInputs === inputs ? { batch, height, width, inputs, outputs } : undefined;
}
