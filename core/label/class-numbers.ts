// Which classes the numbers of class maps mean. Others number them 0, 1, 2, as is expected here; paint them as grey values (0, 85, 170;
// 0 and 255); or give 255 to what counts for nothing, as PASCAL VOC does. All maps of a training are looked at together, since a
// class may be missing in one of them. Whatever is not read as it is written is told.

import { Problem } from "../problem.ts";

/** How numbers are read: `classOf` where they are not themselves, `voids` where they count for nothing. */
export interface ClassReading {
  /** Classes with background. */
  readonly count: number;
  readonly classOf: ReadonlyMap<number, number>;
  readonly voids: ReadonlySet<number>;
  /** For the user: what is read otherwise than it is written, or looks as if it were not meant. */
  readonly notices: readonly string[];
}

/** Most classes of a network. */
const mostClasses = 255;
/** Numbers up to this one are numbers of classes, however few of them are drawn: data sets have 21 or 30 classes. */
const largestPlainNumber = 30;
/** Grey values are painted at least this far from one another. */
const leastGreyStep = 10;
const voidNumbers: readonly number[] = [255, 65_535];

/**
 * The reading of class maps. `maps`: the numbers in each of them, whole ones from 0, without what is ignored. `wanted`: the number of
 * classes, where it is known. `mayGrow`: there may be more, where the maps cannot be read as so many. Throws Problem InvalidData for
 * numbers that can be read in several ways, or are too many.
 */
export function readClassNumbers(maps: readonly ReadonlySet<number>[], wanted: number | "auto", mayGrow = false): ClassReading {
  const numbers = numbersOf(maps);
  const largest = numbers.at(-1) ?? 0;
  const plain = (count: number, more: Partial<ClassReading> = {}): ClassReading => ({
    count,
    classOf: new Map(),
    voids: new Set(),
    notices: [],
    ...more,
  });
  if (wanted !== "auto" && largest < wanted) return plain(wanted);
  if (numbers.length === 0) return plain(wanted === "auto" ? 2 : wanted);

  const marked = numbers.filter((number) => voidNumbers.includes(number));
  const others = numbers.filter((number) => !marked.includes(number));
  if (marked.length === 1 && others.length > 0 && (wanted === "auto" ? isNumbered(others) : others.at(-1)! < wanted)) {
    return readMarked(maps, { mark: marked[0]!, others, count: wanted === "auto" ? 1 + others.at(-1)! : wanted });
  }
  const isGrey = isPainted(numbers) && (wanted === "auto" || numbers.length < wanted);
  if (isGrey) {
    const count = wanted === "auto" ? 1 + numbers.length : wanted;
    return plain(count, { classOf: new Map(numbers.map((number, i) => [number, i + 1])), notices: [describeGrey(numbers)] });
  }
  if (largest >= mostClasses) throw marked.length > 0 && isNumbered(others) ? unclear(others) : tooMany(numbers);
  if (wanted !== "auto" && mayGrow) return readClassNumbers(maps, "auto");
  if (wanted !== "auto") return plain(wanted); // what is too large is named with its place
  if (isNumbered(numbers)) return plain(1 + largest, { notices: [...describeMissing(numbers), ...describeGround(maps)] });
  throw unclear(numbers);
}

function numbersOf(maps: readonly ReadonlySet<number>[]): readonly number[] {
  const all = new Set(maps.flatMap((map) => [...map]));
  all.delete(0);
  return [...all].sort((a, b) => a - b);
}

/** True where these are numbers of classes: small ones, or half of all that there could be. */
function isNumbered(numbers: readonly number[]): boolean {
  const largest = numbers.at(-1) ?? mostClasses;
  const isSmall = largest <= largestPlainNumber && !(numbers.length > 1 && isPainted(numbers));
  return largest < mostClasses && (isSmall || 2 * numbers.length >= largest);
}

function isPainted(numbers: readonly number[]): boolean {
  const isFar = numbers.every((number, i) => number - (numbers[i - 1] ?? 0) >= leastGreyStep);
  return isFar && (numbers.length > 1 || numbers[0]! > largestPlainNumber);
}

/** 255 beside numbers of classes: what counts for nothing; or the objects of a black and white map among maps of 0 and 1. */
function readMarked(
  maps: readonly ReadonlySet<number>[],
  { mark, others, count }: { readonly mark: number; readonly others: readonly number[]; readonly count: number },
): ClassReading {
  const isBesideOthers = maps.some((map) => map.has(mark) && others.some((other) => map.has(other)));
  if (!isBesideOthers && others.length === 1 && others[0] === 1) {
    const notice = `The classes are 0 and 1 in some images, 0 and ${mark} in others: ${mark} is read as class 1.`;
    return { count, classOf: new Map([[mark, 1]]), voids: new Set(), notices: [notice] };
  }
  const notice = `The number ${mark} in the classes is read as "ignored": pixels of it count for nothing. Give them a number of their own where a class is meant.`;
  return { count, classOf: new Map(), voids: new Set([mark]), notices: [notice, ...describeMissing(others), ...describeGround(maps)] };
}

function describeGrey(numbers: readonly number[]): string {
  const painted = [0, ...numbers];
  return `The classes hold the grey values ${listWords(painted)}: they are read as ${painted.length} classes, ${listWords(painted.map((_, i) => i))}.`;
}

function describeMissing(numbers: readonly number[]): readonly string[] {
  const count = 1 + numbers.at(-1)!;
  const missing = Array.from({ length: count - 1 }, (_, i) => i + 1).filter((number) => !numbers.includes(number));
  if (missing.length === 0) return [];
  return [`The classes are numbered to ${count - 1}: ${count} classes. No pixel is of class ${listWords(missing)}.`];
}

/** Programs that number classes from 1 (ilastik) write no background. */
function describeGround(maps: readonly ReadonlySet<number>[]): readonly string[] {
  if (maps.some((map) => map.has(0)) || numbersOf(maps).filter((number) => !voidNumbers.includes(number)).length < 2) return [];
  return [
    "No pixel is of class 0, the background. If another number is the background, number the classes from 0, with the background first.",
  ];
}

function tooMany(numbers: readonly number[]): Problem<"InvalidData"> {
  const reason = `${numbers.length} numbers from ${numbers[0]} to ${numbers.at(-1)}`;
  const message = `Expected numbers of classes from 0 to ${mostClasses - 1}; the classes hold ${reason}. If each number is an object, put them into "labels/"; else number the classes from 0.`;
  return new Problem("InvalidData", message, { reason });
}

function unclear(numbers: readonly number[]): Problem<"InvalidData"> {
  const reason = listWords([0, ...numbers]);
  const message = `Expected classes numbered 0, 1, 2 and so on; the classes hold ${reason}. Number them so, or say how many classes there are: classes=${1 + numbers.at(-1)!}.`;
  return new Problem("InvalidData", message, { reason });
}

const mostListed = 8;

/** "0, 85 and 170"; of a long list the first ones. */
function listWords(numbers: readonly number[]): string {
  if (numbers.length > mostListed) return `${numbers.slice(0, mostListed).join(", ")} and ${numbers.length - mostListed} more`;
  return numbers.length === 1 ? String(numbers[0]) : `${numbers.slice(0, -1).join(", ")} and ${numbers.at(-1)}`;
}
