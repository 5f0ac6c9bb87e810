// The options of slides: what commander gives as text, checked and read.

import { readFile } from "node:fs/promises";
import type { Box } from "../../core/array/raster.ts";
import type { Region } from "../../core/label/region/region.ts";
import { describeError, Problem } from "../../core/problem.ts";
import { type SlideFormat, type SlideKind, slideKinds } from "../../core/slide/slide-results.ts";
import { readRegions } from "../../core/source/read-regions.ts";
import type { ImageSource } from "../../core/source/source.ts";
import { tellLine } from "./output.ts";

/** The options of a slide, as commander gives them. */
export interface SlideFlags {
  readonly out?: string;
  readonly output?: string;
  readonly format?: string;
  readonly inImage?: string;
  readonly region?: string;
  readonly roi?: string;
  readonly pixelSize?: string;
  readonly skipEmpty?: boolean;
  readonly skipBad?: boolean;
  readonly resume?: boolean;
  readonly keepRun?: boolean;
  readonly shard?: string;
  readonly floats?: boolean;
  readonly tolerance?: string;
  readonly overwrite?: boolean;
}

export function parseKinds(output: string): readonly SlideKind[] {
  const words = output.split(",").map((word) => word.trim());
  const unknown = words.find((word) => !(slideKinds as readonly string[]).includes(word));
  if (unknown === undefined) return [...new Set(words)] as SlideKind[];
  throw wrong("output", `words of ${slideKinds.join(", ")}, joined by commas; got "${unknown}"`, "labels,geojson", unknown);
}

export function parseFormat(format: string): SlideFormat {
  if (format === "ome-zarr" || format === "ome-zarr-0.5" || format === "ome-tiff") return format;
  throw wrong("format", `ome-tiff, ome-zarr or ome-zarr-0.5; got "${format}"`, "ome-tiff", format);
}

export function parseShard(shard: string): { readonly index: number; readonly count: number } {
  const found = /^(\d+)\/(\d+)$/.exec(shard);
  const [number, count] = [Number(found?.[1]), Number(found?.[2])];
  if (found !== null && number >= 1 && number <= count) return { index: number - 1, count };
  throw wrong("shard", `I/N with I from 1 to N; got "${shard}"`, "1/4", shard);
}

export function parseRegion(region: string, { height, width }: Pick<ImageSource, "height" | "width">): Box {
  const numbers = region.split(",").map(Number);
  const [x, y, w, h] = numbers as [number, number, number, number];
  const fits =
    numbers.length === 4 && numbers.every(Number.isInteger) && x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= width && y + h <= height;
  if (fits) return { y0: y, x0: x, y1: y + h, x1: x + w };
  throw wrong("region", `x,y,width,height in pixels, inside ${width} x ${height}; got "${region}"`, `0,0,${width},${height}`, region);
}

/** The regions of a file of ROIs or GeoJSON. Throws Problem MissingFile, InvalidData. */
export async function readRoi(path: string | undefined): Promise<readonly Region[] | undefined> {
  if (path === undefined) return undefined;
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new Problem(
      "MissingFile",
      `There must be a file of regions at ${path}; it cannot be read (${describeError(error)}). Check the path.`,
      { path },
    );
  });
  const regions = readRegions(new Uint8Array(bytes), path);
  if (regions.every(({ polygons }) => polygons.length === 0)) {
    const what = regions.length === 0 ? "It holds no region" : "None of its regions has an area";
    tellLine(`${path}: ${what}, so no object lies inside.`);
  }
  return regions;
}

export function parseTolerance(value: string | undefined): number {
  return value === undefined ? 0 : parsePositive("tolerance", value, 0);
}

export function parsePositive(parameter: string, value: string, least = Number.MIN_VALUE): number {
  const number = Number(value);
  if (Number.isFinite(number) && number >= least) return number;
  throw wrong(parameter, `a positive number; got "${value}"`, "0.5", value);
}

export function wrong(parameter: string, expected: string, example: string, value: unknown): Problem<"InvalidParameter"> {
  return new Problem("InvalidParameter", `"${parameter}" must be ${expected}. Write for example ${example}.`, { parameter, value });
}
