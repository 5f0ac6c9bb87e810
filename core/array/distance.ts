// The exact Euclidean distance transform in linear time: down and up the columns, then the lower envelope of parabolas
// along each row. Felzenszwalb and Huttenlocher 2012, doi:10.4086/toc.2012.v008a019.

/** Squared distance, in pixels, of each pixel to the nearest non-zero pixel of `mask`; Infinity when there is none. */
export function squaredDistances(mask: Uint8Array, height: number, width: number): Float64Array {
  const out = new Float64Array(height * width);
  squareColumnDistances(mask, height, width, out);
  const row = new Float64Array(width);
  const envelope = { vertices: new Int32Array(width), starts: new Float64Array(width + 1) };
  for (let y = 0; y < height; y++) {
    row.set(out.subarray(y * width, (y + 1) * width));
    lowerEnvelope(row, envelope, out.subarray(y * width, (y + 1) * width));
  }
  return out;
}

/** Leaves in `out` the squared distance to the nearest non-zero pixel of the same column. */
function squareColumnDistances(mask: Uint8Array, height: number, width: number, out: Float64Array): void {
  for (let i = 0; i < out.length; i++) {
    const above = i >= width ? out[i - width]! + 1 : Number.POSITIVE_INFINITY;
    out[i] = mask[i] ? 0 : above;
  }
  for (let i = (height - 1) * width - 1; i >= 0; i--) {
    const below = out[i + width]! + 1;
    if (below < out[i]!) out[i] = below;
  }
  for (let i = 0; i < out.length; i++) out[i] = out[i]! * out[i]!;
}

/** Leaves in `out[x]` the minimum over q of `(x - q)^2 + heights[q]`. `vertices` and `starts` are scratch. */
function lowerEnvelope(heights: Float64Array, scratch: { vertices: Int32Array; starts: Float64Array }, out: Float64Array): void {
  const { vertices, starts } = scratch;
  const width = heights.length;
  let last = -1;
  for (let q = 0; q < width; q++) {
    const height = heights[q]!;
    if (height === Number.POSITIVE_INFINITY) continue;
    let start = Number.NEGATIVE_INFINITY;
    while (last >= 0) {
      const v = vertices[last]!;
      start = (height + q * q - (heights[v]! + v * v)) / (2 * (q - v));
      if (start > starts[last]!) break;
      last--;
    }
    if (last < 0) start = Number.NEGATIVE_INFINITY;
    last++;
    vertices[last] = q;
    starts[last] = start;
  }
  if (last < 0) return void out.fill(Number.POSITIVE_INFINITY);
  starts[last + 1] = Number.POSITIVE_INFINITY;
  let k = 0;
  for (let x = 0; x < width; x++) {
    while (starts[k + 1]! < x) k++;
    const v = vertices[k]!;
    out[x] = (x - v) * (x - v) + heights[v]!;
  }
}
