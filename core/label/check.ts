// What can be wrong with annotations. What makes training impossible is a Problem; what is only suspicious is a notice,
// one sentence for the user, and training goes on.

import { hideIgnored } from "../array/ignore.ts";
import type { LabelImage, Raster } from "../array/raster.ts";
import { Problem } from "../problem.ts";
import { type LabelMap, labelComponents } from "./components.ts";

interface Size {
  readonly height: number;
  readonly width: number;
}

/** Throws Problem InvalidData unless both have the same height and width. The names go into the message. */
export function assertSameSize(nameA: string, a: Size, nameB: string, b: Size, path?: string): void {
  if (a.height === b.height && a.width === b.width) return;
  throw invalid(
    `${nameA} and ${nameB} must have the same size`,
    `${nameA} has ${a.width} x ${a.height} pixels, ${nameB} ${b.width} x ${b.height}`,
    "Export both from the same image, without scaling or cropping.",
    path,
  );
}

interface Planes {
  readonly sizeZ: number;
  readonly sizeT: number;
}

/** Throws Problem InvalidData unless both have equally many planes. The names go into the message. */
export function assertSamePlanes(nameA: string, a: Planes, nameB: string, b: Planes, path?: string): void {
  if (a.sizeZ === b.sizeZ && a.sizeT === b.sizeT) return;
  throw invalid(
    `${nameA} and ${nameB} must have equally many planes`,
    `${nameA} has ${a.sizeZ} along z and ${a.sizeT} along t, ${nameB} ${b.sizeZ} and ${b.sizeT}`,
    "Export both from the same stack.",
    path,
  );
}

/** Throws Problem InvalidData for a drawing that is made of colours. */
export function assertOneChannel(name: string, channels: number, path?: string): void {
  if (channels === 1) return;
  const help = "Save them as a grey image of numbers, not as colours.";
  throw invalid(`${name} must have one channel`, `${channels} channels`, help, path);
}

/** Instance ids from an image file: one channel of whole numbers from 0 to 2^32 - 1. Throws Problem InvalidData. */
export function toLabelImage(raster: Raster, path?: string): LabelImage {
  const { height, width } = raster;
  assertWholeNumbers(raster, 4294967295, "labels", path);
  return { height, width, data: new Uint32Array(raster.data) };
}

/**
 * Class numbers from an image file: one channel of whole numbers below `classCount`. A black and white mask (0 and 255 only)
 * is read as classes 0 and 1. Throws Problem InvalidData.
 */
export function toClassMap(raster: Raster, classCount: number, path?: string): { height: number; width: number; data: Uint8Array } {
  const { height, width } = raster;
  if (raster.channels === 1 && raster.data.every((value) => value === 0 || value === 255)) {
    return toMask(raster);
  }
  assertWholeNumbers(raster, classCount - 1, "classes", path);
  return { height, width, data: new Uint8Array(raster.data) };
}

/** A mask from an image file: 1 where the first channel is not 0. NaN counts as set. */
export function toMask({ height, width, channels, data }: Raster): { height: number; width: number; data: Uint8Array } {
  const out = new Uint8Array(height * width);
  for (let i = 0; i < out.length; i++) out[i] = data[i * channels] === 0 ? 0 : 1;
  return { height, width, data: out };
}

/** What is suspicious about instance labels, one sentence each, after what lies under `ignore` is taken away. */
export function checkLabels({ height, width, data }: LabelImage, ignore?: Uint8Array): readonly string[] {
  const seen = { height, width, data: hideIgnored(data, ignore) };
  const ids = listIds(seen);
  let ignored = 0;
  let background = 0;
  for (let i = 0; i < data.length; i++) {
    if (ignore?.[i]) ignored++;
    else if (data[i] === 0) background++;
  }
  if (ignored === data.length) return ["All pixels are ignored: this image teaches nothing."];
  if (ids.size === 0) return ["The labels are empty: everything is taken for background."];
  const full = background === 0 ? ["The labels have no background: every pixel belongs to an object."] : [];
  const likeness = background === 0 && ids.size === 1 ? [] : describeLikeness(seen, 'put it into "classes/"');
  const single = ids.size === 1 && likeness.length === 0 ? [`The labels hold one object only (${[...ids][0]}).`] : [];
  return [...full, ...likeness, ...single];
}

/**
 * What the labels look like that are read as objects: a mask, class numbers, or what counts for nothing among them. One sentence each.
 * `otherwise`: what to do with a mask other than to label its components.
 */
export function describeLikeness(labels: LabelImage, otherwise?: string): readonly string[] {
  const ids = listIds(labels);
  if (ids.size === 0) return [];
  const [first] = ids;
  const parts = labelComponents(labels).count;
  const notices: string[] = [];
  if (ids.size === 1 && (parts > 1 || first === voidNumber)) {
    const also = otherwise === undefined ? "" : `, or ${otherwise}`;
    notices.push(
      `The labels hold 0 and ${first} only: they are read as one object${parts > 1 ? ` in ${parts} parts` : ""}. If this is a mask of many, label its connected components${also}.`,
    );
  } else if (parts > manyParts * ids.size) {
    const advice = otherwise === undefined ? "compare them as such (compare=classes)" : 'put them into "classes/"';
    notices.push(
      `The labels hold ${ids.size} numbers in ${parts} separate parts; each number is read as one object. If they are class numbers, ${advice}.`,
    );
  }
  if (ids.size > 1 && ids.has(voidNumber) && [...ids].every((id) => id === voidNumber || 2 * id < voidNumber)) {
    const advice = otherwise === undefined ? "set it to 0" : 'put it into "ignore/"';
    notices.push(
      `The number ${voidNumber} stands apart from the others in the labels and is read as one object. If it marks what counts for nothing, ${advice}.`,
    );
  }
  return notices;
}

function listIds({ data }: LabelImage): ReadonlySet<number> {
  const ids = new Set<number>();
  let last = 0;
  for (let i = 0; i < data.length; i++) {
    const id = data[i]!;
    if (id === last) continue;
    last = id;
    if (id !== 0) ids.add(id);
  }
  return ids;
}

/** Parts an object may have on average before its number looks like a class. */
const manyParts = 2;
/** What PASCAL VOC and others write where nothing counts. */
const voidNumber = 255;

/** What is suspicious about a class map, one sentence each, after what lies under `ignore` is taken away. */
export function checkClasses({ height, width, data }: LabelMap, ignore?: Uint8Array): readonly string[] {
  const present = new Set<number>();
  for (let i = 0; i < data.length; i++) if (!ignore?.[i]) present.add(data[i]!);
  if (present.size === 0) return ["All pixels are ignored: this image teaches nothing."];
  if (present.size === 1) return [`All pixels are of class ${[...present][0]}: this image teaches no difference.`];
  if (present.size <= manyClasses) return [];
  const parts = labelComponents({ height, width, data: hideIgnored(data, ignore) }).count;
  if (parts >= manyParts * present.size) return [];
  return [
    `The classes hold ${present.size} numbers in ${parts} separate parts; each number is read as a class. If each is an object, put them into "labels/".`,
  ];
}

/** More classes than this in one image, in few parts each, look like objects. */
const manyClasses = 8;

function assertWholeNumbers({ width, channels, data }: Raster, largest: number, name: string, path?: string): void {
  assertOneChannel(name, channels, path);
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (value >= 0 && value <= largest && Number.isInteger(value)) continue;
    const where = `${value} at x ${i % width}, y ${Math.floor(i / width)}`;
    const help = adviseNumber(value, name);
    throw invalid(`${name} must be whole numbers from 0 to ${largest}`, where, help, path);
  }
}

function adviseNumber(value: number, name: string): string {
  if (value < 0) return 'Put what counts for nothing into "ignore/", and 0 for background.';
  if (!Number.isInteger(value)) return "Export them as whole numbers, without smoothing or scaling (nearest neighbour).";
  return name === "classes"
    ? "Number the classes from 0 (background), or raise the number of classes."
    : "Number the objects from 1, background 0.";
}

function invalid(expected: string, came: string, help: string, path?: string): Problem<"InvalidData"> {
  const where = path === undefined ? "" : ` in "${path}"`;
  const message = `${expected[0]!.toUpperCase()}${expected.slice(1)}; got ${came}${where}. ${help}`;
  return new Problem("InvalidData", message, path === undefined ? { reason: came } : { path, reason: came });
}
