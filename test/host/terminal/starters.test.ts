// The models that come with the program: segment before anything is trained, and begin trainings.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createInfo } from "../../../bench/starter-catalog.ts";
import { readModel } from "../../../core/model/archive.ts";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { writePng } from "../../../core/source/write-png.ts";
import { starterCatalog } from "../../../plugin/library/starter-catalog.ts";
import { createFolder, overtile } from "./run-overtile.ts";

const { path: folder, remove } = createFolder();
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const run = (...words: readonly string[]) => overtile(words, { cwd: folder });

beforeAll(async () => {
  for (const part of ["cells/images", "cells/labels"]) mkdirSync(at(part), { recursive: true });
  const size = { height: 128, width: 128 };
  for (const seed of [1, 2]) {
    const { image, labels } = generateCells({ ...size, seed, cells: 12, radiusPx: 9 });
    writeFileSync(at(`cells/images/${seed}.png`), await writePng(image));
    writeFileSync(at(`cells/labels/${seed}.png`), await writePng({ ...size, channels: 1, data: Uint16Array.from(labels.data) }));
  }
});
afterAll(remove);

it("the catalogue is that of the archives in models/, each of about a megabyte, with its licence and where it comes from", async () => {
  const files = readdirSync("models").filter((file) => file.endsWith(".zip"));
  expect(files).toEqual(starterCatalog.map(({ name }) => `${name}.zip`).toSorted());
  for (const info of starterCatalog) {
    expect(await createInfo(new Uint8Array(readFileSync(`models/${info.name}.zip`)))).toEqual(info);
    expect(info.bytes).toBeLessThan(1.05e6);
    expect(info).toMatchObject({ license: "CC0-1.0", provenance: expect.stringContaining("CC0"), scores: { f1: expect.any(Number) } });
  }
});

it("segments before anything is trained, and tells what the model is", async () => {
  const { code, stdout, stderr } = await run("segment", "cells/images/1.png", "--model", "nuclei-fluorescence", "-o", "found", "--json");
  expect(code, stderr).toBe(0);
  const [report] = JSON.parse(stdout) as [{ readonly objects: number; readonly model: string }];
  expect(report.model).toBe("nuclei-fluorescence@3");
  expect(report.objects).toBeGreaterThan(5);
  const info = await run("info", "nuclei-fluorescence");
  expect(info.stdout).toMatch(
    /^nuclei-fluorescence@3: Nuclei.*\nclasses: background, object\nlearnt from \d+ fluorescence images.*\nscores: f1 0\.\d+.*\n(objects: .*\n)?licence: CC0-1\.0\n/,
  );
});

it("takes the names: a training under one is refused before it begins, and says what to do", async () => {
  const { code, stderr } = await run("train", "cells", "-o", "nuclei-fluorescence.zip", "--steps", "1");
  expect(code).toBe(2);
  expect(stderr).toContain('must not be that of a model that comes with Overtile; got "nuclei-fluorescence". Give another, for instance');
});

it("begins a training where it learns faster than random weights; ended and gone on with, it ends with the same weights", async () => {
  const words = ["--levels", "3", "--tile", "100", "--batch", "1", "--workers", "1", "--validate", "0", "--steps", "40"];
  const train = (name: string, ...more: readonly string[]) => run("train", "cells", "-o", `${name}.zip`, ...words, ...more);
  const whole = await train("whole");
  expect(whole.stderr).toMatch(
    /Begins with nuclei-fluorescence@3: after 20 steps a loss of \d\.\d{3} on pixels kept aside \(random weights/,
  );
  expect((await train("parts", "--stop-at", "20")).code).toBe(0);
  const resumed = await train("parts", "--resume");
  expect(resumed.stderr).toContain("Going on after step 20 of 40");
  expect(resumed.stderr).not.toContain("Begins with");
  const [one, other] = await Promise.all(["whole", "parts"].map(async (name) => readModel(readFileSync(at(`${name}.zip`)))));
  expect(other!.weights).toEqual(one!.weights);
  expect(one!.training["parameters"]).toMatchObject({ from: "nuclei-fluorescence@3", levels: 3, features: 16 });
  expect(other!.training["parameters"]).toEqual({ ...(one!.training["parameters"] as object) });
  const none = await train("none", "--from", "none", "--stop-at", "1");
  expect(none.stderr).not.toContain("Begins with");
  expect((await readModel(readFileSync(at("none.zip")))).training["parameters"]).toMatchObject({ from: "none" });
});
