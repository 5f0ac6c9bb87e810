// Gaussian smoothing of numbers on a grid: out[y][x] = sum over (i, j) of k[i] k[j] in[y + i][x + j], with k[i] ~ exp(-i^2 / (2 sigma^2)),
// cut at 4 sigma and summing to 1, as SciPy's gaussian_filter has it. Beyond the grid everything is 0 (SciPy's mode "constant").

/** The right half of the kernel, from its middle on. `sigmaPx` must be above 0. */
export function gaussianKernel(sigmaPx: number): Float64Array {
  const radius = Math.floor(4 * sigmaPx + 0.5);
  const half = Float64Array.from({ length: radius + 1 }, (_, i) => Math.exp((-0.5 * i * i) / (sigmaPx * sigmaPx)));
  const sum = half.reduce((all, value, i) => all + (i === 0 ? value : 2 * value), 0);
  return half.map((value) => value / sum);
}

/** Smooths the first height x width numbers of `data` along x and then along y. */
export function smoothInPlace(
  data: Float64Array,
  { height, width }: { readonly height: number; readonly width: number },
  kernel: Float64Array,
): void {
  const line = new Float64Array(Math.max(height, width));
  for (let y = 0; y < height; y++) smoothLine(data, y * width, 1, width, kernel, line);
  for (let x = 0; x < width; x++) smoothLine(data, x, width, height, kernel, line);
}

function smoothLine(data: Float64Array, start: number, step: number, count: number, kernel: Float64Array, line: Float64Array): void {
  const radius = kernel.length - 1;
  for (let i = 0; i < count; i++) line[i] = data[start + i * step]!;
  for (let i = 0; i < count; i++) {
    let sum = kernel[0]! * line[i]!;
    for (let k = 1; k <= radius; k++) {
      const before = i >= k ? line[i - k]! : 0;
      const after = i + k < count ? line[i + k]! : 0;
      sum += kernel[k]! * (before + after);
    }
    data[start + i * step] = sum;
  }
}

/** Smooths a raster of several channels, channel by channel; beyond its edges the outermost pixels go on (SciPy's mode "nearest"). */
export function smoothPixelsInPlace(
  data: Float32Array,
  { height, width, channels }: { readonly height: number; readonly width: number; readonly channels: number },
  sigmaPx: number,
): void {
  const kernel = gaussianKernel(sigmaPx);
  const radius = kernel.length - 1;
  const line = new Float64Array(Math.max(height, width) + 2 * radius);
  const smooth = (start: number, step: number, count: number): void => {
    for (let i = -radius; i < count + radius; i++) line[i + radius] = data[start + Math.min(count - 1, Math.max(0, i)) * step]!;
    for (let i = 0; i < count; i++) {
      const at = i + radius;
      let sum = kernel[0]! * line[at]!;
      for (let k = 1; k <= radius; k++) sum += kernel[k]! * (line[at - k]! + line[at + k]!);
      data[start + i * step] = sum;
    }
  };
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) smooth(y * width * channels + c, channels, width);
    for (let x = 0; x < width; x++) smooth(x * channels + c, width * channels, height);
  }
}
