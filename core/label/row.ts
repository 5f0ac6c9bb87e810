// One row of classes as runs, and how the runs of two rows hang together. Runs cover the row whole, background included.

/** The runs of one row: run k has columns `starts[k]` to `starts[k + 1]`. */
export interface RunRow {
  count: number;
  /** One more than `count`: the last is the row's width. */
  readonly starts: Int32Array;
  /** The number that all pixels of a run have; 0 = background. */
  readonly values: Uint32Array;
  /** The set of each run in the forest of objects; 0 = none. */
  readonly nodes: Uint32Array;
}

/** A row with room for any runs of `width` pixels; it has none yet. */
export function createRunRow(width: number): RunRow {
  return { count: 0, starts: new Int32Array(width + 1), values: new Uint32Array(width), nodes: new Uint32Array(width) };
}

/** Makes `row` one of background alone. */
export function clearRow(width: number, row: RunRow): void {
  row.count = 1;
  row.starts[0] = 0;
  row.starts[1] = width;
  row.values[0] = 0;
}

/** Reads the runs of `data` from `from` on into `row`. */
export function readRuns(data: Uint8Array | Uint32Array, from: number, width: number, row: RunRow): void {
  if (data instanceof Uint8Array) {
    readByteRuns(data, from, width, row);
    return;
  }
  const { starts, values } = row;
  let count = 0;
  let last = -1;
  for (let x = 0; x < width; x++) {
    const value = data[from + x]!;
    if (value === last) continue;
    starts[count] = x;
    values[count++] = value;
    last = value;
  }
  starts[count] = width;
  row.count = count;
}

/** Of bytes, four at a time are looked at within a run. */
function readByteRuns(data: Uint8Array, from: number, width: number, row: RunRow): void {
  const { starts, values } = row;
  const shift = data.byteOffset & 3;
  const words = new Uint32Array(data.buffer, data.byteOffset - shift, (data.length + shift) >> 2);
  const end = from + width;
  let count = 0;
  for (let i = from; i < end; ) {
    const value = data[i]!;
    starts[count] = i - from;
    values[count++] = value;
    i++;
    while (i < end && ((i + shift) & 3) !== 0 && data[i] === value) i++;
    if (((i + shift) & 3) === 0) {
      const four = (value * 0x01010101) >>> 0;
      while (i + 4 <= end && words[(i + shift) >> 2] === four) i += 4;
      while (i < end && data[i] === value) i++;
    }
  }
  starts[count] = width;
  row.count = count;
}

/** Like `readRuns`, with 0 wherever `mask` is 0. */
export function readMaskedRuns(data: Uint8Array | Uint32Array, from: number, mask: Uint32Array, row: RunRow): void {
  const { starts, values } = row;
  let count = 0;
  let last = -1;
  for (let x = 0; x < mask.length; x++) {
    const value = mask[x] === 0 ? 0 : data[from + x]!;
    if (value === last) continue;
    starts[count] = x;
    values[count++] = value;
    last = value;
  }
  starts[count] = mask.length;
  row.count = count;
}

/** A number that stands for the runs of all rows so far: `sum` is that of those before (FNV-1a over starts and values). */
export function sumRuns(sum: number, { count, starts, values }: RunRow): number {
  let next = Math.imul(sum ^ count, 0x01000193);
  for (let run = 0; run < count; run++) next = Math.imul(Math.imul(next ^ starts[run]!, 0x01000193) ^ values[run]!, 0x01000193);
  return next >>> 0;
}

export interface LinkHow {
  /** A new set, for a run that touches none of its kind above. Called in reading order. */
  readonly plant: (value: number, start: number) => number;
  /** One set of two. */
  readonly unite: (a: number, b: number) => number;
  /** Without it, runs of background have no sets. */
  readonly background: boolean;
}

/**
 * Gives every run of `row` its set: that of the runs of the same number that it touches in the row above; objects touch by
 * sides, background by corners too. What is planted depends on the two rows alone, so a second walk plants the same.
 */
export function linkRuns(above: RunRow, row: RunRow, { plant, unite, background }: LinkHow): void {
  for (let run = 0, first = 0; run < row.count; run++) {
    const value = row.values[run]!;
    let node = 0;
    if (value !== 0 || background) {
      const reach = value === 0 ? 1 : 0;
      const from = row.starts[run]! - reach;
      const to = row.starts[run + 1]! + reach;
      while (first < above.count && above.starts[first + 1]! <= from) first++;
      for (let other = first; other < above.count && above.starts[other]! < to; other++) {
        if (above.values[other] !== value) continue;
        node = node === 0 ? above.nodes[other]! : unite(node, above.nodes[other]!);
      }
      if (node === 0) node = plant(value, row.starts[run]!);
    }
    row.nodes[run] = node;
  }
}

/** Calls `visit` for each pair of runs of background and object that share a side: in `row`, and between it and the row above. */
export function forEachContact(above: RunRow, row: RunRow, visit: (background: number, object: number) => void): void {
  for (let run = 1; run < row.count; run++) meet(row, run - 1, row, run, visit);
  for (let a = 0, b = 0; a < above.count && b < row.count; ) {
    meet(above, a, row, b, visit);
    const endA = above.starts[a + 1]!;
    const endB = row.starts[b + 1]!;
    if (endA <= endB) a++;
    if (endB <= endA) b++;
  }
}

function meet(rowA: RunRow, a: number, rowB: RunRow, b: number, visit: (background: number, object: number) => void): void {
  if (rowA.values[a] === 0 && rowB.values[b] !== 0) visit(rowA.nodes[a]!, rowB.nodes[b]!);
  else if (rowA.values[a] !== 0 && rowB.values[b] === 0) visit(rowB.nodes[b]!, rowA.nodes[a]!);
}
