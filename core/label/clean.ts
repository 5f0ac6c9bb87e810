// Tidying a label image: small objects away, holes filled, ids in reading order. Every function returns a new image.

import type { LabelImage } from "../array/raster.ts";
import { type CountedLabels, labelComponents } from "./components.ts";

/** Holes filled, then objects under `minSizePx` pixels away, then ids 1, 2, 3... in reading order. */
export function cleanLabels(
  labels: LabelImage,
  { minSizePx = 0, holes = false }: { minSizePx?: number; holes?: boolean } = {},
): CountedLabels {
  return removeSmallObjects(holes ? fillHoles(labels) : labels, minSizePx);
}

/** The objects of at least `minSizePx` pixels, numbered anew in reading order. */
export function removeSmallObjects(labels: LabelImage, minSizePx: number): CountedLabels {
  if (minSizePx <= 1) return relabelInOrder(labels);
  const areas = createTally(labels.data);
  forEachRun(labels.data, (id, from, to) => {
    areas.set(id, areas.get(id) + to - from);
  });
  return renumber(labels, (id) => areas.get(id) >= minSizePx);
}

/** The same objects with ids 1, 2, 3... in the reading order of their first pixels. */
export function relabelInOrder(labels: LabelImage): CountedLabels {
  return renumber(labels, () => true);
}

/**
 * Holes filled: a part of the background that does not reach the image's edge and touches one object only becomes that
 * object. Objects are 4-connected, so the background is 8-connected. What lies between several objects stays background.
 */
export function fillHoles({ height, width, data }: LabelImage): LabelImage {
  const background = labelBackground({ height, width, data });
  // The one object that touches each part of the background; 0 before one is met.
  const owners = new Uint32Array(background.count + 1);
  const open = new Uint8Array(background.count + 1);
  const claim = (part: number, id: number) => {
    if (owners[part] === 0) owners[part] = id;
    else if (owners[part] !== id) open[part] = 1;
  };
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const part = background.data[i]!;
      if (part === 0 || open[part] !== 0) continue;
      if (y === 0 || x === 0 || y === height - 1 || x === width - 1) {
        open[part] = 1;
        continue;
      }
      if (data[i - width] !== 0) claim(part, data[i - width]!);
      if (data[i - 1] !== 0) claim(part, data[i - 1]!);
      if (data[i + 1] !== 0) claim(part, data[i + 1]!);
      if (data[i + width] !== 0) claim(part, data[i + width]!);
    }
  }
  const out = data.slice();
  for (let i = 0; i < out.length; i++) {
    const part = background.data[i]!;
    if (part !== 0 && open[part] === 0) out[i] = owners[part]!;
  }
  return { height, width, data: out };
}

/** The 8-connected parts of the background, by numbers from 1 to `count` of which some are not used; 0 on objects. */
function labelBackground({ height, width, data }: LabelImage): CountedLabels {
  const background = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) background[i] = data[i] === 0 ? 1 : 0;
  const parts = labelComponents({ height, width, data: background });
  // The 4-connected parts, joined where they touch at a corner.
  const parents = new Uint32Array(parts.count + 1);
  for (let n = 0; n < parents.length; n++) parents[n] = n;
  const rootOf = (n: number): number => {
    let root = n;
    while (parents[root] !== root) {
      parents[root] = parents[parents[root]!]!;
      root = parents[root]!;
    }
    return root;
  };
  const join = (a: number, b: number) => {
    if (a !== 0 && b !== 0 && a !== b) parents[rootOf(a)] = rootOf(b);
  };
  for (let y = 1, i = width; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const part = parts.data[i]!;
      if (part === 0) continue;
      if (x > 0) join(part, parts.data[i - width - 1]!);
      if (x + 1 < width) join(part, parts.data[i - width + 1]!);
    }
  }
  const out = parts.data;
  for (let i = 0; i < out.length; i++) if (out[i] !== 0) out[i] = rootOf(out[i]!);
  return parts;
}

function renumber({ height, width, data }: LabelImage, keep: (id: number) => boolean): CountedLabels {
  const out = new Uint32Array(data.length);
  const seen = createTally(data); // the new id + 1
  let count = 0;
  forEachRun(data, (id, from, to) => {
    let next = seen.get(id) - 1;
    if (next < 0) {
      next = keep(id) ? ++count : 0;
      seen.set(id, next + 1);
    }
    if (next > 0) out.fill(next, from, to);
  });
  return { height, width, data: out, count };
}

/** A number for each id, 0 at first: in an array where ids are dense, which is ten times faster than a map. */
function createTally(data: Uint32Array): { get(id: number): number; set(id: number, value: number): void } {
  let largest = 0;
  for (const id of data) if (id > largest) largest = id;
  if (largest > data.length) {
    const sparse = new Map<number, number>();
    return { get: (id) => sparse.get(id) ?? 0, set: (id, value) => void sparse.set(id, value) };
  }
  const dense = new Uint32Array(largest + 1);
  return {
    get: (id) => dense[id]!,
    set: (id, value) => {
      dense[id] = value;
    },
  };
}

/** Calls `visit` for each run of equal non-zero ids, in reading order; `to` is exclusive. */
function forEachRun(data: Uint32Array, visit: (id: number, from: number, to: number) => void): void {
  for (let from = 0; from < data.length; ) {
    const id = data[from]!;
    let to = from + 1;
    while (to < data.length && data[to] === id) to++;
    if (id !== 0) visit(id, from, to);
    from = to;
  }
}
