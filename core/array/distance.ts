// The exact Euclidean distance transform in linear time: down and up the columns, then the lower envelope of parabolas
// along each row. Felzenszwalb and Huttenlocher 2012, doi:10.4086/toc.2012.v008a019.

/** Squared distance, in pixels, of each pixel to the nearest non-zero pixel of `mask`; Infinity when there is none. */
export function squaredDistances(mask: Uint8Array, height: number, width: number): Float64Array {
  const columns = measureColumns(mask, height, width);
  const out = new Float64Array(height * width);
  const room = createEnvelopeRoom(width);
  for (let y = 0; y < height; y++) squareRow(columns, y * width, (y + 1) * width, out, room);
  return out;
}

/** The distance to the nearest non-zero pixel of the same column. */
function measureColumns(mask: Uint8Array, height: number, width: number): Float64Array {
  const out = new Float64Array(height * width);
  for (let i = 0; i < out.length; i++) {
    const above = i >= width ? out[i - width]! + 1 : Number.POSITIVE_INFINITY;
    out[i] = mask[i] ? 0 : above;
  }
  for (let i = (height - 1) * width - 1; i >= 0; i--) {
    const below = out[i + width]! + 1;
    if (below < out[i]!) out[i] = below;
  }
  return out;
}

/** Parabolas of the envelope: where they are, and where each begins to be the lowest. */
export interface EnvelopeRoom {
  readonly vertices: Int32Array;
  readonly starts: Float64Array;
}

export function createEnvelopeRoom(width: number): EnvelopeRoom {
  return { vertices: new Int32Array(width), starts: new Float64Array(width + 1) };
}

/** The squared distances of a row of pixels, `from` to `end` of `columns` and `out`, whose columns were measured. `out` must be zeros. */
export function squareRow<T extends Float64Array | Int32Array>(columns: T, from: number, end: number, out: T, room: EnvelopeRoom): void {
  for (let x = from; x < end; ) {
    if (columns[x] === 0) {
      x++;
      continue;
    }
    let to = x + 1;
    while (to < end && columns[to] !== 0) to++;
    // Nothing beyond a zero is nearer than the zero itself: it and what lies between two are enough.
    lowerEnvelope(columns, Math.max(from, x - 1), Math.min(end, to + 1), out, room);
    x = to;
  }
}

/** Makes of `out[from + x]` the minimum over q of `(x - q)^2 + columns[from + q]^2`, up to `to`. */
function lowerEnvelope<T extends Float64Array | Int32Array>(
  columns: T,
  from: number,
  to: number,
  out: T,
  { vertices, starts }: EnvelopeRoom,
): void {
  const width = to - from;
  let last = -1;
  for (let q = 0; q < width; q++) {
    const column = columns[from + q]!;
    if (column === Number.POSITIVE_INFINITY) continue;
    const height = column * column + q * q;
    let start = Number.NEGATIVE_INFINITY;
    while (last >= 0) {
      const v = vertices[last]!;
      start = (height - (columns[from + v]! ** 2 + v * v)) / (2 * (q - v));
      if (start > starts[last]!) break;
      last--;
    }
    last++;
    vertices[last] = q;
    starts[last] = last === 0 ? Number.NEGATIVE_INFINITY : start;
  }
  if (last < 0) {
    out.fill(Number.POSITIVE_INFINITY, from, to);
    return;
  }
  starts[last + 1] = Number.POSITIVE_INFINITY;
  let k = 0;
  for (let x = 0; x < width; x++) {
    while (starts[k + 1]! < x) k++;
    const v = vertices[k]!;
    out[from + x] = (x - v) * (x - v) + columns[from + v]! ** 2;
  }
}
