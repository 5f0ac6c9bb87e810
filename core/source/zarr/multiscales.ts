// What OME-NGFF metadata say of an image: which arrays are its levels, which axis is which, channel names, pixel size. Versions
// 0.1 to 0.5. https://ngff.openmicroscopy.org

import type { LevelStep } from "../source.ts";
import { micrometresOf } from "../units.ts";

export type AxisName = "t" | "c" | "z" | "y" | "x";

export interface Multiscale {
  /** Paths of the levels' arrays, full size first. */
  readonly paths: readonly string[];
  /** How many pixels of the full size one of each level is, where it is told. */
  readonly steps: readonly (LevelStep | undefined)[];
  /** Name of each axis of the arrays; undefined: t, c, z, y, x as far as there are axes, counted from the last. */
  readonly axes: readonly string[] | undefined;
  readonly channelNames: readonly string[];
  readonly pixelUm?: { readonly x: number; readonly y?: number };
  /** The unit of x as it is told. */
  readonly unit?: string;
}

type Json = Readonly<Record<string, unknown>>;

const mostLevels = 32;

/** The first image of a group's attributes; undefined when they tell of none. Throws Error with what is wrong. */
export function readMultiscale(attributes: Json): Multiscale | undefined {
  const list = attributes["multiscales"];
  const [first] = Array.isArray(list) ? (list as Json[]) : [];
  if (!first) return undefined;
  const datasets = (Array.isArray(first["datasets"]) ? first["datasets"] : []) as Json[];
  const paths = datasets.map((dataset) => (dataset as Json | null)?.["path"]);
  if (paths.length === 0 || paths.length > mostLevels || !paths.every((path) => typeof path === "string" && path !== ""))
    throw new Error("its list of levels is broken");
  const axes = readAxes(first["axes"]);
  const unit: unknown = axes?.find(({ name }) => name === "x")?.unit;
  const [x, y] = ["x", "y"].map((axis) => axes && readPixelSize(first, datasets[0]!, axes, axis));
  return {
    paths: paths as string[],
    steps: datasets.map((dataset) => axes && readStep(datasets[0]!, dataset, axes)),
    axes: axes?.map(({ name }) => name),
    channelNames: readChannelNames(attributes["omero"]),
    ...(typeof unit === "string" && { unit }),
    ...(x === undefined ? {} : { pixelUm: { x, ...(y === undefined ? {} : { y }) } }),
  };
}

interface Axis {
  readonly name: string;
  readonly unit: string | undefined;
}

/** Axes are words (0.3) or objects (0.4 and on). */
function readAxes(value: unknown): readonly Axis[] | undefined {
  if (value === undefined) return undefined;
  const axes = (Array.isArray(value) ? value : []).map((axis: unknown) =>
    typeof axis === "string"
      ? { name: axis, unit: undefined }
      : { name: readName(axis), unit: (axis as Json)?.["unit"] as string | undefined },
  );
  const names = axes.map(({ name }) => name);
  if (!names.includes("y") || !names.includes("x") || new Set(names).size < names.length)
    throw new Error(`its axes are ${JSON.stringify(names)}`);
  return axes;
}

function readName(axis: unknown): string {
  const name = (axis as Json | null)?.["name"];
  return typeof name === "string" ? name : "";
}

/** The scale of an axis at full size, in micrometres; undefined where no unit is told. */
function readPixelSize(multiscale: Json, dataset: Json, axes: readonly Axis[], axis: string): number | undefined {
  const x = axes.findIndex(({ name }) => name === axis);
  const unit = axes[x]?.unit;
  const factor = typeof unit === "string" ? micrometresOf(unit) : undefined;
  const own = readScale(dataset["coordinateTransformations"], x);
  const size =
    (typeof factor === "number" ? factor : Number.NaN) * (own ?? Number.NaN) * (readScale(multiscale["coordinateTransformations"], x) ?? 1);
  return size > 0 && Number.isFinite(size) ? size : undefined;
}

function readStep(full: Json, level: Json, axes: readonly Axis[]): LevelStep | undefined {
  const along = (name: string): number => {
    const axis = axes.findIndex((one) => one.name === name);
    const [ours, theirs] = [full, level].map((dataset) => readScale(dataset["coordinateTransformations"], axis) ?? Number.NaN);
    return theirs! / ours!;
  };
  const step = { y: along("y"), x: along("x") };
  return step.y > 0 && step.x > 0 && Number.isFinite(step.y * step.x) ? step : undefined;
}

function readScale(transformations: unknown, axis: number): number | undefined {
  const all = (Array.isArray(transformations) ? transformations : []) as (Json | null)[];
  const scale = all.find((one) => one?.["type"] === "scale")?.["scale"];
  return Array.isArray(scale) && typeof scale[axis] === "number" ? (scale[axis] as number) : undefined;
}

function readChannelNames(omero: unknown): readonly string[] {
  const channels = (omero as { channels?: unknown } | null | undefined)?.channels;
  return (Array.isArray(channels) ? channels : []).map((channel: Json | null) => {
    const label = channel?.["label"];
    return typeof label === "string" || typeof label === "number" ? String(label) : "";
  });
}
