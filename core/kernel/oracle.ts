// What every kernel computes, in plain TypeScript and float64: definition and test oracle in one. Written to be read, not to be
// fast. Maps are [batch, height, width, channels]; filters [k, k, inputs, outputs], of up-convolutions [2, 2, outputs, inputs].

/** Numbers in row-major order. */
export interface Block {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** A block of zeros. */
export function zeros(shape: readonly number[]): Block {
  return { shape, data: new Float64Array(shape.reduce((product, side) => product * side, 1)) };
}

type Four = [number, number, number, number];
const at = ({ shape }: Block, a: number, b: number, c: number, d: number): number => ((a * shape[1]! + b) * shape[2]! + c) * shape[3]! + d;

/** max(value, 0), and NaN for NaN. */
export const reluOf = (value: number): number => Math.max(value, 0);

/** dy where the ReLU's output y is > 0, else 0; dy itself without y. */
export function maskGradient(dy: Block, y: Block | undefined): Block {
  return y === undefined ? dy : { shape: dy.shape, data: dy.data.map((value, i) => (y.data[i]! > 0 ? value : 0)) };
}

/** y = x * filter (cross-correlation, stride 1, zeros around x where `padding` is 1) + bias, then ReLU where asked. */
export function convolve(x: Block, filter: Block, bias: Block | undefined, padding: number, relu: boolean): Block {
  const [batch, height, width] = x.shape as Four;
  const [side, , , outputs] = filter.shape as Four;
  const y = zeros([batch, height + 2 * padding - side + 1, width + 2 * padding - side + 1, outputs]);
  forEachTap(x, filter, y, padding, (xi, fi, yi) => {
    y.data[yi]! += x.data[xi]! * filter.data[fi]!;
  });
  return { shape: y.shape, data: y.data.map((value, i) => finish(value + (bias?.data[i % outputs] ?? 0), relu)) };
}

/** [filterGradient, biasGradient, inputGradient] of `convolve`, for its (masked) dy. */
export function convolveBackward(x: Block, filter: Block, dy: Block, padding: number): [Block, Block, Block] {
  const filterGradient = zeros(filter.shape);
  const inputGradient = zeros(x.shape);
  forEachTap(x, filter, dy, padding, (xi, fi, yi) => {
    filterGradient.data[fi]! += x.data[xi]! * dy.data[yi]!;
    inputGradient.data[xi]! += filter.data[fi]! * dy.data[yi]!;
  });
  return [filterGradient, sumChannels(dy), inputGradient];
}

function forEachTap(x: Block, filter: Block, y: Block, padding: number, visit: (xi: number, fi: number, yi: number) => void): void {
  const [, height, width] = x.shape as Four;
  const [side, , inputs, outputs] = filter.shape as Four;
  const [batch, outHeight, outWidth] = y.shape as Four;
  for (let n = 0; n < batch; n++)
    for (let i = 0; i < outHeight; i++)
      for (let j = 0; j < outWidth; j++)
        for (let u = 0; u < side; u++)
          for (let v = 0; v < side; v++) {
            const yy = i + u - padding;
            const xx = j + v - padding;
            if (yy < 0 || yy >= height || xx < 0 || xx >= width) continue;
            for (let c = 0; c < inputs; c++)
              for (let k = 0; k < outputs; k++) visit(at(x, n, yy, xx, c), at(filter, u, v, c, k), at(y, n, i, j, k));
          }
}

const finish = (value: number, relu: boolean): number => (relu ? reluOf(value) : value);

/** The sum over everything but the last axis. */
export function sumChannels(dy: Block): Block {
  const channels = dy.shape[3]!;
  const sums = zeros([channels]);
  dy.data.forEach((value, i) => {
    sums.data[i % channels]! += value;
  });
  return sums;
}

/** y[2i + u][2j + v][k] = sum_c x[i][j][c] filter[u][v][k][c] + bias[k], then ReLU where asked. */
export function upConvolve(x: Block, filter: Block, bias: Block, relu: boolean): Block {
  const [batch, height, width] = x.shape as Four;
  const outputs = filter.shape[2]!;
  const y = zeros([batch, 2 * height, 2 * width, outputs]);
  forEachUpTap(x, filter, y, (xi, fi, yi) => {
    y.data[yi]! += x.data[xi]! * filter.data[fi]!;
  });
  return { shape: y.shape, data: y.data.map((value, i) => finish(value + bias.data[i % outputs]!, relu)) };
}

/** [filterGradient, biasGradient, inputGradient] of `upConvolve`, for its (masked) dy. */
export function upConvolveBackward(x: Block, filter: Block, dy: Block): [Block, Block, Block] {
  const filterGradient = zeros(filter.shape);
  const inputGradient = zeros(x.shape);
  forEachUpTap(x, filter, dy, (xi, fi, yi) => {
    filterGradient.data[fi]! += x.data[xi]! * dy.data[yi]!;
    inputGradient.data[xi]! += filter.data[fi]! * dy.data[yi]!;
  });
  return [filterGradient, sumChannels(dy), inputGradient];
}

function forEachUpTap(x: Block, filter: Block, y: Block, visit: (xi: number, fi: number, yi: number) => void): void {
  const [batch, height, width, inputs] = x.shape as Four;
  const outputs = filter.shape[2]!;
  for (let n = 0; n < batch; n++)
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++)
        for (let u = 0; u < 2; u++)
          for (let v = 0; v < 2; v++)
            for (let k = 0; k < outputs; k++)
              for (let c = 0; c < inputs; c++) visit(at(x, n, i, j, c), at(filter, u, v, k, c), at(y, n, 2 * i + u, 2 * j + v, k));
}

/** The maximum of each 2x2 window; NaN where there is one. A row or column left over belongs to no window. */
export function maxPool(x: Block): Block {
  const [batch, height, width, channels] = x.shape as Four;
  const y = zeros([batch, height >> 1, width >> 1, channels]);
  forEachWindow(x, y, (window, yi) => {
    y.data[yi] = Math.max(...window.map((xi) => x.data[xi]!));
  });
  return y;
}

/** dx of `maxPool`: all of a window's gradient goes to its first maximum; `dConcat`'s first channels are added to the centre. */
export function maxPoolBackward(x: Block, dy: Block, dConcat?: Block): Block {
  const dx = zeros(x.shape);
  forEachWindow(x, dy, (window, yi) => {
    const first = window.reduce((best, xi) => (x.data[xi]! > x.data[best]! ? xi : best));
    dx.data[first] = dy.data[yi]!;
  });
  if (dConcat === undefined) return dx;
  const [batch, height, width, channels] = x.shape as Four;
  const [, h, w] = dConcat.shape as Four;
  for (let n = 0; n < batch; n++)
    for (let i = 0; i < h; i++)
      for (let j = 0; j < w; j++)
        for (let c = 0; c < channels; c++)
          dx.data[at(dx, n, i + ((height - h) >> 1), j + ((width - w) >> 1), c)]! += dConcat.data[at(dConcat, n, i, j, c)]!;
  return dx;
}

function forEachWindow(x: Block, y: Block, visit: (window: number[], yi: number) => void): void {
  const [batch, height, width, channels] = y.shape as Four;
  for (let n = 0; n < batch; n++)
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++)
        for (let c = 0; c < channels; c++) {
          const window = [0, 1].flatMap((u) => [0, 1].map((v) => at(x, n, 2 * i + u, 2 * j + v, c)));
          visit(window, at(y, n, i, j, c));
        }
}

/** The skip's centre of x's size, then x, along the channels. */
export function cropConcat(skip: Block, x: Block): Block {
  const [batch, height, width, channels] = x.shape as Four;
  const [, skipHeight, skipWidth, skipChannels] = skip.shape as Four;
  const top = (skipHeight - height) >> 1;
  const left = (skipWidth - width) >> 1;
  const y = zeros([batch, height, width, skipChannels + channels]);
  for (let n = 0; n < batch; n++)
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++) {
        for (let c = 0; c < skipChannels; c++) y.data[at(y, n, i, j, c)] = skip.data[at(skip, n, top + i, left + j, c)]!;
        for (let c = 0; c < channels; c++) y.data[at(y, n, i, j, skipChannels + c)] = x.data[at(x, n, i, j, c)]!;
      }
  return y;
}
