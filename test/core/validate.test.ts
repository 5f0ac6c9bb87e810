import { describe, expect, it } from "vitest";
import type { LabelImage } from "../../core/array/raster.ts";
import { labelComponents } from "../../core/label/components.ts";
import { prepareImage } from "../../core/sample/prepare.ts";
import { ronneberger2015Weights as weights } from "../../core/sample/weight-map.ts";
import { calibrateSplit, type ValidationImage, validate } from "../../core/validate.ts";
import { createThreshold, thresholdSpec as spec } from "../support/threshold.ts";

const limits = { budget: { memoryBytes: 1e8, shares: [1] }, minSizePx: 0 };

const height = 40;
const width = 90;
// Two discs of radius 12 whose edges overlap: one object of a threshold.
const discs = [
  { x: 30, y: 20 },
  { x: 50, y: 20 },
];
const nearest = (i: number): number => {
  const distances = discs.map(({ x, y }) => Math.hypot((i % width) - x, Math.floor(i / width) - y));
  return Math.min(...distances) > 12 ? 0 : 1 + distances.indexOf(Math.min(...distances));
};
const two: LabelImage = { height, width, data: Uint32Array.from({ length: height * width }, (_, i) => nearest(i)) };
const one: LabelImage = { ...two, data: two.data.map((id) => Math.min(1, id)) };

/** An image whose bright pixels are the objects, all grown together, annotated as `labels`. */
function annotate(labels: LabelImage, ignore?: Uint8Array): ValidationImage {
  const image = { height, width, channels: 1, data: Float32Array.from(two.data, (id) => Math.min(1, id)) };
  return { name: "discs", prepared: prepareImage({ image, labels }, { weights }), labels, ignore };
}

describe("a validation", () => {
  it("cuts objects apart where that finds what was annotated, and scores what is found then", async () => {
    expect(labelComponents({ ...two, data: Uint8Array.from(one.data) }).count).toBe(1);
    const { splitDepthPx, f1, objects } = await validate([annotate(two)], spec, [createThreshold()], limits);
    expect(splitDepthPx).toBe(3); // 1 to 4 do it; the middle
    expect(f1).toBe(1);
    expect(objects).toEqual({ truth: 2, predicted: 2, matched: 2 });
  });

  it("leaves objects whole that were annotated so, and takes the middle of what is tried where nothing tells", async () => {
    expect((await validate([annotate(one)], spec, [createThreshold()], limits)).splitDepthPx).toBe(0);
    const ignore = new Uint8Array(height * width).fill(1);
    expect((await validate([annotate(two, ignore)], spec, [createThreshold()], limits)).splitDepthPx).toBe(4);
  });

  it("without images of its own takes the training's, if they are not too large", async () => {
    expect(await calibrateSplit([annotate(two)], spec, [createThreshold()], limits)).toBe(3);
    expect(await calibrateSplit([annotate(two), annotate(one), annotate(one)], spec, [createThreshold()], limits)).toBe(0);
    const large = { ...annotate(two), labels: { ...two, data: new Uint32Array(2 ** 20 + 1) } };
    expect(await calibrateSplit([large], spec, [createThreshold()], limits)).toBe(0);
  });
});
