// Polygons in pixels as masks: what a host drew as shapes becomes labels, classes and ignored pixels of a sample. A pixel
// belongs to a polygon when its centre lies inside by the even-odd rule (core/label/region), so holes are holes.

import { readGeoJson } from "../../core/label/region/read-geojson.ts";
import { fillShape, type Shape } from "../../core/label/region/region.ts";
import { assertFillable } from "../../core/label/region/region-plan.ts";
import { Problem } from "../../core/problem.ts";
import { openSource } from "../../core/source/open.ts";
import type { SampleSource } from "../../core/training/read-samples.ts";
import type { Pixels, Regions } from "../contract.ts";

/** The sample with its regions drawn in, each region over those before it. Throws Problem InvalidData for what is no polygon. */
export async function addRegions(sample: SampleSource, regions: Regions, signal?: AbortSignal): Promise<SampleSource> {
  const { width, height } = sample.image;
  const size = width * height;
  const labels = new Uint32Array(size);
  const classes = new Uint8Array(size);
  const annotated = new Uint8Array(size);
  const ignored = new Uint8Array(size);
  let objects = 0;
  let hasClasses = false;
  let hasBounds = false;
  const paint = (polygons: readonly Shape[], out: Uint8Array | Uint32Array, value: number) => {
    for (const shape of polygons) fillShape(shape, { width, height }, (y, x0, x1) => out.fill(value, y * width + x0, y * width + x1));
  };
  const read = readGeoJson(regions, sample.name);
  assertFillable(read, { height, width }, { path: sample.name, isPainted: true });
  for (const [i, { polygons, properties }] of read.entries()) {
    if (polygons.length === 0) {
      assertNothing(regions.features[i]?.geometry, sample.name, i);
      continue;
    }
    const { kind, class: number } = properties;
    if (kind === "annotated") {
      hasBounds = true;
      paint(polygons, annotated, 1);
    } else if (kind === "ignore") paint(polygons, ignored, 1);
    else {
      hasClasses ||= number !== undefined;
      paint(polygons, labels, ++objects);
      paint(polygons, classes, Number(number ?? 1));
    }
  }
  const asSource = async (data: Pixels["data"], kind: string) =>
    openSource({ data, shape: [height, width], axes: "yx", name: kind }, { signal });
  const drawn = objects > 0 && sample.labels === undefined && sample.classes === undefined;
  if (hasBounds) for (let at = 0; at < size; at++) if (annotated[at] === 0) ignored[at] = 1;
  if (sample.ignore !== undefined) {
    const { data } = await sample.ignore.read({ y0: 0, x0: 0, y1: height, x1: width, channels: [0], signal });
    data.forEach((value, at) => {
      if (value !== 0) ignored[at] = 1;
    });
  }
  return {
    ...sample,
    ...(drawn && { labels: await asSource(labels, "labels") }),
    ...(drawn && hasClasses && { classes: await asSource(classes, "classes") }),
    ...(ignored.includes(1) && { ignore: await asSource(ignored, "ignore") }),
  };
}

/** Throws Problem InvalidData for what is drawn but has no area; what is not drawn at all draws nothing. */
function assertNothing(geometry: unknown, name: string, index: number): void {
  if (geometry === null || geometry === undefined) return;
  const { type: kind } = geometry as { type?: unknown };
  if (kind === "Polygon" || kind === "MultiPolygon" || kind === "GeometryCollection") return;
  const type = JSON.stringify(kind) ?? "none";
  throw new Problem(
    "InvalidData",
    `Regions must be polygons of GeoJSON, in pixels; feature ${index + 1} of ${name} is ${type}. Draw polygons.`,
    { path: name, reason: "no polygon" },
  );
}
