// The exact Euclidean distance transform in linear time: down and up the columns, then the lower envelope of parabolas
// along each row. Felzenszwalb and Huttenlocher 2012, doi:10.4086/toc.2012.v008a019.

/** Squared distance, in pixels, of each pixel to the nearest non-zero pixel of `mask`; Infinity when there is none. */
export function squaredDistances(mask: Uint8Array, height: number, width: number): Float64Array {
  const out = new Float64Array(height * width);
  squareColumnDistances(mask, height, width, out);
  const heights = new Float64Array(width);
  const scratch = { heights, vertices: new Int32Array(width), starts: new Float64Array(width + 1) };
  for (let y = 0; y < height; y++) {
    const end = (y + 1) * width;
    for (let from = y * width; from < end; ) {
      if (out[from] === 0) {
        from++;
        continue;
      }
      let to = from + 1;
      while (to < end && out[to] !== 0) to++;
      // Nothing beyond a zero is nearer than the zero itself: it and what lies between two are enough.
      lowerEnvelope(out, Math.max(y * width, from - 1), Math.min(end, to + 1), scratch);
      from = to;
    }
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

interface Scratch {
  readonly heights: Float64Array;
  readonly vertices: Int32Array;
  readonly starts: Float64Array;
}

/** Makes of `out[from + x]` the minimum over q of `(x - q)^2 + out[from + q]`, up to `to`. */
function lowerEnvelope(out: Float64Array, from: number, to: number, { heights, vertices, starts }: Scratch): void {
  const width = to - from;
  let last = -1;
  for (let q = 0; q < width; q++) {
    const height = out[from + q]!;
    heights[q] = height;
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
  if (last < 0) return; // all of it is infinite
  starts[last + 1] = Number.POSITIVE_INFINITY;
  let k = 0;
  for (let x = 0; x < width; x++) {
    while (starts[k + 1]! < x) k++;
    const v = vertices[k]!;
    out[from + x] = (x - v) * (x - v) + heights[v]!;
  }
}
