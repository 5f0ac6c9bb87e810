import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createGeoJsonEncoder } from "../../../core/label/format/geojson.ts";
import { encodeAll } from "../../../core/label/format/outline-encoder.ts";
import { writeRoi } from "../../../core/label/format/write-roi.ts";
import { readGeoJson } from "../../../core/label/region/read-geojson.ts";
import { readRoi } from "../../../core/label/region/read-roi.ts";
import { fillShape, type Region, type Shape } from "../../../core/label/region/region.ts";
import { traceOutlines } from "../../../core/label/shape/trace-outlines.ts";
import { isProblem } from "../../../core/problem.ts";
import { readRegions } from "../../../core/source/read-regions.ts";
import { createRoiZipEncoder } from "../../../core/source/roi-zip.ts";
import { writeZip } from "../../../core/source/zip.ts";
import { sharedPath } from "../../support/data.ts";
import { hasImageJ, readWithImageJ } from "../../support/imagej.ts";
import { anyLabels, labels, noisyLabels, toText } from "./text.ts";

const side = 12;

/** Pixels of a region as "x,y"; those left of or above the image, too, which are moved into it to be filled. */
function pixelsOf({ polygons }: Region, size = 300, shift = 20): Set<string> {
  const pixels = new Set<string>();
  for (const shape of polygons) {
    const moved: Shape = shape.map((ring) => Array.from(ring, (value) => value + shift));
    fillShape(moved, { height: size, width: size }, (y, x0, x1) => {
      for (let x = x0; x < x1; x++) pixels.add(`${x - shift},${y - shift}`);
    });
  }
  return pixels;
}

describe("shapes", () => {
  it("have the pixels whose centres lie inside by the even-odd rule, each once", () => {
    // No corner is at the height of a centre, and no edge meets one.
    const coordinate = fc.integer({ min: -20, max: 20 * side }).map((value) => value / 16 + 1 / 97);
    const ring = fc.array(fc.tuple(coordinate, coordinate), { minLength: 3, maxLength: 7 });
    fc.assert(
      fc.property(fc.array(ring, { minLength: 1, maxLength: 3 }), (rings) => {
        const painted = new Uint8Array(side * side);
        fillShape(
          rings.map((corners) => corners.flat()),
          { height: side, width: side },
          (y, x0, x1) => {
            for (let x = x0; x < x1; x++) painted[y * side + x]!++;
          },
        );
        for (const [i, count] of painted.entries()) {
          const [x, y] = [(i % side) + 0.5, Math.floor(i / side) + 0.5];
          const crossings = rings.flatMap((corners) =>
            corners.filter(([x0, y0], k) => {
              const [x1, y1] = corners[(k + 1) % corners.length]!;
              return y0 <= y !== y1 <= y && x < x0 + ((y - y0) / (y1 - y0)) * (x1 - x0);
            }),
          ).length;
          expect(count).toBe(crossings % 2);
        }
      }),
      { seed: 4, numRuns: 300 },
    );
  });
});

describe("ROI files", () => {
  const folder = sharedPath("data/rois");
  if (folder === undefined) console.warn("Skipped: ROI files of every type (data/rois is missing)");
  const files = folder === undefined ? [] : readdirSync(folder).filter((file) => file.endsWith(".roi"));
  const rois = files.map((file) => ({ file: file.replace(/\.roi$/, ""), roi: readRoi(readFileSync(join(folder!, file)), file) }));

  it.skipIf(folder === undefined)("of every type are what is written beside them", () => {
    expect(files.length).toBe(23);
    for (const { file, roi } of rois) {
      if (file.startsWith("line")) {
        expect(roi).toMatchObject({ kind: "line", polygons: [] });
        continue;
      }
      const expected = JSON.parse(readFileSync(join(folder!, `${file}.json`), "utf8"))[file];
      const kinds: Record<string, string> = { freeline: "line", polyline: "line", point: "point" };
      expect(roi.kind).toBe(kinds[expected.type] ?? "area");
      if (expected.x !== undefined) expect(roi.points).toEqual(expected.x.flatMap((x: number, i: number) => [x, expected.y[i]]));
      if (expected.paths !== undefined) {
        expect(roi.polygons[0]!.map((ring) => Array.from(ring))).toEqual(expected.paths.map((path: number[][]) => path.flat()));
      }
      if (expected.left !== undefined && roi.kind === "area") {
        const [xs, ys] = [0, 1].map((k) => [...pixelsOf(roi)].map((pixel) => Number(pixel.split(",")[k])));
        const box = [Math.min(...xs!), Math.min(...ys!), Math.max(...xs!) + 1, Math.max(...ys!) + 1];
        const wanted = [expected.left, expected.top, expected.left + expected.width, expected.top + expected.height];
        for (const [i, edge] of box.entries())
          expect(Math.abs(edge - wanted[i]!)).toBeLessThanOrEqual(expected.type === "composite" ? 1 : 0);
      }
      if (expected.ex1 !== undefined) {
        // Both ends of the long axis are corners of the polygon, to the float's digits.
        for (const [x, y] of [
          [expected.ex1, expected.ey1],
          [expected.ex2, expected.ey2],
        ]) {
          const near = roi.points.some((px, i) => i % 2 === 0 && Math.hypot(px - x, roi.points[i + 1]! - y) < 1e-3);
          expect([file, near]).toEqual([file, true]);
        }
      }
    }
  });

  it.skipIf(folder === undefined || !hasImageJ())(
    "cover the pixels that ImageJ covers, of every type",
    () => {
      const found = readWithImageJ(files.map((file) => join(folder!, file)));
      for (const { file, roi } of rois) expect([file, [...pixelsOf(roi)].sort()]).toEqual([file, [...found.get(file)!].sort()]);
    },
    60_000,
  );

  it("that we write are read back as the same pixels and name", () => {
    fc.assert(
      fc.property(fc.oneof(anyLabels(), noisyLabels(12, 2)), (image) => {
        const data = new Uint32Array(image.data.length);
        for (const outline of traceOutlines(image)) {
          const roi = readRoi(writeRoi(outline, `${outline.id} µ`), "a.roi");
          expect(roi.name).toBe(`${outline.id} µ`);
          for (const shape of roi.polygons) {
            fillShape(shape, image, (y, x0, x1) => data.fill(outline.id, y * image.width + x0, y * image.width + x1));
          }
        }
        expect(toText({ ...image, data })).toBe(toText(image));
      }),
      { seed: 71 },
    );
  });

  it("that are broken are a Problem with their name, never a crash", () => {
    const good = writeRoi(traceOutlines(labels("111/1.1/111"))[0]!, "ring");
    const single = writeRoi(traceOutlines(labels("11/.1"))[0]!, "corner");
    fc.assert(
      fc.property(fc.constantFrom(good, single), fc.nat(400), fc.nat(400), fc.nat(255), (bytes, cut, at, value) => {
        const broken = bytes.slice(0, Math.max(0, bytes.length - (cut % 2 === 0 ? 0 : cut)));
        if (at < broken.length) broken[at] = value;
        try {
          readRoi(broken, "x.roi");
        } catch (error) {
          expect(isProblem(error, "InvalidData")).toBe(true);
          expect(String(error)).toContain("x.roi");
        }
      }),
      { seed: 72, numRuns: 2000 },
    );
    expect(() => readRoi(new Uint8Array(10), "x.roi")).toThrow(/does not begin/);
    expect(() => readRoi(good.slice(0, 100), "x.roi")).toThrow(/cut/);
  });
});

describe("files of regions", () => {
  const outlines = traceOutlines(labels("11.2/1..2"));
  it("are known by their bytes: a ROI, a zip of them, GeoJSON", () => {
    const zip = Buffer.concat(encodeAll(outlines, createRoiZipEncoder({ largestId: 2 })));
    expect(readRegions(zip, "a").map(({ name }) => name)).toEqual(["00001", "00002"]);
    expect(readRegions(writeRoi(outlines[0]!, "one"), "a").map(pixelsOfOne)).toEqual(["0,0 0,1 1,0"]);
    const text = Buffer.concat(encodeAll(outlines, createGeoJsonEncoder({ height: 2, width: 4 })));
    expect(readRegions(text, "a").map(pixelsOfOne)).toEqual(["0,0 0,1 1,0", "3,0 3,1"]);
  });

  it("are found in a zip that was packed anew: in a folder, with backslashes, beside what macOS leaves", () => {
    const roi = writeRoi(outlines[0]!, "one");
    const fork = new Uint8Array([0, 5, 22, 7]);
    for (const name of ["set/one.roi", "set\\one.roi", "./one.roi"]) {
      const zip = writeZip([
        { name, data: roi },
        { name: "__MACOSX/set/._one.roi", data: fork },
        { name: "set/._one.roi", data: fork },
      ]);
      expect(readRegions(zip, "a").map(pixelsOfOne)).toEqual(["0,0 0,1 1,0"]);
    }
  });

  it("that hold none are a Problem", () => {
    expect(() => readRegions(writeZip([{ name: "a.txt", data: new Uint8Array(3) }]), "a.zip")).toThrow(/1 files and no ROI/);
    expect(() => readRegions(new Uint8Array(0), "a")).toThrow(/no JSON/);
  });

  const pixelsOfOne = (region: Region) => [...pixelsOf(region)].sort().join(" ");
});

describe("GeoJSON", () => {
  it("that we write is read back as the same pixels and class", () => {
    fc.assert(
      fc.property(fc.oneof(anyLabels(), noisyLabels(12, 2)), (image) => {
        const encoder = createGeoJsonEncoder({ ...image, classOf: () => ({ name: "cell" }) });
        const data = new Uint32Array(image.data.length);
        for (const { name, className, polygons } of readGeoJson(Buffer.concat(encodeAll(traceOutlines(image), encoder)).toString(), "a")) {
          expect(className).toBe("cell");
          for (const shape of polygons) {
            fillShape(shape, image, (y, x0, x1) => data.fill(Number(name), y * image.width + x0, y * image.width + x1));
          }
        }
        expect(toText({ ...image, data })).toBe(toText(image));
      }),
      { seed: 73 },
    );
  });

  const triangle = [
    [
      [0, 0],
      [2, 0],
      [2, 2],
      [0, 0],
    ],
  ];
  it.each([
    [
      "a collection",
      { type: "FeatureCollection", features: [{ type: "Feature", geometry: { type: "Polygon", coordinates: triangle } }] },
      [1],
    ],
    ["QuPath's list", [{ type: "Feature", geometry: { type: "Polygon", coordinates: triangle }, properties: {} }], [1]],
    ["a geometry", { type: "MultiPolygon", coordinates: [triangle, triangle] }, [2]],
    [
      "a collection of geometries",
      {
        type: "GeometryCollection",
        geometries: [
          { type: "Polygon", coordinates: triangle },
          { type: "Point", coordinates: [1, 2] },
        ],
      },
      [1],
    ],
    [
      "lines and points, which have no area",
      [{ geometry: { type: "LineString", coordinates: [] } }, { geometry: { type: "MultiPoint" } }],
      [0, 0],
    ],
    [
      "heights, which are left out",
      {
        type: "Polygon",
        coordinates: [
          [
            [0, 0, 9],
            [2, 0, 9],
            [2, 2, 9],
          ],
        ],
      },
      [1],
    ],
    [
      "features without a geometry, and geometries without coordinates: regions without area",
      {
        type: "FeatureCollection",
        features: [
          { geometry: null },
          {},
          null,
          { geometry: { type: "Polygon", coordinates: [] } },
          { geometry: { type: "Polygon", coordinates: [[]] } },
          { geometry: { type: "Polygon", coordinates: [[], ...triangle] } },
          { geometry: { type: "MultiPolygon", coordinates: [] } },
          { geometry: { type: "MultiPolygon", coordinates: [[], [[]], triangle] } },
          { geometry: { type: "GeometryCollection", geometries: [null] } },
          { geometry: { type: "Polygon", coordinates: [...triangle, []] } },
        ],
      },
      [0, 0, 0, 0, 0, 0, 0, 1, 0, 1],
    ],
    ["a collection of no features", { type: "FeatureCollection", features: [] }, []],
    ["a collection that names no features", { type: "FeatureCollection" }, []],
    ["one feature without a geometry", { type: "Feature", geometry: null, properties: {} }, [0]],
  ])("is read from %s", (_, json, counts) => {
    const regions = readGeoJson(JSON.stringify(json), "a.geojson");
    expect(regions.map(({ polygons }) => polygons.length)).toEqual(counts);
    for (const { polygons } of regions) for (const shape of polygons) expect(shape).toEqual([[0, 0, 2, 0, 2, 2]]);
  });

  it.each([
    ["{", /no JSON/],
    ["null", /no GeoJSON/],
    ['{"features":[]}', /no GeoJSON/],
    ['[{"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,"a"],[2,2]]]}}]', /feature 1 is "Polygon"/],
    ['[{"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,1],[0,0]]]}}]', /feature 1/],
    ['[{"geometry":{"type":"Circle"}}]', /feature 1 is "Circle"/],
    ['{"type":"FeatureCollection","features":{}}', /no GeoJSON/],
    ['[{"geometry":{"type":"Polygon"}}]', /feature 1 is "Polygon"/],
    ['[{"geometry":7}]', /feature 1 is none/],
  ])("that is none is a Problem: %s", (text, message) => {
    expect(() => readGeoJson(text, "a.geojson")).toThrow(message);
  });
});
