import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LabelImage } from "../../../core/array/raster.ts";
import { createCocoEncoder } from "../../../core/label/format/coco.ts";
import { listColumns } from "../../../core/label/format/columns.ts";
import { createGeoJsonEncoder } from "../../../core/label/format/geojson.ts";
import { encodeAll, encodeOutlines, type OutlineEncoder } from "../../../core/label/format/outline-encoder.ts";
import type { Outline } from "../../../core/label/shape/outline.ts";
import { traceOutlines } from "../../../core/label/shape/trace-outlines.ts";
import { canRun } from "../../support/imagej.ts";
import { anyLabels, labels, noisyLabels, pixelsById, toText } from "./text.ts";

const anyObjects = fc.oneof(anyLabels(), noisyLabels(14, 1), noisyLabels(10, 3));
const textOf = (parts: readonly Uint8Array[]) => Buffer.concat(parts).toString("utf8");
const jsonOf = (outlines: readonly Outline[], encoder: OutlineEncoder) => JSON.parse(textOf(encodeAll(outlines, encoder)));

type Position = readonly [number, number];

/** Twice the signed area by the shoelace formula, x to the right and y up: positive for counterclockwise (RFC 7946, 3.1.6). */
function shoelace(ring: readonly Position[]): number {
  return ring.slice(1).reduce((sum, [x, y], i) => sum + ring[i]![0] * y - x * ring[i]![1], 0);
}

function isInside(rings: readonly (readonly Position[])[], x: number, y: number): boolean {
  let crossings = 0;
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i++) {
      const [[x0, y0], [x1, y1]] = [ring[i - 1]!, ring[i]!];
      if (y0 > y !== y1 > y && x < x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) crossings++;
    }
  }
  return crossings % 2 === 1;
}

describe("GeoJSON", () => {
  const options = (image: LabelImage) => ({ height: image.height, width: image.width });

  it("keeps RFC 7946's rules of polygons and covers the same pixels", () => {
    fc.assert(
      fc.property(anyObjects, (image) => {
        const json = jsonOf(traceOutlines(image), createGeoJsonEncoder(options(image)));
        expect(json).toMatchObject({ type: "FeatureCollection", bbox: [0, 0, image.width, image.height] });
        const data = new Uint32Array(image.data.length);
        for (const { type, id, geometry, properties } of json.features) {
          expect([type, properties.objectType]).toEqual(["Feature", "detection"]);
          const polygons: Position[][][] = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
          expect(geometry.type).toBe(polygons.length === 1 ? "Polygon" : "MultiPolygon");
          for (const rings of polygons) {
            for (const [k, ring] of rings.entries()) {
              expect(ring.length).toBeGreaterThanOrEqual(4);
              expect(ring.at(-1)).toEqual(ring[0]);
              expect(Math.sign(shoelace(ring))).toBe(k === 0 ? 1 : -1);
            }
            for (let i = 0; i < data.length; i++) {
              if (isInside(rings, (i % image.width) + 0.5, Math.floor(i / image.width) + 0.5)) data[i] = id;
            }
          }
        }
        expect(toText({ ...image, data })).toBe(toText(image));
      }),
      { seed: 41 },
    );
  });

  it("is QuPath's form: type, class with colour, measurements with units; any text is kept, what is no number is left out", () => {
    const image = labels("11.2");
    const cell = { name: 'ein "Zellkörper" <b>', color: [86, 180, 233] as const };
    const measurement = {
      areaPx: 2,
      perimeterPx: 1 / 3,
      centroid: { y: 0.5, x: 1 },
      circularity: 1,
      eccentricity: Number.NaN,
      channels: [{ mean: 123456.789, min: -4, max: 2e-7, sd: 0 }],
    };
    const columns = listColumns({ pixelSizeUm: 0.5, channels: ["DAPI"] });
    const encoder = createGeoJsonEncoder({
      ...options(image),
      objectType: "annotation",
      classOf: (id) => (id === 1 ? cell : undefined),
      columns,
      measurementOf: () => measurement,
    });
    const { features } = jsonOf(traceOutlines(image), encoder);
    const measurements = {
      "Area px^2": 2,
      "Perimeter px": 0.333333,
      "Centroid X px": 1,
      "Centroid Y px": 0.5,
      "Area µm^2": 0.5,
      "Perimeter µm": 0.166667,
      "Centroid X µm": 0.5,
      "Centroid Y µm": 0.25,
      Circularity: 1,
      "DAPI: Mean": 123456.789,
      "DAPI: Min": -4,
      "DAPI: Max": 2e-7,
      "DAPI: Std.dev.": 0,
    };
    expect(features[0].properties).toEqual({ objectType: "annotation", name: "1", classification: cell, measurements });
    expect(features[1].properties).toEqual({ objectType: "annotation", name: "2", measurements });
  });

  it("is the same text in any batches", async () => {
    const image = labels("1.2.3/1.2.3/4...5");
    const outlines = traceOutlines(image);
    const whole = textOf(encodeAll(outlines, createGeoJsonEncoder(options(image))));
    const parts: Uint8Array[] = [];
    const batches = [[], outlines.slice(0, 2), [], outlines.slice(2), []];
    for await (const part of encodeOutlines(batches, createGeoJsonEncoder(options(image)))) parts.push(part);
    expect(textOf(parts)).toBe(whole);
    expect(jsonOf([], createGeoJsonEncoder(options(image))).features).toEqual([]);
  });
});

describe("COCO", () => {
  const encoderOf = (image: LabelImage) =>
    createCocoEncoder({
      fileName: "a.png",
      height: image.height,
      width: image.width,
      classNames: ["cell", "dirt"],
      classOf: (id) => 1 + (id % 2),
    });

  it("keeps the published format: polygons or run lengths that cover the same pixels, area, bounding box, one category each", () => {
    fc.assert(
      fc.property(anyObjects, (image) => {
        const coco = jsonOf(traceOutlines(image), encoderOf(image));
        expect(coco.images).toEqual([{ id: 1, file_name: "a.png", height: image.height, width: image.width }]);
        expect(coco.categories.map(({ id, name }: { id: number; name: string }) => [id, name])).toEqual([
          [1, "cell"],
          [2, "dirt"],
        ]);
        const wanted = pixelsById(image);
        expect(coco.annotations.map(({ id }: { id: number }) => id).sort()).toEqual([...wanted.keys()].sort());
        for (const { id, image_id, category_id, iscrowd, segmentation, area, bbox } of coco.annotations) {
          const pixels = wanted.get(id)!;
          expect([image_id, category_id, iscrowd, area]).toEqual([1, 1 + (id % 2), 0, pixels.size]);
          const [xs, ys] = [0, 1].map((k) => [...pixels].map((pixel) => Number(pixel.split(",")[k])));
          const [x, y] = [Math.min(...xs!), Math.min(...ys!)];
          expect(bbox).toEqual([x, y, Math.max(...xs!) + 1 - x, Math.max(...ys!) + 1 - y]);
          expect(decode(segmentation, image)).toEqual(pixels);
        }
      }),
      { seed: 42 },
    );
  });

  it("has run lengths down the columns for holes, polygons for all else", () => {
    const { annotations } = jsonOf(traceOutlines(labels("111/1.1/111")), encoderOf(labels("111/1.1/111")));
    expect(annotations[0].segmentation).toEqual({ size: [3, 3], counts: [0, 4, 1, 4] });
    expect(jsonOf(traceOutlines(labels("1")), encoderOf(labels("1"))).annotations[0].segmentation).toEqual([[0, 0, 1, 0, 1, 1, 0, 1]]);
  });

  it("refuses an image whose pixels its readers cannot count", () => {
    expect(() => createCocoEncoder({ fileName: "", height: 65_536, width: 65_536, classNames: [], classOf: () => 1 })).toThrow(/GeoJSON/);
  });

  const python = process.env["OVERTILE_PYTHON"] ?? "python3";
  const hasReader = canRun(python, ["-c", "import pycocotools"]);
  if (!hasReader) console.warn("Skipped: what pycocotools reads (pip: pycocotools; OVERTILE_PYTHON = a Python that has it)");
  it.skipIf(!hasReader)("is what pycocotools reads", () => {
    const image = labels("1111.2/1..1.2/1111../....33/44.3.3/4..333");
    const folder = mkdtempSync(join(tmpdir(), "overtile-coco-"));
    writeFileSync(join(folder, "coco.json"), Buffer.concat(encodeAll(traceOutlines(image), encoderOf(image))));
    const script = [
      "import json, sys",
      "from pycocotools.coco import COCO",
      "coco = COCO(sys.argv[1])",
      "found = {a['id']: [int(coco.annToMask(a).sum()), a['area'], coco.annToMask(a).ravel().tolist()] for a in coco.loadAnns(coco.getAnnIds(catIds=[1, 2]))}",
      "sys.stdout.write('\\n' + json.dumps(found))",
    ].join("\n");
    const found = JSON.parse(
      execFileSync(python, ["-c", script, join(folder, "coco.json")])
        .toString()
        .split("\n")
        .at(-1)!,
    );
    rmSync(folder, { recursive: true });
    expect(Object.keys(found)).toEqual(["1", "2", "3", "4"]);
    for (const [id, [, area, mask]] of Object.entries(found) as [string, [number, number, number[]]][]) {
      expect(area).toBe(image.data.filter((value) => value === Number(id)).length);
      // Its masks of polygons are rounded in their own way; those of run lengths are exact.
      if (id === "1") expect(mask).toEqual([...image.data].map((value) => (value === 1 ? 1 : 0)));
    }
  });

  /** Pixels of polygons or uncompressed run lengths. */
  function decode(segmentation: number[][] | { size: number[]; counts: number[] }, { height, width }: LabelImage): Set<string> {
    const pixels = new Set<string>();
    if (Array.isArray(segmentation)) {
      for (const flat of segmentation) {
        const ring = Array.from(
          { length: flat.length / 2 + 1 },
          (_, i): Position => [flat[(2 * i) % flat.length]!, flat[(2 * i + 1) % flat.length]!],
        );
        for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) if (isInside([ring], x + 0.5, y + 0.5)) pixels.add(`${x},${y}`);
      }
      return pixels;
    }
    expect(segmentation.size).toEqual([height, width]);
    expect(segmentation.counts.reduce((a, b) => a + b, 0)).toBe(height * width);
    expect(segmentation.counts.slice(1)).not.toContain(0);
    let at = 0;
    for (const [k, count] of segmentation.counts.entries()) {
      for (let i = at; k % 2 === 1 && i < at + count; i++) pixels.add(`${Math.floor(i / height)},${i % height}`);
      at += count;
    }
    return pixels;
  }
});
