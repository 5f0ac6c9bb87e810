// What the terminal says of images that mean more than their numbers: on files made here, and on the shared cases.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initializeWeights } from "../../../core/engine/initialize.ts";
import { writeModel } from "../../../core/model/archive.ts";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { writePng } from "../../../core/source/write-png.ts";
import { writeTiff } from "../../../core/source/write-tiff.ts";
import { createModel } from "../../core/model/sample-model.ts";
import { sharedPath } from "../../support/data.ts";
import { createFolder, type Ended, overtile } from "./run-overtile.ts";

const { path: folder, remove } = createFolder();
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const side = 48;
const { image, labels } = generateCells({ height: side, width: side, seed: 3 });
const grey = Uint8Array.from(image.data);

beforeAll(async () => {
  for (const channels of [1, 3]) {
    const plain = createModel({ levels: 2, features: 2, channels });
    const weights = initializeWeights(plain.spec, 1);
    writeFileSync(at(`m${channels}.zip`), await writeModel({ ...plain, weights, ...(channels === 1 && { pixelSizeUm: 1 }) }));
  }
  writeFileSync(at("grey.png"), await writePng({ height: side, width: side, channels: 1, data: grey }));
});
afterAll(remove);

const coloured = (colour: (grey: number, at: number) => readonly number[]): Promise<Uint8Array> =>
  writePng({ height: side, width: side, channels: 3, data: Uint8Array.from([...grey].flatMap((value, i) => colour(value, i))) });

const shortest = ["--steps", "1", "--features", "2", "--levels", "1", "--workers", "1"];

let runs = 0;
/** Segments a file; what came out, and the bytes of its labels. */
async function segment(path: string, ...words: readonly string[]): Promise<Ended & { readonly labels: string }> {
  const out = at(`out${++runs}`);
  const model = words.includes("--model") ? [] : ["--model", at("m1.zip")];
  const ended = await overtile(["segment", path, ...model, "-o", out, "--workers", "1", ...words], { cwd: folder });
  if (ended.code !== 0) return { ...ended, labels: "" };
  const [, file] = /-> (.*?)(?:,|\n|$)/.exec(ended.stdout) ?? [];
  return { ...ended, labels: readFileSync(file!).toString("latin1") };
}

describe("a picture and a model of one channel", () => {
  it("that is grey in three channels, or has one that is not empty, gives what the grey one gives", async () => {
    writeFileSync(at("equal.png"), await coloured((value) => [value, value, value]));
    writeFileSync(at("dapi.png"), await coloured((value) => [0, 0, value]));
    const [plain, equal, dapi] = [await segment(at("grey.png")), await segment(at("equal.png")), await segment(at("dapi.png"))];
    expect([equal.labels, dapi.labels]).toEqual([plain.labels, plain.labels]);
    expect([plain.stderr, equal.stderr].join()).not.toMatch(/channel/);
    expect(dapi.stderr).toMatch(/dapi\.png has 3 channels, and only one that is not empty, blue: it is read/);
  });

  it("of stained tissue is told, by macro too; a named channel is silent", async () => {
    writeFileSync(at("stained.png"), await coloured((value, i) => [255 - value / 2, 255 - value, 230 - (i % 50)]));
    expect((await segment(at("stained.png"))).stderr).toMatch(
      /has 3 channels, the model reads 1, the first \(red\) is taken\. It may know no such image/,
    );
    expect((await segment(at("stained.png"), "--channel", "2")).stderr).not.toMatch(/has 3 channels/);
    writeFileSync(at("m.ijm"), `run("Overtile Segment", "model=[${at("m1.zip")}] workers=1");`);
    expect((await overtile(["macro", at("m.ijm"), at("stained.png")], { cwd: folder })).stderr).toMatch(/It may know no such image/);
  });

  it("learns from such pictures as it segments them: one channel, and it is told", async () => {
    for (const part of ["images", "labels"]) mkdirSync(at("blue", part), { recursive: true });
    for (const name of ["a.png", "b.png"]) {
      writeFileSync(at("blue/images", name), await coloured((value) => [0, 0, value]));
      writeFileSync(
        at("blue/labels", name),
        await writePng({ height: side, width: side, channels: 1, data: Uint16Array.from(labels.data) }),
      );
    }
    const words = ["train", at("blue"), "-o", at("blue.zip"), ...shortest];
    const { code, stderr } = await overtile(words, { cwd: folder });
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/a\.png \(and 1 more\) has 3 channels, and only one that is not empty, blue/),
    ]);
    expect((await overtile(["info", at("blue.zip")], { cwd: folder })).stdout).toMatch(/conv1 +3x3\/1 +\d+x\d+x1 /);
  });
});

describe("grey pictures and pictures of one full channel", () => {
  it("learn together, in whatever order, and both kinds are told with their files", async () => {
    for (const part of ["images", "labels"]) mkdirSync(at("mixed", part), { recursive: true });
    for (const [name, picture] of [
      ["a.png", await coloured((value) => [0, value, 0])],
      ["b.png", readFileSync(at("grey.png"))],
    ] as const) {
      // biome-ignore format: a table
      writeFileSync(at("mixed/images", name), picture);
      writeFileSync(
        at("mixed/labels", name),
        await writePng({ height: side, width: side, channels: 1, data: Uint16Array.from(labels.data) }),
      );
    }
    const { code, stderr } = await overtile(["train", at("mixed"), "-o", at("mixed.zip"), ...shortest], { cwd: folder });
    expect(code).toBe(0);
    expect(stderr).toMatch(/as one channel: b\.png has 1 channel, a\.png has 3 channels \(red, green, blue\), of which one is read/);
    expect(stderr).toMatch(/a\.png has 3 channels, and only one that is not empty, green: it is read/);
  });
});

describe("stacks", () => {
  beforeAll(() => {
    const pages = [0, 1, 2].map((z) => grey.map((value) => Math.min(255, value + z)));
    writeFileSync(at("stack.tif"), writeTiff({ height: side, width: side, pages, slices: 3 }));
    writeFileSync(at("pages.tif"), writeTiff({ height: side, width: side, pages }));
  });

  it("of which a part is read are told, with the way to all; that way is silent", async () => {
    const told =
      /stack\.tif has 3 planes along z; only the first, z=0, was read\. Planes count from 0; plane=all reads all \(in a terminal --plane all\)/;
    expect((await segment(at("stack.tif"))).stderr).toMatch(told);
    expect((await segment(at("stack.tif"), "--output", "labels,table")).stderr).toMatch(
      /3 planes along z; .* of a slide one is read at a time/,
    );
    for (const plane of ["all", "z=1"]) expect((await segment(at("stack.tif"), "--plane", plane)).stderr).not.toMatch(/planes along/);
  });

  it("of planes that might be channels say what they are", async () => {
    const { code, stderr } = await segment(at("stack.tif"), "--model", at("m3.zip"));
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/reads 3 channels; .* has 1, .* It has 3 planes along z; save them as channels/),
    ]);
  });
});

describe("pixels of another size", () => {
  it("are told and resampled, in a run by blocks and in memory; where the image would vanish it is doubted", async () => {
    writeFileSync(at("fine.tif"), writeTiff({ height: side, width: side, pages: [grey], pixelSizeUm: 0.25 }));
    expect((await segment(at("fine.tif"))).stderr).toMatch(/pixels of 0\.25 µm, the model learnt from 1 µm: it is resampled/);
    writeFileSync(at("fine.ijm"), `run("Overtile Segment", "model=[${at("m1.zip")}] workers=1");`);
    const macro = async (file: string) => (await overtile(["macro", at("fine.ijm"), at(file)], { cwd: folder })).stderr;
    expect(await macro("fine.tif")).toMatch(/pixels of 0\.25 µm, the model learnt from 1 µm: it is resampled/);
    writeFileSync(at("tiny.tif"), writeTiff({ height: side, width: side, pages: [grey], pixelSizeUm: 0.01 }));
    expect(await macro("tiny.tif")).toMatch(
      /it is taken as it is\. Its objects are 100 times as large in it as those that the model knows/,
    );
  });
});

describe("names with a colon", () => {
  it("are files where there is one, and a path where there is none", async () => {
    writeFileSync(at("plate:A1.png"), await writePng({ height: side, width: side, channels: 1, data: grey }));
    expect((await segment("plate:A1.png")).code).toBe(0);
    expect((await segment("plate:B2.png")).stderr).toMatch(/plate:B2\.png; there is none\. Check the path/);
  });
});

const casesPath = sharedPath("cases");
const casePath = (name: string): string => join(casesPath!, name);

describe.skipIf(!casesPath)("shared cases", () => {
  it("t05, t14, t18: look-up table, channels as pages and two samples give what their plain forms give", async () => {
    expect((await segment(casePath("t05/green_lut.tif"))).labels).toBe((await segment(casePath("t05/grey.png"))).labels);
    const three = ["--model", at("m3.zip")];
    expect((await segment(casePath("t14/cyx_pages.tif"), ...three)).labels).toBe(
      (await segment(casePath("t14/ref_rgb.tif"), ...three)).labels,
    );
    const lsm = await segment(casePath("t18/lsm_like.lsm"));
    expect([lsm.code, lsm.stderr]).toEqual([0, expect.stringMatching(/has 2 channels, the model reads 1/)]);
    expect(lsm.stderr).toMatch(/2 planes along z/);
  });

  it("t01, t02, t22: planes behind one directory and pages are told alike, and read with --plane all", async () => {
    for (const name of ["t01/ij_one_ifd.tif", "t02/shaped_one_ifd.tif", "t22/ij_stack6.tif"]) {
      expect((await segment(casePath(name))).stderr, name).toMatch(/has 6 planes along z; only the first, z=0, was read/);
    }
    expect((await segment(casePath("t01/ij_one_ifd.tif"), "--plane", "all")).code).toBe(0);
  });

  it("t23: the table of images with µm in Latin-1 and spelt out is in micrometres", async () => {
    for (const name of ["u2", "u4"]) {
      const { code, stdout } = await segment(casePath(`t23/${name}.tif`), "--output", "labels,table");
      expect(code).toBe(0);
      const [, table] = /(\S+\.csv)/.exec(stdout) ?? [];
      expect(readFileSync(table!, "utf8").split("\n")[0], name).toMatch(/um|µm/i);
    }
  });

  it("z01: chunks under another separator are an error; n02: a file with a colon", async () => {
    const zarr = await segment(casePath("z01_undeclared.ome.zarr"), "--channel", "1");
    expect([zarr.code, zarr.stderr]).toEqual([
      1,
      expect.stringMatching(/all chunks that were read are absent; they lie under the other separator/),
    ]);
    expect((await segment(casePath("n02/plate:A1.png"))).code).toBe(0);
  });

  it("m13, m20, m27, m29b: wide labels, mixed kinds, white as zero, turned pictures", async () => {
    const train = (name: string): Promise<Ended> =>
      overtile(["train", casePath(name), "-o", at(`${name}.zip`), ...shortest], {
        cwd: folder,
      });
    expect((await train("m13_int64")).code).toBe(0);
    expect((await train("m27_bilevel_miniswhite")).code).toBe(0);
    const first = await train("m20_mix_rgbfirst");
    expect([first.code, first.stderr]).toEqual([2, expect.stringMatching(/c1\.png and c2\.png have 1 channel, c0\.png has 3 channels/)]);
    expect((await train("m20b_mix_greyfirst")).stderr).toMatch(/c0\.png has 1 channel, c1\.png and c2\.png have 3 channels/);
    const turned = await train("m29b_exif3");
    expect([turned.code, turned.stderr]).toEqual([0, expect.stringMatching(/c0\.jpg \(and 1 more\): it is turned by 180 degrees/)]);
  });
});
