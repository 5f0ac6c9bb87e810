import { describe, expect, it } from "vitest";
import type { LabelImage } from "../../../core/array/raster.ts";
import { labelComponents } from "../../../core/label/components.ts";
import { type ObjectRule, plainRule } from "../../../core/label/object-rule.ts";
import { prepareImage } from "../../../core/sample/prepare.ts";
import { ronneberger2015Weights as weights } from "../../../core/sample/weight-map.ts";
import { calibrate, learnFromDrawn, type ValidationImage, validate } from "../../../core/training/validate.ts";
import { createThreshold, thresholdSpec as spec } from "../../support/threshold.ts";

const limits = { budget: { memoryBytes: 1e8, shares: [1] }, ...plainRule };

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

const isRim = (i: number): boolean => [-1, 1, -width, width].some((step) => two.data[i + step] === 0) && two.data[i] !== 0;

describe("a validation", () => {
  it("cuts objects apart where that finds what was annotated, and scores what is found then", async () => {
    expect(labelComponents({ ...two, data: Uint8Array.from(one.data) }).count).toBe(1);
    const { splitDepthPx, f1, objects } = await validate([annotate(two)], spec, [createThreshold()], limits);
    expect(splitDepthPx).toBe(0.75); // 0.5 to 4 do it; the usual one
    expect(f1).toBe(1);
    expect(objects).toEqual({ truth: 2, predicted: 2, matched: 2 });
  });

  it("leaves objects whole that were annotated so, and takes the usual depth where nothing tells", async () => {
    expect((await validate([annotate(one)], spec, [createThreshold()], limits)).splitDepthPx).toBe(0);
    const ignore = new Uint8Array(height * width).fill(1);
    expect((await validate([annotate(two, ignore)], spec, [createThreshold()], limits)).splitDepthPx).toBe(0.75);
  });

  it("finds the threshold at which objects have the annotated size, and how faint ones are found", async () => {
    // Faint rims: the network says 0.36 there, and they were drawn as objects.
    const image = annotate(one);
    const rim = Float32Array.from(two.data, (id, i) => (id === 0 ? 0 : isRim(i) ? 0.357 : 1));
    const faint = { ...image, prepared: { ...image.prepared, image: { ...image.prepared.image, data: rim } } };
    const { threshold, f1, iou } = await validate([faint], spec, [createThreshold()], limits);
    expect([threshold, f1]).toEqual([0.3, 1]);
    expect(iou[1]).toBe(1);
  });

  it("learns from the drawn objects how small they are and whether they have holes", () => {
    const disc = (hole: number): LabelImage => ({
      ...two,
      data: two.data.map((id, i) => (id === 1 && Math.hypot((i % width) - 30, Math.floor(i / width) - 20) >= hole ? 1 : 0)),
    });
    expect(learnFromDrawn([{ labels: disc(0) }])).toMatchObject({ fillHoles: true, smoothPx: 1 });
    expect(learnFromDrawn([{ labels: disc(6) }]).fillHoles).toBe(false);
    expect(learnFromDrawn([{ labels: disc(1) }]).fillHoles, "a slip of the pen").toBe(true);
    expect(learnFromDrawn([{ labels: disc(6) }, ...Array.from({ length: 30 }, () => ({ labels: disc(0) }))]).fillHoles).toBe(true);
  });

  it("cancelled at any moment ends with AbortError, and leaves no promise that nobody waits for", async () => {
    const images = [annotate(two), annotate(one), annotate(two)];
    const lost: unknown[] = [];
    const note = (reason: unknown): void => void lost.push(reason);
    process.on("unhandledRejection", note);
    /** A signal that is aborted when it is looked at for the n-th time. */
    const abortedAt = (wanted: number): { readonly signal: AbortSignal; readonly looks: () => number } => {
      const controller = new AbortController();
      let looks = 0;
      const throwIfAborted = (): void => {
        if (++looks === wanted) controller.abort();
        AbortSignal.prototype.throwIfAborted.call(controller.signal);
      };
      return { signal: Object.assign(controller.signal, { throwIfAborted }), looks: () => looks };
    };
    try {
      const whole = abortedAt(0);
      await validate(images, spec, [createThreshold()], limits, whole.signal);
      expect(whole.looks()).toBeGreaterThan(20);
      for (let wanted = 1; wanted <= whole.looks(); wanted++) {
        const { signal } = abortedAt(wanted);
        await expect(validate(images, spec, [createThreshold()], limits, signal)).rejects.toThrow(/abort/i);
      }
      await new Promise((done) => setTimeout(done, 10));
      expect(lost).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
    }
  });

  it("without images of its own takes the training's, if they are not too large", async () => {
    const calibrateOn = async (train: readonly ValidationImage[]) =>
      (await calibrate({ train, validate: [] }, spec, [createThreshold()], limits))!;
    expect(await calibrateOn([annotate(two)])).toEqual({ rule: { ...plainRule, splitDepthPx: 0.75 } });
    expect((await calibrateOn([annotate(two), annotate(one), annotate(one)])).rule).toEqual(plainRule);
    const large = { ...annotate(two), labels: { ...two, data: new Uint32Array(2 ** 20 + 1) } };
    expect((await calibrateOn([large])).rule).toEqual(plainRule);
  });

  it("after a training, threshold, depth, smallest size and holes are chosen together, and scores are those of that rule", async () => {
    // Two discs with faint rims, one with a hole that was drawn as filled, and a speck that was not drawn. Bright parts do not touch.
    const image = annotate(two);
    const isFaint = (i: number): boolean => [0, 1, -1, width, -width].some((step) => isRim(i + step));
    const isHole = (i: number): boolean => Math.hypot((i % width) - 30, Math.floor(i / width) - 20) < 4.5;
    const grey = Float32Array.from(two.data, (id, i) => (id === 0 || isHole(i) ? 0 : isFaint(i) ? 0.357 : 1));
    grey.fill(1, 3 * width + 4, 3 * width + 7);
    const faint = { ...image, prepared: { ...image.prepared, image: { ...image.prepared.image, data: grey } } };
    const calibrateOn = async (more: Partial<ObjectRule>) =>
      (await calibrate({ train: [], validate: [faint] }, spec, [createThreshold()], { ...limits, smoothPx: 1, ...more }))!;
    const { rule, validation } = await calibrateOn({ minSizePx: 3, fillHoles: false });
    expect(rule).toMatchObject({ threshold: 0.3, minSizePx: 4, fillHoles: true });
    expect(rule.splitDepthPx).toBeGreaterThan(0);
    expect(validation).toMatchObject({ f1: 1, threshold: 0.3, splitDepthPx: rule.splitDepthPx });
    expect((await calibrateOn({ minSizePx: 20, fillHoles: true })).rule).toEqual({ ...rule, minSizePx: 20 });
    const large = { ...faint, labels: { ...two, data: new Uint32Array(2 ** 21 + 1) } };
    expect(await calibrate({ train: [], validate: [large] }, spec, [createThreshold()], limits), "too large for this").toBe(undefined);
  });
});
