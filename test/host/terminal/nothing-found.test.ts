// Nothing found is said, by terminal, macro and calls alike: why that may be, and what to do.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runJob } from "../../../core/job.ts";
import { writeModel } from "../../../core/model/archive.ts";
import type { Model } from "../../../core/model/model.ts";
import { createSearch } from "../../../core/segment.ts";
import { writeTiff } from "../../../core/source/write-tiff.ts";
import { openWorkspace } from "../../../host/terminal/workspace.ts";
import { segmentImage } from "../../../plugin/segment/segment-action.ts";
import { createModel } from "../../core/model/sample-model.ts";
import { createFolder, overtile } from "./run-overtile.ts";

const { path: folder, remove } = createFolder();
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const run = (...words: readonly string[]) => overtile(words, { cwd: folder });
// What every image's sentence ends with where the network sees background alone.
const unlike = /unlike those that the model learnt from .*draw some of its objects and train on\.$/;

/** Sees background everywhere, and objects with the probability 1 / (1 + e^2) = 0.119: nothing but the last layer's bias counts. */
function blind(more: Partial<Model>, spec: Parameters<typeof createModel>[0] = {}): Model {
  const model = createModel({ levels: 1, features: 2, ...spec });
  const weights = new Float32Array(model.weights.length);
  weights[weights.length - 2] = 2;
  return { ...model, weights, ...more };
}

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(at("blind.zip"), await writeModel(blind({ training: { steps: 22 }, pixelSizeUm: 0.5 })));
  writeFileSync(at("taught.zip"), await writeModel(blind({ training: { steps: 1200 } })));
  writeFileSync(at("noisy.zip"), await writeModel(createModel({ levels: 1, features: 2 })));
  const pixels = Uint8Array.from({ length: 70 * 50 }, (_, i) => (i * i) % 251);
  const size = { height: 50, width: 70 };
  writeFileSync(at("cell.tif"), writeTiff({ ...size, pages: [pixels] }));
  writeFileSync(at("coarse.tif"), writeTiff({ ...size, pages: [pixels], pixelSizeUm: 2000 }));
  writeFileSync(at("flat.tif"), writeTiff({ ...size, pages: [pixels.fill(0)] }));
});
afterAll(remove);

describe("nothing found", () => {
  it("is told with the likeliest object, a short training and what to do, on stderr, in --json, and by a macro", async () => {
    const { code, stdout, stderr } = await run("segment", "cell.tif", "--model", "blind.zip", "--out", "a");
    expect([code, stdout]).toEqual([0, expect.stringContaining("cell.tif: 0 objects")]);
    const line = stderr.split("\n").find((one) => one.startsWith("Nothing was found"))!;
    expect(line).toMatch(
      /^Nothing was found in cell\.tif\. The model takes every pixel for background; the likeliest object has a probability of 12 %\./,
    );
    expect(line).toContain("my cells has learnt for 22 steps only: train it longer.");
    expect(line).toMatch(unlike);
    const [report] = JSON.parse((await run("segment", "cell.tif", "--model", "blind.zip", "--out", "b", "--json")).stdout);
    expect(report).toMatchObject({ objects: 0, nothing: line });
    writeFileSync(at("count.ijm"), 'run("Overtile Segment", "model=blind.zip");');
    expect((await run("macro", "count.ijm", "cell.tif")).stderr).toContain(line);
    // By a call: the notice, and the field of the result.
    const told: string[] = [];
    const image = { data: Uint8Array.from({ length: 48 * 48 }, (_, i) => i % 200), shape: [48, 48], name: "call" };
    const result = await runJob(segmentImage(image, { model: at("taught.zip") }, await openWorkspace()), (progress) => {
      if (progress.kind === "notice") told.push(progress.message);
    });
    expect(result).toMatchObject({ objects: 0, nothing: expect.stringMatching(/^Nothing was found in call\./) });
    expect(told).toContain(result.nothing);
    expect(result.nothing).not.toContain("steps");
    expect(result.nothing).toMatch(/ Likely the image looks unlike/);
  });

  it("names pieces that were too small, and advice that helps", async () => {
    const { stdout, stderr } = await run("segment", "cell.tif", "--model", "noisy.zip", "--out", "c", "--min-size", "100000");
    expect(stdout).toContain("0 objects");
    const [, count, largest] =
      /(\d+) pieces? (?:was|were) left out as smaller than 100000 pixels, "Smallest object" \(min_size\); .* (\d+)\. Set it to \2 or less/.exec(
        stderr,
      )!;
    expect(Number(count)).toBeGreaterThan(0);
    const again = await run("segment", "cell.tif", "--model", "noisy.zip", "--out", "d", "--min-size", largest!);
    expect(again.stdout).not.toContain(" 0 objects");
    expect(again.stderr).not.toContain("Nothing was found");
  });

  it("names an image that is empty, pixels of another size, and the channel and plane that were read", async () => {
    expect((await run("segment", "flat.tif", "--model", "taught.zip", "--out", "e")).stderr).toMatch(
      /^Nothing was found in flat\.tif\. All pixels that were read have the same value/m,
    );
    // Resampled, it would be too small to show anything.
    writeFileSync(at("coarse.ijm"), 'run("Overtile Segment", "model=blind.zip");');
    expect((await run("macro", "coarse.ijm", "coarse.tif")).stderr).toMatch(
      /pixels are of 2000 µm, the model learnt from 0\.5 µm: resize the image/,
    );
    const data = Uint8Array.from({ length: 3 * 48 * 48 * 2 }, (_, i) => i % 97);
    const image = { data, shape: [3, 48, 48, 2], axes: "zyxc", name: "stack" };
    const { nothing } = await runJob(segmentImage(image, { model: at("taught.zip"), plane: "z=1", channel: "2" }, await openWorkspace()));
    expect(nothing).toContain(
      'Channel 2 of 2 was read (choose by "Channel" (channel)), and of the stack, only z=1,t=0 was read (choose by "Plane" (plane)).',
    );
  });

  it("is told of slides, block by block, and of merged shards", async () => {
    const slide = await run("segment", "cell.tif", "--model", "blind.zip", "--out", "f", "--format", "ome-zarr");
    expect(slide.stderr).toContain("likeliest object has a probability of 12 %");
    const small = await run("segment", "cell.tif", "--model", "noisy.zip", "--out", "g", "--format", "ome-zarr", "--min-size", "100000");
    expect(small.stderr).toMatch(/left out as smaller than 100000 pixels, "Smallest object" \(min_size\)/);
    await run("segment", "cell.tif", "--model", "blind.zip", "--out", "h", "--shard", "1/1");
    const merged = await run("merge", "h/cell.overtile");
    expect(merged.stderr).toContain("Nothing was found in cell.tif. Every pixel that was looked at is background.");
    expect(merged.stdout).toMatch(/^0 objects -> /);
  });
});

describe("the likeliest object", () => {
  it("is the largest probability of any class but background, and nothing once a pixel is an object", () => {
    const logit = fc.double({ min: -8, max: 8, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.array(logit, { minLength: 6, maxLength: 6 }), { minLength: 1, maxLength: 9 }), (rows) => {
        const search = createSearch(2);
        const pixels = rows.flatMap((row) => [row.slice(0, 2), row.slice(2, 4), row.slice(4, 6)]);
        for (const row of rows) search.add(Float32Array.from(row));
        const isFound = pixels.some(([background, object]) => Math.fround(object!) > Math.fround(background!));
        const most = Math.max(...pixels.map(([background, object]) => Math.exp(object!) / (Math.exp(object!) + Math.exp(background!))));
        if (isFound) expect(search.nearest()).toBeUndefined();
        else expect(search.nearest()).toBeCloseTo(most, 5);
      }),
      { numRuns: 200, seed: 3 },
    );
    const three = createSearch(3);
    three.add(Float32Array.of(2, 0, 1));
    expect(three.nearest()).toBeCloseTo(Math.E / (Math.E ** 2 + 1 + Math.E), 5);
  });
});
