// A training goes on from a model of other channels and classes.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readModel } from "../../../core/model/archive.ts";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { writePng } from "../../../core/source/write-png.ts";
import { createFolder, overtile } from "./run-overtile.ts";

const { path: folder, remove } = createFolder();
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const run = (...words: readonly string[]) => overtile(words, { cwd: folder });
const tiny = ["--tile", "52", "--workers", "1", "--batch", "1", "--validate", "0", "--averaging", "0", "--learning-rate", "1e-9"];
const openModel = async (name: string) => readModel(readFileSync(at(name)));

beforeAll(async () => {
  for (const part of ["grey/images", "grey/labels", "stained/images", "stained/classes"]) mkdirSync(at(part), { recursive: true });
  const size = { height: 96, width: 96 };
  const { image, labels } = generateCells({ ...size, seed: 1, cells: 8, radiusPx: 8 });
  writeFileSync(at("grey/images/a.png"), await writePng(image));
  writeFileSync(at("grey/labels/a.png"), await writePng({ ...size, channels: 1, data: Uint16Array.from(labels.data) }));
  const stains = Uint8Array.from(Array.from(image.data, (value) => [255 - value, 200 - value / 2, 180]).flat());
  writeFileSync(at("stained/images/a.png"), await writePng({ ...size, channels: 3, data: stains }));
  const classes = Uint8Array.from(labels.data, (id) => (id === 0 ? 0 : 1 + (id % 2)));
  writeFileSync(at("stained/classes/a.png"), await writePng({ ...size, channels: 1, data: classes }));
  const { code, stderr } = await run("train", "grey", "-o", "grey.zip", ...tiny, "--levels", "1", "--features", "3", "--steps", "1");
  expect(code, stderr).toBe(0);
});
afterAll(remove);

it("its first layer is shared out among the channels, its head keeps the classes that it knows, and both are told", async () => {
  const { code, stderr } = await run("train", "stained", "-o", "stained.zip", ...tiny, "--from", "grey.zip", "--steps", "1");
  expect(code, stderr).toBe(0);
  expect(stderr).toContain("reads 1 channel (channel 1), the images have 3 channels (red, green, blue): its first filters are shared out");
  expect(stderr).toContain("knows 2 classes, this training has 3: class 2 begins at random");
  const [grey, stained] = await Promise.all([openModel("grey.zip"), openModel("stained.zip")]);
  expect(stained.spec).toMatchObject({ channels: 3, classes: 3, levels: 1, features: 3 });
  expect(stained.classNames).toEqual(["background", "object", "class 2"]);
  expect(stained.channelNames).toEqual(["red", "green", "blue"]);
  expect(stained.training["parameters"]).toMatchObject({ classes: 3, from: "grey.zip" });
  // Filters are [3, 3, in, out]: the first three numbers are those of the first channel.
  for (let i = 0; i < 3; i++) expect(3 * stained.weights[i]!).toBeCloseTo(grey.weights[i]!, 5);
});

it("and back: fewer classes are a decision, more are not lost where the images show fewer", async () => {
  const fewer = await run("train", "grey", "-o", "back.zip", ...tiny, "--from", "stained.zip", "--classes", "2", "--steps", "1");
  expect(fewer.code, fewer.stderr).toBe(0);
  expect(fewer.stderr).toContain("knows 3 classes, this training has 2: the others are given up");
  const [back, grey] = await Promise.all([openModel("back.zip"), openModel("grey.zip")]);
  expect(back.spec).toEqual(grey.spec);
  for (const [i, weight] of back.weights.entries()) expect(weight).toBeCloseTo(grey.weights[i]!, 5);
  await run("train", "grey", "-o", "kept.zip", ...tiny, "--from", "stained.zip", "--steps", "1");
  expect((await openModel("kept.zip")).spec).toMatchObject({ channels: 1, classes: 3 });
  const deeper = await run("train", "grey", "-o", "deeper.zip", ...tiny, "--from", "grey.zip", "--levels", "2", "--steps", "1");
  expect(deeper.code).toBe(2);
  expect(deeper.stderr).toContain('"levels" must be that of the model to go on from, 1; got 2');
});

it("a training that goes on needs the model that it began with no more: its weights are in the checkpoint", async () => {
  const words = ["train", "grey", ...tiny, "--steps", "4"];
  writeFileSync(at("base.zip"), readFileSync(at("grey.zip")));
  for (const name of ["whole.zip", "cut.zip"]) {
    const until = name === "cut.zip" ? ["--stop-at", "2"] : [];
    const { code, stderr } = await run(...words, "-o", name, "--from", "base.zip", ...until);
    expect(code, stderr).toBe(0);
  }
  rmSync(at("base.zip"));
  const { code, stderr } = await run(...words, "-o", "cut.zip", "--from", "base.zip", "--resume");
  expect(code, stderr).toBe(0);
  expect(stderr).toContain("What was learnt from it is in the checkpoint: the training goes on without it.");
  const [whole, cut] = await Promise.all([openModel("whole.zip"), openModel("cut.zip")]);
  expect(cut.weights).toEqual(whole.weights);
  expect(cut.training["parameters"]).toMatchObject({ from: "base.zip" });
});
