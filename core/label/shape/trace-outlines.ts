// Outlines from rows that come one after the other. On the line between two rows an object's outline runs where exactly one
// of the two has it; there, chains of corners begin, go on, join and close. Memory is that of the objects in the rows at hand.

import type { LabelImage } from "../../array/raster.ts";
import { type RunBand, runsOf } from "../run-band.ts";
import { createChains, type Hook, splitRing } from "./chains.ts";
import { groupRings, type Outline, type Ring } from "./outline.ts";

export interface OutlineTracer {
  /** Takes the next rows. Returns the objects that they show to be complete, by their last row, then by id. */
  add(runs: RunBand): readonly Outline[];
  /** What is left after the last row. */
  finish(): readonly Outline[];
}

/**
 * A tracer of label images whose objects are in one piece each, 4-connected, as `labelRuns` gives them. With `inPieces` an id
 * may stand for several pieces; all objects are then complete at the end only, in reading order.
 */
export function createOutlineTracer({ inPieces = false }: { inPieces?: boolean } = {}): OutlineTracer {
  const chains = createChains();
  const open = new Map<number, OpenObject>();
  let above = emptyRow;
  let nextY = 0;

  // Walks along the line above row `y`. Both rows are lists of edges from left to right; the edges of one object that are met
  // one after the other belong together in pairs: between them the line is outline.
  const walkLine = (row: EdgeRow, y: number, done: Outline[]) => {
    for (const object of row.objects) object.lastRow = y;
    for (let a = 0, b = 0; a < above.count || b < row.count; ) {
      const keyA = a < above.count ? above.keys[a]! : Number.POSITIVE_INFINITY;
      const keyB = b < row.count ? row.keys[b]! : Number.POSITIVE_INFINITY;
      if (keyA === keyB && above.objects[a >> 1] === row.objects[b >> 1]) {
        row.hooks[b++] = above.hooks[a++]!;
      } else if (keyA <= keyB) {
        meet(above.objects[a >> 1]!, keyA, above.hooks[a]!, above, a, y);
        a++;
      } else {
        meet(row.objects[b >> 1]!, keyB, none, row, b, y);
        b++;
      }
    }
    if (inPieces) return;
    const first = done.length;
    let last: OpenObject | undefined;
    for (const object of above.objects) {
      if (object === last || object.lastRow === y || !open.delete(object.id)) continue;
      last = object;
      done.push(toOutline(object));
    }
    if (done.length - first > 1) done.splice(first, done.length, ...done.slice(first).sort((p, q) => p.id - q.id));
  };
  // An edge from above has a hook; one from below gets its hook here. Right edges (even) carry heads, left ones tails.
  const meet = (object: OpenObject, key: number, hook: Hook, row: EdgeRow, at: number, y: number) => {
    if (!object.isPending) {
      object.isPending = true;
      object.key = key;
      object.hook = hook;
      object.row = row;
      object.at = at;
      return;
    }
    object.isPending = false;
    const x0 = object.key >> 1;
    const x1 = key >> 1;
    const isHead = (key & 1) === 0;
    // Two edges of one object at one corner, from both rows: its pixels meet diagonally.
    if (object.lastX === x0 || x0 === x1) object.isPinched = true;
    object.lastX = x1;
    if (object.hook === none && hook === none) {
      const { tail, head } = isHead ? chains.begin(x0, x1, y) : chains.begin(x1, x0, y);
      object.row.hooks[object.at] = isHead ? tail : head;
      row.hooks[at] = isHead ? head : tail;
    } else if (object.hook === none) {
      chains.extend(hook, isHead, x1, x0, y);
      object.row.hooks[object.at] = hook;
    } else if (hook === none) {
      chains.extend(object.hook, isHead, x0, x1, y);
      row.hooks[at] = object.hook;
    } else {
      const ring = isHead ? chains.join(hook, x1, object.hook, x0, y) : chains.join(object.hook, x0, hook, x1, y);
      if (ring !== undefined) object.rings.push(ring);
    }
  };

  return {
    add: (runs) => {
      const done: Outline[] = [];
      for (let y = 0; y < runs.height; y++) {
        const row = readEdges(runs, y, open);
        walkLine(row, runs.y0 + y, done);
        above = row;
      }
      nextY = runs.y0 + runs.height;
      return done;
    },
    finish: () => {
      const done: Outline[] = [];
      walkLine(emptyRow, nextY, done);
      above = emptyRow;
      return inPieces ? [...open.values()].map(toOutline) : done;
    },
  };
}

/** The outlines of a label image in memory, in the reading order of first pixels. Objects may be in several pieces. */
export function traceOutlines(labels: LabelImage): readonly Outline[] {
  const tracer = createOutlineTracer({ inPieces: true });
  tracer.add(runsOf(labels));
  return tracer.finish();
}

const none: Hook = -1;

interface OpenObject {
  readonly id: number;
  readonly rings: Ring[];
  /** The last row that has it. */
  lastRow: number;
  isPinched: boolean;
  /** Where the last piece of outline on the line at hand ended. */
  lastX: number;
  /** An edge that waits for the next one of its object, and where it belongs. */
  isPending: boolean;
  key: number;
  hook: Hook;
  row: EdgeRow;
  at: number;
}

/** The edges of a row's runs from left to right: those of run k are 2k (left) and 2k + 1 (right). */
interface EdgeRow {
  readonly count: number;
  /** Of each edge 2 x, plus 1 for a left edge: at one place an object ends before the next begins. */
  readonly keys: Int32Array;
  readonly hooks: Int32Array;
  readonly objects: readonly OpenObject[];
}

const emptyRow: EdgeRow = { count: 0, keys: new Int32Array(0), hooks: new Int32Array(0), objects: [] };

function readEdges({ rows, starts, ends, ids }: RunBand, y: number, open: Map<number, OpenObject>): EdgeRow {
  const from = rows[y]!;
  const runs = rows[y + 1]! - from;
  const keys = new Int32Array(2 * runs);
  const objects = new Array<OpenObject>(runs);
  for (let run = 0; run < runs; run++) {
    keys[2 * run] = 2 * starts[from + run]! + 1;
    keys[2 * run + 1] = 2 * ends[from + run]!;
    const id = ids[from + run]!;
    let object = open.get(id);
    if (object === undefined) {
      object = {
        id,
        rings: [],
        lastRow: -1,
        isPinched: false,
        lastX: -1,
        isPending: false,
        key: 0,
        hook: none,
        row: emptyRow,
        at: 0,
      };
      open.set(id, object);
    }
    objects[run] = object;
  }
  return { count: 2 * runs, keys, hooks: new Int32Array(2 * runs), objects };
}

function toOutline({ id, rings, isPinched }: OpenObject): Outline {
  return { id, polygons: groupRings(isPinched ? rings.flatMap(splitRing) : rings) };
}
