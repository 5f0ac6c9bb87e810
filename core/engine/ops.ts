// The operations of the network on tfjs tensors [1, height, width, channels], forward and backward. Each has one meaning
// and up to two ways: our kernel where it is registered for the current backend, else existing tfjs ops (formulas: GPU.md A,
// which hold on every backend). Callers own every tensor they pass and every tensor they get.

import {
  add,
  concat,
  conv2d,
  engine,
  fused,
  getBackend,
  getKernel,
  matMul,
  mul,
  type NamedTensorMap,
  pad,
  relu,
  reshape,
  reverse,
  slice,
  step,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
  tidy,
  transpose,
} from "@tensorflow/tfjs-core";

/** Gradients of a layer with weights; `input` is absent where nobody needs it. */
export interface LayerGradients {
  readonly filter: Tensor4D;
  readonly bias: Tensor1D;
  readonly input?: Tensor4D;
}

/** Unpadded convolution, stride 1, with bias; `filter` [kh, kw, in, out]. */
export function convolve(x: Tensor4D, filter: Tensor4D, bias: Tensor1D, activation: "relu" | "linear"): Tensor4D {
  return fused.conv2d({ x, filter, bias, strides: 1, pad: "valid", activation });
}

/** Gradients of `convolve`. With `y`, the output of a ReLU, the gradient counts only where y > 0. */
export function convolveBackward(
  x: Tensor4D,
  y: Tensor4D | undefined,
  dy: Tensor4D,
  filter: Tensor4D,
  needsInput: boolean,
): LayerGradients {
  if (hasKernel("OvertileConvBackward")) {
    const inputs = y === undefined ? { x, dy, filter } : { x, dy, filter, y };
    return toGradients(runKernel("OvertileConvBackward", inputs, { pad: "valid", inputGradient: needsInput }));
  }
  return toGradients(
    tidy(() => {
      const masked: Tensor4D = y === undefined ? dy : mul(dy, step(y));
      const gradients: Tensor[] = [filterGradient(x, masked, filter.shape), sum(masked, [0, 1, 2])];
      if (needsInput) {
        const turned: Tensor4D = transpose(reverse(filter, [0, 1]), [0, 1, 3, 2]);
        gradients.push(conv2d(masked, turned, 1, filter.shape[0] - 1));
      }
      return gradients;
    }),
  );
}

// One matrix product a filter tap. The WASM and CPU backends are several times slower with transpose flags or batches;
// the GPU ones split a single long product over atomics, which is not repeatable, so there each image row is a batch.
function filterGradient(x: Tensor4D, dy: Tensor4D, [kh, kw, inputs, outputs]: Tensor4D["shape"]): Tensor4D {
  const [, height, width] = dy.shape;
  const perRow = getBackend() === "webgpu" || getBackend() === "webgl";
  const rows = perRow ? reshape(dy, [height, width, outputs]) : reshape(dy, [height * width, outputs]);
  const taps: Tensor[] = [];
  for (let r = 0; r < kh; r++) {
    for (let c = 0; c < kw; c++) {
      taps.push(
        tidy(() => {
          const window = slice(x, [0, r, c, 0], [1, height, width, inputs]);
          if (perRow) return sum(matMul(reshape(window, [height, width, inputs]), rows, true), 0);
          return matMul(transpose(reshape(window, [height * width, inputs])), rows);
        }),
      );
    }
  }
  return reshape(concat(taps, 0), [kh, kw, inputs, outputs]);
}

/** 2x2 up-convolution, stride 2, with bias and ReLU; `filter` [2, 2, out, in]. */
export function upConvolve(x: Tensor4D, filter: Tensor4D, bias: Tensor1D): Tensor4D {
  if (hasKernel("OvertileUpConv")) return only(runKernel("OvertileUpConv", { x, filter, bias }, { activation: "relu" }));
  return tidy(() => {
    const [, height, width, inputs] = x.shape;
    const outputs = filter.shape[2];
    const blocks = matMul(reshape(x, [height * width, inputs]), upFilterMatrix(filter));
    const map = transpose(reshape(blocks, [height, width, 2, 2, outputs]), [0, 2, 1, 3, 4]);
    return relu(add(reshape(map, [1, 2 * height, 2 * width, outputs]), bias)) as Tensor4D;
  });
}

/** Gradients of `upConvolve`; `y` is its output, and its gradient the last channels of `dConcat`, that of the concatenation it went into. */
export function upConvolveBackward(x: Tensor4D, y: Tensor4D, dConcat: Tensor4D, filter: Tensor4D): LayerGradients {
  const channelOffset = dConcat.shape[3] - y.shape[3];
  if (hasKernel("OvertileUpConvBackward")) {
    return toGradients(runKernel("OvertileUpConvBackward", { x, y, dy: dConcat, filter }, { channelOffset }));
  }
  return toGradients(
    tidy(() => {
      const [, height, width, inputs] = x.shape;
      const outputs = filter.shape[2];
      const dy = slice(dConcat, [0, 0, 0, channelOffset], y.shape);
      const masked = mul(dy, step(y));
      const blocks = reshape(transpose(reshape(masked, [height, 2, width, 2, outputs]), [0, 2, 1, 3, 4]), [height * width, 4 * outputs]);
      const input = reshape(matMul(blocks, transpose(upFilterMatrix(filter))), x.shape);
      const filterMatrix = matMul(transpose(blocks), reshape(x, [height * width, inputs]));
      return [reshape(filterMatrix, filter.shape), sum(masked, [0, 1, 2]), input];
    }),
  );
}

/** [2, 2, out, in] as the matrix [in, 4 * out]. */
function upFilterMatrix(filter: Tensor4D): Tensor {
  const [, , outputs, inputs] = filter.shape;
  return transpose(reshape(filter, [4 * outputs, inputs]));
}

/** 2x2 max pooling, stride 2, of even sides. */
export function maxPool(x: Tensor4D): Tensor4D {
  return only(runKernel("MaxPool", { x }, { filterSize: 2, strides: 2, pad: "valid" }));
}

/**
 * Gradient of `maxPool`; the first of equal values gets it, in raster order. `dConcat`, the gradient of the concatenation
 * that took x as its skip, adds its first channels to the centre.
 */
export function maxPoolBackward(x: Tensor4D, y: Tensor4D, dy: Tensor4D, dConcat?: Tensor4D): Tensor4D {
  if (hasKernel("OvertileMaxPoolBackward")) {
    return only(runKernel("OvertileMaxPoolBackward", dConcat === undefined ? { x, dy } : { x, dy, dConcat }, {}));
  }
  return tidy(() => {
    const [, height, width, channels] = x.shape;
    const corners = transpose(reshape(x, [height / 2, 2, width / 2, 2, channels]), [1, 3, 0, 2, 4]);
    const shape = [height / 2, width / 2, channels];
    const peak = reshape(y, shape);
    const gradient = reshape(dy, shape);
    let free: Tensor | undefined;
    const parts: Tensor[] = [];
    for (const [row, column] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ] as const) {
      const corner = reshape(slice(corners, [row, column, 0, 0, 0], [1, 1, ...shape]), shape);
      const hit = mul(sub(1, step(sub(peak, corner))), free ?? 1);
      parts.push(reshape(mul(gradient, hit), [1, ...shape]));
      free = free === undefined ? sub(1, hit) : sub(free, hit);
    }
    const placed = transpose(reshape(concat(parts, 0), [2, 2, ...shape]), [2, 0, 3, 1, 4]);
    const pooled: Tensor4D = reshape(placed, x.shape);
    if (dConcat === undefined) return pooled;
    const crop = (height - dConcat.shape[1]) / 2;
    const skip = slice(dConcat, [0, 0, 0, 0], [1, dConcat.shape[1], dConcat.shape[2], channels]);
    return add(
      pooled,
      pad(skip, [
        [0, 0],
        [crop, crop],
        [crop, crop],
        [0, 0],
      ]),
    ) as Tensor4D;
  });
}

/** The skip, cropped to the size of x, then x, as channels of one map. Its gradient needs no op: `maxPoolBackward` and `upConvolveBackward` read it in place. */
export function cropConcat(skip: Tensor4D, x: Tensor4D): Tensor4D {
  if (hasKernel("OvertileCropConcat")) return only(runKernel("OvertileCropConcat", { skip, x }, {}));
  return tidy(() => {
    const [, height, width] = x.shape;
    const y0 = (skip.shape[1] - height) / 2;
    const x0 = (skip.shape[2] - width) / 2;
    return concat([slice(skip, [0, y0, x0, 0], [1, height, width, skip.shape[3]]), x], 3);
  });
}

/** x times a mask of the same size. */
export function applyMask(x: Tensor4D, mask: Tensor4D): Tensor4D {
  return mul(x, mask);
}

function hasKernel(name: string): boolean {
  return getKernel(name, getBackend()) !== undefined;
}

function runKernel(
  name: string,
  inputs: Readonly<Record<string, Tensor>>,
  attributes: Readonly<Record<string, string | number | boolean>>,
): Tensor[] {
  const outputs = engine().runKernel<Tensor | Tensor[]>(name, inputs as NamedTensorMap, attributes);
  return Array.isArray(outputs) ? outputs : [outputs];
}

function only(outputs: Tensor[]): Tensor4D {
  return outputs[0] as Tensor4D;
}

function toGradients([filter, bias, input]: Tensor[]): LayerGradients {
  const weights = { filter: filter as Tensor4D, bias: bias as Tensor1D };
  return input === undefined ? weights : { ...weights, input: input as Tensor4D };
}
