// The sets of runs that make one object or one part of the background, and what is summed up over each: union-find
// (Rosenfeld and Pfaltz 1966) in columns of typed arrays that grow. Sets are planted 1, 2, 3... in reading order and the
// smaller number is the root, so roots are in the reading order of first pixels.

import type { ObjectTable } from "./object-table.ts";

/** The owner of a part of the background that is no hole. */
const open = 0xffffffff;

export interface ObjectForest {
  /** A new set without pixels; `region` is that of its first one. */
  plant(value: number, region: number): number;
  /** Makes one set of those of `a` and `b`, and returns its root. */
  unite(a: number, b: number): number;
  /** Adds the pixels `start` to `end` of row `y` to a set. */
  addRun(node: number, y: number, start: number, end: number): void;
  /** Says that a part of the background reaches the edge: it is no hole. */
  openHole(background: number): void;
  /** Says that a part of the background and an object share a side. A hole touches one object only. */
  claimHole(background: number, object: number): void;
  /** The objects of at least `minSizePx` pixels, holes filled, in reading order. */
  finish(size: { height: number; width: number; minSizePx: number; background: boolean; checksum: number }): FoundObjects;
}

/** A table, and the region of each object's first pixel. */
export interface FoundObjects extends ObjectTable {
  readonly regionOf: Uint32Array;
}

export function createObjectForest(): ObjectForest {
  let size = 1;
  let parents = new Uint32Array(4096);
  let values = new Uint8Array(4096);
  let areas = new Float64Array(4096);
  let y0 = new Uint32Array(4096);
  let y1 = new Uint32Array(4096);
  let x0 = new Uint32Array(4096);
  let x1 = new Uint32Array(4096);
  let regions = new Uint32Array(4096);
  /** Of a part of the background: an object that touches it, 0 before one was met, or `open`. */
  let owners = new Uint32Array(4096);
  // Pairs of a part of the background and an object beside its owner. Further down, both may turn out to be one object.
  let rivals: number[] = [];
  let mostRivals = 1 << 16;

  const rootOf = (node: number): number => {
    let root = node;
    while (parents[root] !== root) root = parents[root]!;
    for (let k = node; k !== root; ) {
      const next = parents[k]!;
      parents[k] = root;
      k = next;
    }
    return root;
  };
  const claimHole = (background: number, object: number) => {
    const part = rootOf(background);
    const owner = owners[part]!;
    if (owner === open || owner === object) return;
    if (owner === 0) owners[part] = object;
    else if (rootOf(owner) !== rootOf(object)) {
      if (rivals.length >= mostRivals) {
        rivals = listOnce(rivals);
        mostRivals = Math.max(1 << 16, 2 * rivals.length);
      }
      rivals.push(part, object);
    }
  };
  // Rows and rows of the same contact become one: contacts of parts and objects are as few as these themselves.
  const listOnce = (pairs: readonly number[]): number[] => {
    const kept = new Map<number, Set<number>>();
    for (let i = 0; i < pairs.length; i += 2) {
      const part = rootOf(pairs[i]!);
      const object = rootOf(pairs[i + 1]!);
      if (owners[part] === open || rootOf(owners[part]!) === object) continue;
      const known = kept.get(part);
      if (known === undefined) kept.set(part, new Set([object]));
      else known.add(object);
    }
    return [...kept].flatMap(([part, objects]) => [...objects].flatMap((object) => [part, object]));
  };

  return {
    plant: (value, region) => {
      const node = size++;
      if (node === parents.length) {
        parents = enlarge(parents);
        values = enlarge(values);
        areas = enlarge(areas);
        y0 = enlarge(y0);
        y1 = enlarge(y1);
        x0 = enlarge(x0);
        x1 = enlarge(x1);
        owners = enlarge(owners);
        regions = enlarge(regions);
      }
      parents[node] = node;
      values[node] = value;
      regions[node] = region;
      y0[node] = x0[node] = 0xffffffff;
      return node;
    },
    unite: (a, b) => {
      const [root, child] = sortTwo(rootOf(a), rootOf(b));
      if (root === child) return root;
      parents[child] = root;
      const owner = owners[child]!;
      if (owner === open || owners[root] === 0) owners[root] = owner;
      else if (owner !== 0) claimHole(root, owner);
      return root;
    },
    addRun: (node, y, start, end) => {
      areas[node]! += end - start;
      if (y < y0[node]!) y0[node] = y;
      if (start < x0[node]!) x0[node] = start;
      if (end > x1[node]!) x1[node] = end;
      y1[node] = y + 1;
    },
    openHole: (background) => {
      owners[rootOf(background)] = open;
    },
    claimHole,
    finish: ({ height, width, minSizePx, background, checksum }) => {
      for (let i = 0; i < rivals.length; i += 2) {
        const part = rootOf(rivals[i]!);
        if (owners[part] !== open && rootOf(owners[part]!) !== rootOf(rivals[i + 1]!)) owners[part] = open;
      }
      rivals = [];
      // A child has a larger number than its parent, so sums run down to the roots.
      for (let node = size - 1; node > 0; node--) {
        const parent = parents[node]!;
        if (parent === node) continue;
        areas[parent]! += areas[node]!;
        y0[parent] = Math.min(y0[parent]!, y0[node]!);
        x0[parent] = Math.min(x0[parent]!, x0[node]!);
        y1[parent] = Math.max(y1[parent]!, y1[node]!);
        x1[parent] = Math.max(x1[parent]!, x1[node]!);
      }
      const isHole = (node: number) => background && values[node] === 0 && owners[rootOf(node)] !== open;
      for (let node = 1; node < size; node++) {
        if (parents[node] === node && isHole(node)) areas[rootOf(owners[node]!)]! += areas[node]!;
      }
      const ids = new Uint32Array(size);
      const kept: number[] = [];
      const dropped = { count: 0, largestPx: 0 };
      for (let node = 1; node < size; node++) {
        if (values[node] === 0) continue;
        const parent = parents[node]!;
        if (parent !== node) ids[node] = ids[parent]!;
        else if (areas[node]! >= minSizePx) ids[node] = kept.push(node);
        else {
          dropped.count++;
          dropped.largestPx = Math.max(dropped.largestPx, areas[node]!);
        }
      }
      for (let node = 1; node < size; node++) if (isHole(node)) ids[node] = ids[owners[rootOf(node)]!]!;
      const select = <T extends Uint8Array | Uint32Array | Float64Array>(column: T, out: T): T => {
        for (let i = 0; i < kept.length; i++) out[i + 1] = column[kept[i]!]!;
        return out;
      };
      const count = kept.length;
      return {
        height,
        width,
        count,
        classes: select(values, new Uint8Array(count + 1)),
        areasPx: select(areas, new Float64Array(count + 1)),
        y0: select(y0, new Uint32Array(count + 1)),
        x0: select(x0, new Uint32Array(count + 1)),
        y1: select(y1, new Uint32Array(count + 1)),
        x1: select(x1, new Uint32Array(count + 1)),
        regionOf: select(regions, new Uint32Array(count + 1)),
        sets: { ids, background, checksum },
        dropped,
      };
    },
  };
}

function sortTwo(a: number, b: number): readonly [number, number] {
  return a < b ? [a, b] : [b, a];
}

function enlarge<T extends Uint8Array | Uint32Array | Float64Array>(column: T): T {
  const larger = new (column.constructor as new (length: number) => T)(2 * column.length);
  larger.set(column);
  return larger;
}
