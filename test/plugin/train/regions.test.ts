// Polygons as masks of a sample.

import { expect, test } from "vitest";
import { openSource } from "../../../core/source/open.ts";
import { addRegions } from "../../../plugin/train/regions.ts";

const square = (x0: number, y0: number, x1: number, y1: number, properties: Readonly<Record<string, unknown>> | null = null) => ({
  type: "Feature" as const,
  geometry: {
    type: "Polygon",
    coordinates: [
      [
        [x0, y0],
        [x1, y0],
        [x1, y1],
        [x0, y1],
      ],
    ],
  },
  properties,
});

async function draw(...features: ReturnType<typeof square>[]) {
  const image = await openSource({ data: new Uint8Array(36), shape: [6, 6] });
  const drawn = await addRegions({ name: "a", image }, { type: "FeatureCollection", features });
  const read = async (source: typeof image | undefined) => source && [...(await source.read({ y0: 0, x0: 0, y1: 6, x1: 6 })).data];
  return { labels: await read(drawn.labels), classes: await read(drawn.classes), ignore: await read(drawn.ignore) };
}

test("objects are numbered, classes kept, what is outside of an annotated box ignored", async () => {
  const { labels, classes, ignore } = await draw(
    square(0, 0, 5, 6, { kind: "annotated" }),
    square(0, 0, 2, 1),
    square(3, 0, 5, 1, { class: 2 }),
  );
  expect(labels!.slice(0, 6)).toEqual([1, 1, 0, 2, 2, 0]);
  expect(classes!.slice(0, 6)).toEqual([1, 1, 0, 2, 2, 0]);
  expect(ignore!.slice(0, 6)).toEqual([0, 0, 0, 0, 0, 1]);
});

test("what is no polygon is refused", async () => {
  await expect(draw({ ...square(0, 0, 1, 1), geometry: { type: "Point", coordinates: [] as never } })).rejects.toThrow(
    /must be polygons of GeoJSON.*"Point"/,
  );
});

test("what is not drawn at all draws nothing", async () => {
  const nothing = [null, { type: "Polygon", coordinates: [] }, { type: "MultiPolygon", coordinates: [[[]]] }] as never[];
  const features = nothing.map((geometry) => ({ ...square(0, 0, 1, 1, { kind: "annotated" }), geometry }));
  const { labels, ignore } = await draw(square(0, 0, 2, 1), ...features);
  expect(labels!.slice(0, 6)).toEqual([1, 1, 0, 0, 0, 0]);
  expect(ignore).toBeUndefined();
});

test("a pixel of several pieces is painted once, and holes are holes", async () => {
  const ring = square(0, 0, 5, 5).geometry.coordinates[0]!;
  const hole = square(1, 1, 4, 4).geometry.coordinates[0]!;
  const island = square(2, 2, 3, 3).geometry.coordinates[0]!;
  const { labels } = await draw({
    ...square(0, 0, 1, 1),
    geometry: { type: "MultiPolygon", coordinates: [[ring, hole], [island], [island]] as never },
  });
  const rows = Array.from({ length: 6 }, (_, y) => labels!.slice(6 * y, 6 * y + 6).join(""));
  expect(rows).toEqual(["111110", "100010", "101010", "100010", "111110", "000000"]);
});
