// Drawings whose numbers were changed: scaled with interpolation, drawn with soft brushes, or saved as JPEG. Around each object
// they have numbers that nobody meant; read as they are, each would be an object or a class.

import { Problem } from "../problem.ts";
import { type LabelMap, labelComponents } from "./components.ts";

/** Fewer numbers than this may lie between others by chance: a thin border of a class of its own, say. */
const fewestSteps = 3;

/** Specks have this many pixels at most; a changed drawing has that many of them for each of its numbers, and that many numbers. */
const largestSpeckPx = 3;
const specksANumber = 3;
const fewestSpeckled = 8;

/**
 * True when a drawing was smoothed (at least half of its numbers are steps: without any block of 2 x 2 pixels, and most pixels
 * between a lower and a higher neighbour, while objects and classes lie on a ground) or is full of specks, as JPEG leaves them.
 */
export function isSmoothed(drawing: LabelMap): boolean {
  const { numbers, steps } = countSteps(drawing);
  if (steps >= fewestSteps && 2 * steps >= numbers) return true;
  return numbers >= fewestSpeckled && countSpecks(drawing) >= specksANumber * numbers;
}

/** The sentence about a smoothed drawing. `name`: labels or classes. */
export function describeSmoothing(name: string): string {
  return `The ${name} hold numbers between those of objects and ground, as smoothing, scaling and JPEG leave them. Export them anew without smoothing (nearest neighbour), as PNG or TIFF.`;
}

/** Throws Problem InvalidData for a drawing that was smoothed. */
export function assertNotSmoothed(name: string, drawing: LabelMap, path: string): void {
  if (!isSmoothed(drawing)) return;
  throw new Problem("InvalidData", `${path}: ${describeSmoothing(name)}`, { path, reason: "smoothed" });
}

/** Throws Problem InvalidData for a drawing that lies in a file whose compression changes numbers. */
export function assertExact(name: string, { lossy }: { readonly lossy?: boolean | undefined }, path: string): void {
  if (lossy !== true) return;
  const message = `${path}: The ${name} are saved as JPEG, which changes their numbers. Export them anew as PNG or TIFF; a JPEG that is converted keeps the changed numbers.`;
  throw new Problem("InvalidData", message, { path, reason: "a JPEG" });
}

function countSpecks(drawing: LabelMap): number {
  const { data, count } = labelComponents(drawing);
  const sizes = new Uint32Array(count + 1);
  for (let i = 0; i < data.length; i++) sizes[data[i]!]!++;
  return sizes.subarray(1).reduce((specks, size) => specks + (size <= largestSpeckPx ? 1 : 0), 0);
}

/** Counts the numbers of a drawing, 0 left out, and those that are steps. */
function countSteps({ height, width, data }: LabelMap): { readonly numbers: number; readonly steps: number } {
  const places = new Map<number, number>();
  const counts: number[] = [];
  const between: number[] = [];
  const isFlat: boolean[] = [];
  let last = 0;
  let place = 0;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const value = data[i]!;
      if (value === 0) continue;
      if (value !== last) {
        place = places.get(value) ?? places.size;
        if (place === places.size) {
          places.set(value, place);
          counts.push(0);
          between.push(0);
          isFlat.push(false);
        }
        last = value;
      }
      counts[place]!++;
      const left = x > 0 ? data[i - 1]! : value;
      const right = x + 1 < width ? data[i + 1]! : value;
      const above = y > 0 ? data[i - width]! : value;
      const below = y + 1 < height ? data[i + width]! : value;
      const isLower = left < value || right < value || above < value || below < value;
      if (isLower && (left > value || right > value || above > value || below > value)) between[place]!++;
      isFlat[place] ||= x > 0 && y > 0 && left === value && above === value && data[i - width - 1] === value;
    }
  }
  return { numbers: places.size, steps: counts.filter((count, n) => !isFlat[n]! && 2 * between[n]! >= count).length };
}
