// What tifffile says of the planes of a TIFF: the shape of the array in JSON, `{"shape": [6, 96, 96], "axes": "ZYX"}`.
// https://github.com/cgohlke/tifffile

import { parseJson } from "../../json.ts";
import type { PagesInfo, PlanePlan } from "./plane-plan.ts";

/** An axis in front of the page's own: how many planes it has, and how far apart they lie. */
interface Axis {
  readonly letter: string;
  readonly size: number;
  readonly stride: number;
}

/** The sizes of the array in front of those of a page, outermost first; undefined where the text is no shape that fits. */
export function readLeadingAxes(info: Pick<PagesInfo, "description" | "width" | "height" | "samples">): readonly Axis[] | undefined {
  const told = parseShape(info.description);
  if (!told) return undefined;
  const { shape, axes } = told;
  const page = findPage(shape, info);
  if (page === undefined) return undefined;
  const leading = shape.slice(0, page);
  let stride = 1;
  return leading
    .map((size, index) => ({ size, letter: axes[index] ?? "" }))
    .reverse()
    .map(({ size, letter }) => {
      const axis = { size, letter, stride };
      stride *= size;
      return axis;
    })
    .reverse();
}

/** Planes that the axes tell of. */
export function countPlanes(axes: readonly Axis[]): number {
  return axes.reduce((product, { size }) => product * size, 1);
}

/** The plan: Z, C and T as they are called, other axes as z or t where these are free, else all pages one after another as z. */
export function planShaped(axes: readonly Axis[], usable: readonly number[]): PlanePlan {
  const long = axes.filter(({ size }) => size > 1);
  const places = new Map<"z" | "c" | "t", Axis>();
  const known = { Z: "z", C: "c", S: "c", T: "t" } as const;
  let fits = true;
  const place = (at: "z" | "c" | "t", axis: Axis): void => {
    if (places.has(at)) fits = false;
    places.set(at, axis);
  };
  const isKnown = (letter: string): letter is keyof typeof known => letter in known;
  for (const axis of long) if (isKnown(axis.letter)) place(known[axis.letter], axis);
  for (const axis of long.toReversed()) if (!isKnown(axis.letter)) place(places.has("z") ? "t" : "z", axis);
  if (!fits) return { sizeZ: usable.length, sizeC: 1, sizeT: 1, pageOf: (z) => usable[z] };
  const sizeOf = (at: "z" | "c" | "t"): number => places.get(at)?.size ?? 1;
  const stepOf = (at: "z" | "c" | "t"): number => places.get(at)?.stride ?? 0;
  return {
    ...{ sizeZ: sizeOf("z"), sizeC: sizeOf("c"), sizeT: sizeOf("t") },
    pageOf: (z, c, t) => usable[z * stepOf("z") + c * stepOf("c") + t * stepOf("t")],
  };
}

/** JSON, or the `shape=(6, 96, 96)` of its first versions. */
function parseShape(description: string): { readonly shape: readonly number[]; readonly axes: string } | undefined {
  const old = /^shape=\(([\d, ]+)\)$/.exec(description.trim());
  if (old) return toShape(old[1]!.split(",").filter((part) => part.trim() !== "").map(Number), ""); // biome-ignore format: one thought
  if (!/^\s*\{.*"shape"/s.test(description)) return undefined;
  try {
    const { shape, axes } = parseJson(description) as { shape?: unknown; axes?: unknown };
    return toShape(shape, axes);
  } catch {
    return undefined;
  }
}

function toShape(shape: unknown, axes: unknown): { readonly shape: readonly number[]; readonly axes: string } | undefined {
  const isShape = Array.isArray(shape) && shape.length <= 16 && shape.every((side) => Number.isSafeInteger(side) && side >= 1);
  if (!isShape) return undefined;
  const sides = shape as readonly number[];
  return { shape: sides, axes: typeof axes === "string" && axes.length === sides.length ? axes.toUpperCase() : "" };
}

/** Index at which the sizes of a page begin: they are the last ones, with samples in front or behind. */
function findPage(
  shape: readonly number[],
  { width, height, samples }: Pick<PagesInfo, "width" | "height" | "samples">,
): number | undefined {
  const forms = samples > 1 ? [[height, width, samples], [samples, height, width]] : [[height, width, 1], [height, width]]; // biome-ignore format: one thought
  const found = forms.find((form) => shape.slice(-form.length).join() === form.join());
  return found && shape.length - found.length;
}
