// Inputs as people have them, in the terminal: read, or refused with a sentence whose advice is then accepted. Each kind is made
// here; those of shared/cases (made by another hand) are tried, too, where they are.

import { copyFileSync, cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeModel } from "../../../core/model/archive.ts";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { writePng } from "../../../core/source/write-png.ts";
import { writeZip } from "../../../core/source/zip.ts";
import { createModel } from "../../core/model/sample-model.ts";
import { sharedPath } from "../../support/data.ts";
import { createFolder, type Ended, overtile } from "./run-overtile.ts";

const { path: folder, remove } = createFolder();
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const run = (...words: readonly string[]): Promise<Ended> => overtile(words, { cwd: folder, env: { OVERTILE_HOME: at("home") } });
const tiny = ["--levels", "1", "--features", "2", "--tile", "36", "--steps", "1", "--workers", "1", "--validate", "0", "--overwrite"];
const train = (dataset: string, ...words: readonly string[]): Promise<Ended> => run("train", dataset, "-o", "m.zip", ...tiny, ...words);
/** What a training told, without what it tells of every one. */
const told = ({ stderr }: Ended): string => stderr.replace(/^(.*workers?, about.*|.*loss.*|\d+\/\d+ .*)$/gm, "").trim();

const side = 60;
const cells = generateCells({ height: side, width: side, seed: 3 });
const ids = Uint8Array.from(cells.labels.data);
const png = (data: Uint8Array, channels = 1): Promise<Uint8Array> => writePng({ height: side, width: side, channels, data });

type Files = Readonly<Record<string, Uint8Array>>;
function write(name: string, files: Files): string {
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(at(name, path)), { recursive: true });
    writeFileSync(at(name, path), bytes);
  }
  return name;
}

let image: Uint8Array;
let labels: Uint8Array;
beforeAll(async () => {
  [image, labels] = await Promise.all([png(Uint8Array.from(cells.image.data)), png(ids)]);
  writeFileSync(at("one.zip"), await writeModel(createModel()));
  writeFileSync(at("cell.png"), image);
});
afterAll(remove);

describe("datasets as people have them", () => {
  it("train, and what is read otherwise than written or left out is told once", async () => {
    const text = new TextEncoder().encode("x");
    const grey = write("grey", { "images/a.png": image, "classes/a.png": await png(ids.map((id) => (id ? 85 * (1 + (id % 2)) : 0))) });
    const marked = write("marked", {
      "images/a.png": image,
      "classes/a.png": await png(ids.map((id, i) => (i % 9 === 0 ? 255 : id ? 1 : 0))),
    });
    const noted = write("noted", { "images/a.png": image, "labels/a.png": labels, "images/a.json": text, "labels/Thumbs.db": text });
    expect(told(await train(grey))).toBe("The classes hold the grey values 0, 85 and 170: they are read as 3 classes, 0, 1 and 2.");
    expect(told(await train(marked))).toMatch(/^The number 255 in the classes is read as "ignored"/);
    expect(told(await train(noted))).toBe("Left out: images/a.json, which is no image.");
    const zip = writeZip(
      [...["images", "labels"]].map((name) => ({ name: `set\\${name}\\a.png`, data: name === "images" ? image : labels })),
    );
    writeFileSync(at("set.zip"), zip);
    expect(await train("set.zip")).toMatchObject({ code: 0 });
    expect(told(await train("set.zip", "--validate", noted))).toBe("Left out: images/a.json, which is no image.");
  });

  it("are refused with what to do, and then train", async () => {
    const named = write("named", { "images/a.png": image, "masks/a.png": labels });
    expect(await train(named)).toMatchObject({ code: 1, stderr: expect.stringMatching(/it has masks\/\. Call it labels\/ where/) });
    renameSync(at(named, "masks"), at(named, "labels"));
    expect(await train(named)).toMatchObject({ code: 0 });

    const rgb = await png(
      new Uint8Array(3 * side * side).map((_, i) => i % 251),
      3,
    );
    const mixed = write("mixed", { "images/a.png": rgb, "images/b.png": image, "labels/a.png": labels, "labels/b.png": labels });
    expect(await train(mixed)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/b\.png has 1 channel, a\.png has 3 channels .*: channel=1\./),
    });
    expect(await train(mixed, "--channel", "1")).toMatchObject({ code: 0 });

    const far = write("far", { "images/a.png": image, "classes/a.png": await png(ids.map((id) => (id ? [3, 40, 49][id % 3]! : 0))) });
    expect(await train(far)).toMatchObject({ code: 1, stderr: expect.stringMatching(/or say how many classes there are: classes=50/) });
    expect(await train(far, "--classes", "50")).toMatchObject({ code: 0 });
  });

  it("names in both Unicode forms are one in datasets, in evaluate and in validation folders", async () => {
    const [composed, decomposed] = ["Zelle_\u00fc.png", "Zelle_u\u0308.png"];
    const set = write("forms", { [`images/${decomposed}`]: image, [`labels/${composed}`]: labels, [`other/${decomposed}`]: labels });
    expect(await train(set, "--validate", set)).toMatchObject({ code: 0 });
    expect(await run("evaluate", "forms/other", "forms/labels")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^1 image\nf1 +1\n/),
    });
    copyFileSync(at(set, "images", decomposed), at(composed));
    copyFileSync(at(set, "images", decomposed), at(decomposed));
    expect(await run("segment", composed, decomposed, "--model", "one.zip", "-o", "out")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/must have different names/),
    });
  });

  it("evaluate tells a mask in place of labels, on either side", async () => {
    write("eval", { "pred/a.png": await png(ids.map((id) => (id ? 255 : 0))), "truth/a.png": labels });
    const ended = await run("evaluate", "eval/pred", "eval/truth");
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/objectsPredicted +1\n/) });
    expect(ended.stderr).toMatch(/a, prediction: The labels hold 0 and 255 only: they are read as one object/);
    expect((await run("evaluate", "eval/truth", "eval/pred")).stderr).toMatch(/a, truth: The labels hold 0 and 255 only/);
  });
});

it("regions without an area hold no object, and that is told", async () => {
  writeFileSync(at("empty.geojson"), JSON.stringify({ type: "FeatureCollection", features: [{ type: "Feature", geometry: null }] }));
  const ended = await run("segment", "cell.png", "--model", "one.zip", "-o", "roi", "--roi", "empty.geojson");
  expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/0 objects/) });
  expect(ended.stderr).toMatch(/empty\.geojson: None of its regions has an area, so no object lies inside/);
});

const shared = sharedPath("cases");
describe.skipIf(shared === undefined)("inputs of shared/cases", () => {
  beforeAll(() => cpSync(shared!, at("cases"), { recursive: true }));

  it.each([
    ["m05c_grey85", /read as 3 classes/],
    ["m05_voc255", /255 in the classes is read as "ignored"/],
    ["m20b_mix_greyfirst", /one channel: c0\.png has 1 channel, c1\.png and c2\.png have 3 channels/],
    ["m28_classes_in_labels", /2 numbers in 6 separate parts.*"classes\/"/],
    ["m11_nfd", /^$/],
    ["m25_labelme", /^Left out: images\/c0\.json, which is no image\.$/],
    ["m26_seg_npy", /^Left out: images\/c0_seg\.npy, which is no image\.$/],
    ["m25b_notes", /^Left out: images\/notes\.txt, which is no image\.$/],
    ["m12_backslash.zip", /^$/],
  ])("%s trains", async (name, notice) => {
    const ended = await train(`cases/${name}`);
    expect(ended).toMatchObject({ code: 0 });
    expect(told(ended)).toMatch(notice);
  });

  it.each([
    ["m02_jpegmask", 1, /labels\/c0\.jpg: The labels are saved as JPEG.* PNG or TIFF/],
    ["m04_antialiased_labels", 1, /c0: The labels hold numbers between those of objects and ground.*without smoothing/],
    ["m20_mix_rgbfirst", 2, /c1\.png and c2\.png have 1 channel, c0\.png has 3 channels/],
    ["m08_masksfolder", 1, /it has masks\/\. Call it labels\//],
  ])("%s is refused", async (name, code, message) => {
    expect(await train(`cases/${name}`)).toMatchObject({ code, stdout: "", stderr: expect.stringMatching(message) });
  });

  it("e02, b01 and r01: masks are told, another program's model is named, an empty region is one without area", async () => {
    const evaluated = await run("evaluate", "cases/e02/pred", "cases/e02/truth_labels");
    expect(evaluated.stderr).toMatch(/a, prediction: The labels hold 0 and 255 only: they are read as one object in 6 parts/);
    const imported = await run("models", "import", "cases/b01/pytorch_only_v04.zip");
    expect(imported).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/made by another program \(bioimage\.io 0\.4\.9\), with weights as pytorch_state_dict/),
    });
    for (const [file, regions] of [
      ["nullgeom", 2],
      ["array", 1],
    ] as const) {
      const words = ["--model", "one.zip", "-o", file, "--roi", `cases/r01/${file}.geojson`, "--json"];
      const { code, stdout, stderr } = await run("segment", "cell.png", ...words);
      expect(code, stderr).toBe(0);
      expect(JSON.parse(stdout)[0].byRegion).toHaveLength(regions);
    }
  });

  it("x: the macros run as they are, and those with a fault run nothing", async () => {
    mkdirSync(at("x/out"), { recursive: true });
    copyFileSync(at("one.zip"), at("x/m1.zip"));
    copyFileSync(at("cell.png"), at("x/slide.png"));
    const macro = (name: string): Promise<Ended> => overtile(["macro", at("cases/x", name)], { cwd: at("x") });
    for (const name of ["batchmode.ijm", "single.ijm", "noparens.ijm"]) expect(await macro(name), name).toMatchObject({ code: 0 });
    const ampersand = readFileSync(at("cases/x/ampersand.ijm"), "utf8").replace("t = 92", "t = 52");
    writeFileSync(at("cases/x/ampersand.ijm"), ampersand); // a tile that is legal for this model
    expect(await macro("ampersand.ijm")).toMatchObject({ code: 0 });
    for (const [name, message] of [
      ["loop.ijm", /"for" is a loop/],
      ["order.ijm", /Line 2: "Close All" is a command of ImageJ, which this host does not have\. Use close\("\*"\)/],
      ["order2.ijm", /"saveAs" must be given one of/],
      ["order3.ijm", /"tlie" must be the name of a parameter/],
    ] as const)
      expect(await macro(name), name).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(message) });
  });
});
