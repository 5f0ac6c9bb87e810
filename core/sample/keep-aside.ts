// Pixels that are kept aside of what is drawn, to judge by what was learnt from the rest: whole images where there are several, else
// what lies right of a column. A pure function of the images.

import { findPlaces, type Prepared } from "./prepare.ts";

export interface KeptAside {
  readonly learnt: readonly Prepared[];
  readonly kept: readonly Prepared[];
}

/** One image of so many is kept aside, or so much of the drawn pixels of a single one. */
const every = 4;

/** Undefined where what is drawn cannot be parted: one of the parts would have no object. */
export function keepAside(images: readonly Prepared[]): KeptAside | undefined {
  const drawn = images.filter(hasObjects);
  const kept = drawn.filter((_, i) => i % every === every - 1 || (drawn.length < every && i === drawn.length - 1));
  if (drawn.length > 1) return { learnt: images.filter((image) => !kept.includes(image)), kept };
  const [only] = drawn;
  if (only === undefined) return undefined;
  const { width } = only.image;
  const column = findColumn(only);
  const [left, right] = [mask(only, (i) => i % width < column), mask(only, (i) => i % width >= column)];
  if (!hasObjects(left) || !hasObjects(right)) return undefined;
  return { learnt: images.map((image) => (image === only ? left : image)), kept: [right] };
}

function hasObjects({ places }: Prepared): boolean {
  return places.foreground[places.height]! > 0;
}

/** The column from which on a quarter of the object's pixels lie. */
function findColumn({ image: { width }, target, weight, places }: Prepared): number {
  const counts = new Uint32Array(width);
  for (let i = 0; i < target.length; i++) if (target[i] !== 0 && weight[i]! > 0) counts[i % width]!++;
  const wanted = places.foreground[places.height]! / every;
  let column = width;
  for (let right = 0; column > 0 && right < wanted; ) right += counts[--column]!;
  return column;
}

/** The image with weight 0 wherever it does not count. */
function mask(prepared: Prepared, counts: (i: number) => boolean): Prepared {
  const weight = prepared.weight.map((value, i) => (counts(i) ? value : 0));
  return { ...prepared, weight, places: findPlaces(prepared.image, prepared.target, weight) };
}
