// Pieces of an object that came out too small become part of a neighbour again: a cut that makes one is not made.

import type { Pieces } from "./watershed.ts";

/**
 * The pieces with those under `minSizePx` pixels joined, the smallest first, each to the neighbour that it shares the longest
 * side with; the first of equal ones. An object that is as small itself is one piece.
 */
export function mergeSmallPieces({ count, data }: Pieces, width: number, minSizePx: number): Pieces {
  const areas = new Float64Array(count + 1);
  for (let i = 0; i < data.length; i++) areas[data[i]!]!++;
  let small = findSmallest(areas, minSizePx);
  if (small === 0) return { count, data };
  const owners = Uint32Array.from(areas, (_, piece) => piece);
  const sides = measureSides(data, width, count);
  for (; small !== 0; small = findSmallest(areas, minSizePx)) {
    const around = sides[small]!;
    let into = 0;
    for (const [piece, length] of around)
      if (into === 0 || length > around.get(into)! || (length === around.get(into)! && piece < into)) into = piece;
    if (into === 0) break; // nothing is left to be joined to
    for (const [piece, length] of around) {
      sides[piece]!.delete(small);
      if (piece === into) continue;
      sides[piece]!.set(into, (sides[piece]!.get(into) ?? 0) + length);
      sides[into]!.set(piece, (sides[into]!.get(piece) ?? 0) + length);
    }
    areas[into]! += areas[small]!;
    areas[small] = 0;
    owners[small] = into;
  }
  return renumber(data, owners);
}

/** The smallest piece under the size, the first of equal ones; 0 when there is none. */
function findSmallest(areas: Float64Array, minSizePx: number): number {
  let smallest = 0;
  for (let piece = 1; piece < areas.length; piece++) {
    if (areas[piece]! > 0 && areas[piece]! < minSizePx && (smallest === 0 || areas[piece]! < areas[smallest]!)) smallest = piece;
  }
  return smallest;
}

/** Of each piece, its neighbours and how many sides of pixels it shares with each. */
function measureSides(data: Pieces["data"], width: number, count: number): readonly Map<number, number>[] {
  const sides = Array.from({ length: count + 1 }, () => new Map<number, number>());
  const meet = (a: number, b: number): void => {
    if (a === b || a === 0 || b === 0) return;
    sides[a]!.set(b, (sides[a]!.get(b) ?? 0) + 1);
    sides[b]!.set(a, (sides[b]!.get(a) ?? 0) + 1);
  };
  for (let i = 0; i < data.length; i++) {
    if (i % width > 0) meet(data[i - 1]!, data[i]!);
    if (i >= width) meet(data[i - width]!, data[i]!);
  }
  return sides;
}

/** Pieces by their owners, numbered anew in reading order. */
function renumber(data: Pieces["data"], owners: Uint32Array): Pieces {
  const numbers = new Uint32Array(owners.length);
  let count = 0;
  const out = Uint32Array.from(data, (piece) => {
    if (piece === 0) return 0;
    let owner = piece;
    while (owners[owner] !== owner) owner = owners[owner]!;
    if (numbers[owner] === 0) numbers[owner] = ++count;
    return numbers[owner]!;
  });
  return { count, data: out };
}
