// Objects of another size than the network sees well: images are seen at another scale, results keep their own pixels.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pickNearest, rescaleTo } from "../../../core/array/rescale.ts";
import { readModel } from "../../../core/model/archive.ts";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { writePng } from "../../../core/source/write-png.ts";
import { writeTiff } from "../../../core/source/write-tiff.ts";
import { readTiff } from "./read-tiff.ts";
import { createFolder, overtile } from "./run-overtile.ts";

const { path: folder, remove } = createFolder();
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const run = (...words: readonly string[]) => overtile(words, { cwd: folder });
const tiny = ["--workers", "1", "--batch", "1", "--validate", "0", "--from", "none", "--levels", "1", "--features", "3", "--steps", "2"];
const parametersOf = async (name: string) => (await readModel(readFileSync(at(name)))).training["parameters"];

beforeAll(async () => {
  for (const part of ["large/images", "large/labels"]) mkdirSync(at(part), { recursive: true });
  const small = generateCells({ height: 64, width: 80, seed: 1, cells: 8, radiusPx: 8 });
  const size = { height: 6 * 64, width: 6 * 80 };
  const image = { ...size, channels: 1, data: Uint8Array.from(rescaleTo(small.image, size).data) };
  const { data } = pickNearest(small.labels, size);
  writeFileSync(at("large/images/a.png"), await writePng(image));
  writeFileSync(at("large/labels/a.png"), await writePng({ ...size, channels: 1, data: Uint16Array.from(data) }));
  writeFileSync(at("sized.tif"), writeTiff({ ...size, pages: [image.data], pixelSizeUm: 0.2 }));
});
afterAll(remove);

it("a training on large objects shrinks its images, says so, and its model sees others so, with results on their own pixels", async () => {
  const trained = await run("train", "large", "-o", "m.zip", ...tiny);
  expect(trained.code, trained.stderr).toBe(0);
  const told = /Images are seen at (0\.\d+) times their size, where the drawn objects have a size that the network sees well \(scale\)/;
  const scale = Number(told.exec(trained.stderr)?.[1]);
  expect(scale).toBeGreaterThan(0.15);
  expect(scale).toBeLessThan(0.4);
  expect(await parametersOf("m.zip")).toMatchObject({ scale });

  const found = await run("segment", "large/images/a.png", "--model", "m.zip", "-o", "out", "--output", "labels,probabilities", "--json");
  expect(found.code, found.stderr).toBe(0);
  const [report] = JSON.parse(found.stdout) as [{ parameters: { scale: number } }];
  expect(report.parameters.scale).toBeCloseTo(scale, 6);
  expect(readTiff(readFileSync(at("out/a.labels.tif")))[0]).toMatchObject({ height: 384, width: 480 });
  expect(found.stderr).toContain(`The image is seen at ${scale} times its size, as those that the model learnt from (scale).`);
});

it("a scale that is asked for is taken, in training and segmenting; 1 is the image as it is, and needs no word", async () => {
  const trained = await run("train", "large", "-o", "own.zip", ...tiny, "--scale", "1");
  expect(trained.code, trained.stderr).toBe(0);
  expect(trained.stderr).not.toContain("scale");
  expect(await parametersOf("own.zip")).toMatchObject({ scale: 1 });
  const { code, stderr } = await run("segment", "large/images/a.png", "--model", "own.zip", "-o", "half", "--scale", "0.5");
  expect(code, stderr).toBe(0);
  expect(readTiff(readFileSync(at("half/a.labels.tif")))[0]).toMatchObject({ height: 384, width: 480 });
  const refused = await run("segment", "large/images/a.png", "--model", "own.zip", "-o", "none", "--scale", "0.01");
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('"scale" must give an image that can be worked with')]);
});

it("a model keeps the size of the pixels that it saw: an image of that size is taken as it is", async () => {
  mkdirSync(at("sized/images"), { recursive: true });
  mkdirSync(at("sized/labels"), { recursive: true });
  writeFileSync(at("sized/images/a.tif"), readFileSync(at("sized.tif")));
  writeFileSync(at("sized/labels/a.png"), readFileSync(at("large/labels/a.png")));
  const { code, stderr } = await run("train", "sized", "-o", "sized.zip", ...tiny, "--scale", "0.25");
  expect(code, stderr).toBe(0);
  expect((await readModel(readFileSync(at("sized.zip")))).pixelSizeUm).toBeCloseTo(0.8, 9);
  const goOn = ["--workers", "1", "--batch", "1", "--validate", "0", "--steps", "2", "--from", "sized.zip"];
  const more = await run("train", "sized", "-o", "more.zip", ...goOn);
  expect(more.stderr).toContain("Images are seen at 0.25 times their size, where objects have the size that the model knows (scale).");
  expect(await parametersOf("more.zip")).toMatchObject({ scale: 0.25 });
});
