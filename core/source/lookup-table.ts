// A palette is one of two things: the colours of a picture (indices mean nothing), or a look-up table that shows the grey values of
// one channel in colour (indices are what was measured). Microscopes and ImageJ write the second, drawing programs the first.

/** Said of grey values that are shown in colours. */
export const tableNotice = "its colours are a look-up table of one channel; the grey values under it are read.";
/** Said of numbers that are shown the other way round. */
export const invertedNotice = "it is shown inverted, 0 as white; its numbers are read as they are stored.";

/** Entries of a palette, each from 0 on. */
export interface Palette {
  readonly red: ArrayLike<number>;
  readonly green: ArrayLike<number>;
  readonly blue: ArrayLike<number>;
}

/** Shorter ones are the colours of a drawing. */
const leastEntries = 16;
/** Below so many entries a few colours in a row may rise by chance. */
const leastSmooth = 64;
/** A curved table (Fire, Viridis) turns round a few times in each colour; the sorted colours of a picture jump all the time. */
const mostTurns = 3;
/** No step of a table is more than this part of its way from dark to bright. */
const largestStep = 1 / 8;

/**
 * True for a table that rises evenly from dark to bright: straight in every colour, or smooth and long. Greys must be those of their
 * own indices: others are the sorted greys of a picture, which say more than their indices.
 */
export function isLookupTable({ red, green, blue }: Palette): boolean {
  const length = red.length;
  if (length < leastEntries) return false;
  const curves = [red, green, blue];
  const bright = Float64Array.from({ length }, (_, index) => 0.299 * red[index]! + 0.587 * green[index]! + 0.114 * blue[index]!);
  const way = bright[length - 1]! - bright[0]!;
  const steps = Array.from({ length: length - 1 }, (_, index) => bright[index + 1]! - bright[index]!);
  const isEven = steps.every((step) => step >= 0 && step <= way * largestStep) && steps.filter((step) => step > 0).length >= length / 2;
  if (!(way > 0) || !isEven) return false;
  if (curves.every((curve) => measureVariation(subtract(curve, red)) === 0)) return isStraight(red);
  if (curves.every(isMonotone)) return true;
  const range = Math.max(...curves.map((curve) => Math.max(...Array.from(curve))));
  return length >= leastSmooth && curves.every((curve) => measureVariation(curve) <= mostTurns * range);
}

/** True for a table of greys that shows the largest number darkest. */
export function isInvertedGrey({ red, green, blue }: Palette): boolean {
  const last = red.length - 1;
  const isGrey = Array.from(red).every((value, index) => value === green[index] && value === blue[index]);
  return last >= 1 && isGrey && red[0]! > red[last]! && isMonotone(red);
}

function isMonotone(curve: ArrayLike<number>): boolean {
  return measureVariation(curve) <= Math.abs(curve[curve.length - 1]! - curve[0]!) * (1 + 1e-9);
}

/** The way up and down along the curve, all together. */
function measureVariation(curve: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 1; index < curve.length; index++) sum += Math.abs(curve[index]! - curve[index - 1]!);
  return sum;
}

/** True for a curve that is a line from 0, to rounding. */
function isStraight(curve: ArrayLike<number>): boolean {
  const last = curve.length - 1;
  const top = curve[last]!;
  return Array.from(curve).every((value, index) => Math.abs(value - (top * index) / last) <= top / last);
}

function subtract(curve: ArrayLike<number>, other: ArrayLike<number>): readonly number[] {
  return Array.from(curve, (value, index) => value - other[index]!);
}
