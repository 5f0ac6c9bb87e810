// Open outlines while their rows come in: chains of corners with two loose ends, in typed arrays whose places are used again.
// A chain's head hangs on the right edge of a run, where the outline goes down; its tail on a left edge, where it comes up.

import type { Ring } from "./outline.ts";

/** A loose end of a chain. */
export type Hook = number;

export interface Chains {
  /** A new chain from (tailX, y) to (headX, y). */
  begin(tailX: number, headX: number, y: number): { tail: Hook; head: Hook };
  /** Leads a loose end along row `y` from `fromX` to `toX`. `isHead` says which end it is. */
  extend(hook: Hook, isHead: boolean, fromX: number, toX: number, y: number): void;
  /** Joins a head to a tail along row `y`. Returns the ring when the two were ends of one chain: it is closed then. */
  join(head: Hook, headX: number, tail: Hook, tailX: number, y: number): Ring | undefined;
  /** Corners in use: what memory is needed for. */
  readonly corners: number;
}

export function createChains(): Chains {
  // Corners: places, and the next corner on the way from tail to head; free places are chained by `next`, too.
  let xs = new Int32Array(4096);
  let ys = new Int32Array(4096);
  let next = new Int32Array(4096);
  let freeCorner = -1;
  let cornersUsed = 0;
  let corners = 0;
  // Loose ends: the corner at the end, and the loose end of the same chain on its other side.
  let ends = new Int32Array(1024);
  let mates = new Int32Array(1024);
  let freeHook = -1;
  let hooksUsed = 0;

  const addCorner = (x: number, y: number, after: number): number => {
    let at = freeCorner;
    if (at >= 0) freeCorner = next[at]!;
    else {
      if (cornersUsed === xs.length) {
        xs = enlarge(xs);
        ys = enlarge(ys);
        next = enlarge(next);
      }
      at = cornersUsed++;
    }
    corners++;
    xs[at] = x;
    ys[at] = y;
    next[at] = after;
    return at;
  };
  const addHook = (end: number): Hook => {
    let hook = freeHook;
    if (hook >= 0) freeHook = mates[hook]!;
    else {
      if (hooksUsed === ends.length) {
        ends = enlarge(ends);
        mates = enlarge(mates);
      }
      hook = hooksUsed++;
    }
    ends[hook] = end;
    return hook;
  };
  const dropHook = (hook: Hook) => {
    mates[hook] = freeHook;
    freeHook = hook;
  };
  // The corners from `first` to `last`, which are free afterwards.
  const takeRing = (first: number, last: number): Ring => {
    let count = 1;
    for (let at = first; at !== last; at = next[at]!) count++;
    const ring = new Int32Array(2 * count);
    for (let at = first, i = 0; i < ring.length; at = next[at]!) {
      ring[i++] = xs[at]!;
      ring[i++] = ys[at]!;
    }
    next[last] = freeCorner;
    freeCorner = first;
    corners -= count;
    return ring;
  };

  return {
    begin: (tailX, headX, y) => {
      const last = addCorner(headX, y, -1);
      const tail = addHook(addCorner(tailX, y, last));
      const head = addHook(last);
      mates[tail] = head;
      mates[head] = tail;
      return { tail, head };
    },
    extend: (hook, isHead, fromX, toX, y) => {
      if (isHead) {
        const end = addCorner(toX, y, -1);
        next[ends[hook]!] = addCorner(fromX, y, end);
        ends[hook] = end;
      } else ends[hook] = addCorner(toX, y, addCorner(fromX, y, ends[hook]!));
    },
    join: (head, headX, tail, tailX, y) => {
      const first = ends[tail]!;
      const last = addCorner(tailX, y, first);
      next[ends[head]!] = addCorner(headX, y, last);
      const isClosed = mates[head] === tail;
      if (!isClosed) {
        mates[mates[head]!] = mates[tail]!;
        mates[mates[tail]!] = mates[head]!;
      }
      dropHook(head);
      dropHook(tail);
      return isClosed ? startAtTop(takeRing(first, last)) : undefined;
    },
    get corners() {
      return corners;
    },
  };
}

// So that a ring is the same wherever its chain was begun.
function startAtTop(ring: Ring): Ring {
  let top = 0;
  for (let i = 2; i < ring.length; i += 2) {
    if (ring[i + 1]! < ring[top + 1]! || (ring[i + 1] === ring[top + 1] && ring[i]! < ring[top]!)) top = i;
  }
  if (top === 0) return ring;
  const turned = new Int32Array(ring.length);
  turned.set(ring.subarray(top));
  turned.set(ring.subarray(0, top), ring.length - top);
  return turned;
}

/**
 * Simple rings of one that may touch itself at corners: an outer ring around a bay that is closed by two pixels meeting at a
 * corner is an outer ring and a hole that touch there (a valid polygon by OGC's rules, which the ring alone is not).
 */
export function splitRing(ring: Ring): readonly Ring[] {
  const count = ring.length / 2;
  // Corners by their places: open addressing, each slot with the last corner at a place.
  const bits = Math.max(2, 33 - Math.clz32(count));
  const slots = new Int32Array(2 ** bits).fill(-1);
  const findSlot = (x: number, y: number): number => {
    let slot = (Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca6b)) >>> (32 - bits);
    for (;;) {
      const corner = slots[slot]!;
      if (corner < 0 || (ring[2 * corner] === x && ring[2 * corner + 1] === y)) return slot;
      slot = (slot + 1) & (slots.length - 1);
    }
  };
  const rings: Ring[] = [];
  const path = new Int32Array(count);
  const depths = new Int32Array(count).fill(-1); // of each corner its place in the path, where it is there
  let depth = 0;
  const take = (from: number): Ring => {
    const loop = new Int32Array(2 * (depth - from));
    for (let i = from; i < depth; i++) {
      const corner = path[i]!;
      loop[2 * (i - from)] = ring[2 * corner]!;
      loop[2 * (i - from) + 1] = ring[2 * corner + 1]!;
      depths[corner] = -1;
    }
    depth = from;
    return startAtTop(loop);
  };
  for (let corner = 0; corner < count; corner++) {
    const slot = findSlot(ring[2 * corner]!, ring[2 * corner + 1]!);
    const before = slots[slot]!;
    if (before >= 0 && depths[before]! >= 0) rings.push(take(depths[before]!));
    slots[slot] = corner;
    path[depth] = corner;
    depths[corner] = depth++;
  }
  return rings.length === 0 ? [ring] : [take(0), ...rings];
}

function enlarge(column: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * column.length);
  larger.set(column);
  return larger;
}
