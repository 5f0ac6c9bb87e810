import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeModel } from "../../../core/model/archive.ts";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { writePng } from "../../../core/source/write-png.ts";
import { writeTiff } from "../../../core/source/write-tiff.ts";
import { writeZip } from "../../../core/source/zip.ts";
import { createModel } from "../../core/model/sample-model.ts";
import { makeTiff } from "../../core/source/tiff-bytes.ts";
import { createFolder, type Ended, overtile } from "./run-overtile.ts";

const { path: folder, remove } = createFolder();
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const run = (...words: readonly string[]) => overtile(words, { cwd: folder });

const side = 60;
const cells = generateCells({ height: side, width: side, seed: 3 });
const grey = (data: Uint8Array | Uint16Array, height = side): Promise<Uint8Array> =>
  writePng({ height, width: data.length / height, channels: 1, data });
const ids = Uint8Array.from(cells.labels.data);
let image: Uint8Array;
let labels: Uint8Array;

beforeAll(async () => {
  [image, labels] = await Promise.all([grey(cells.image.data), grey(ids)]);
  writeFileSync(at("cell.png"), image);
  writeDataset("good", { "images/a.png": image, "labels/a.png": labels });
  writeFileSync(at("one.zip"), await writeModel(createModel()));
  writeFileSync(at("two.zip"), await writeModel(createModel({ channels: 2 })));
});
afterAll(remove);

/** A message in three parts on stderr, nothing on stdout, the right exit code, and the path not written. */
function expectRefusal(ended: Ended, code: 1 | 2, message: RegExp, unwritten?: string): void {
  expect(ended).toMatchObject({ code, stdout: "", stderr: expect.stringMatching(message) });
  expect(ended.stderr).not.toMatch(/should not|\n {4}at /); // no unexpected error, no stack
  if (unwritten !== undefined) expect(existsSync(at(unwritten))).toBe(false);
}

/** Writes a dataset folder: paths below it with their bytes. */
function writeDataset(name: string, files: Readonly<Record<string, Uint8Array>>): string {
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(at(name, path)), { recursive: true });
    writeFileSync(at(name, path), bytes);
  }
  return name;
}

const tiny = ["--levels", "1", "--features", "2", "--tile", "36", "--steps", "1", "--workers", "1", "--validate", "0"];
const train = (dataset: string, ...words: readonly string[]) => run("train", dataset, "-o", "m.zip", ...tiny, ...words);
const segment = (path: string, ...words: readonly string[]) => run("segment", path, "--model", "one.zip", "-o", "out", ...words);

/** Writes the metadata of a Zarr array of a million chunks, none of which is there, and returns its folder. */
function writeDust(name: string, shape: readonly number[], chunks: readonly number[]): string {
  const metadata = { zarr_format: 2, shape, chunks, dtype: "|u1", compressor: null, fill_value: 0, order: "C", filters: null };
  return writeDataset(name, { ".zarray": new TextEncoder().encode(JSON.stringify(metadata)) });
}

describe("images that would be read for hours", () => {
  // Slides make their folder before they are measured.
  afterAll(() => rmSync(at("out"), { recursive: true, force: true }));

  it("are refused before they are read, as they are segmented, planes and slides, and compared", async () => {
    const grain = writeDust("grain.zarr", [3000, 3000], [1, 1]);
    const slide = writeDust("slide.zarr", [60_000, 60_000], [16, 16]);
    const sizes = [[256, 2000], [257, 1200], [258, 8], [322, 1], [323, 1], [324, 8], [325, 1]] as const; // biome-ignore format: a table
    writeFileSync(at("dust.tif"), makeTiff(sizes.map(([tag, value]) => ({ tag, values: [value] }))).bytes);
    const stack = writeDust("stack.zarr", [4000, 40, 40], [1, 1, 1]);
    const [one, two, whole, part, compared] = await Promise.all([
      segment(grain),
      segment(slide, "--format", "ome-zarr"),
      segment(stack, "--plane", "all"),
      run("segment", slide, "--model", "one.zip", "-o", "part", "--region", "0,0,64,64", "--format", "ome-zarr"),
      run("evaluate", "dust.tif", "dust.tif"),
    ]);
    expectRefusal(one!, 1, /grain\.zarr .*9,000,000 chunks of 1 x 1 pixels.*about 12 minutes\. Write it again in chunks of 256 x 256/);
    // Without a pyramid, a part of it is measured by all of it.
    for (const ended of [two!, part!]) expectRefusal(ended, 1, /slide\.zarr .*14,062,500 chunks of 16 x 16 pixels/);
    expectRefusal(whole!, 1, /stack\.zarr .*6,400,000 chunks of 1 x 1 pixels/);
    expectRefusal(compared!, 1, /dust\.tif .*2,400,000 tiles of 1 x 1 pixels.*tiffcp/);
  });

  it("are told before they are read where that takes some time", async () => {
    // Two channels are wanted of one, which is found only after what is told.
    const ended = await run("segment", writeDust("some.zarr", [512, 512], [1, 1]), "--model", "two.zip", "-o", "out");
    expectRefusal(
      ended,
      2,
      /some\.zarr is in 262,144 chunks of 1 x 1 pixels: each is read by itself, which takes about 21 s\. Write it again/,
    );
    expect(ended.stderr).toContain("The network reads 2 channels");
  });
});

describe("files that are missing or no images", () => {
  it("names the missing image, model, dataset, label image, and writes nothing", async () => {
    const [noImage, noModel, noData, noLabels] = await Promise.all([
      segment("none.png"),
      run("segment", "cell.png", "--model", "none.zip", "-o", "out"),
      train("none"),
      run("evaluate", "cell.png", "none.png"),
    ]);
    expectRefusal(noImage!, 1, /none\.png; there is none\. Check the path/, "out");
    expectRefusal(noModel!, 1, /none\.zip; .*Check the path/, "out");
    expectRefusal(noData!, 1, /none; there is none\. Check the path/, "m.zip");
    expectRefusal(noLabels!, 1, /none\.png; there is none\. Check the path/);
  });

  it("names a model that the library does not have, and what it has", async () => {
    expectRefusal(
      await run("segment", "cell.png", "--model", "my model", "-o", "out"),
      2,
      /there is no "my model"\. It knows nuclei-fluorescence/,
    );
  });

  it("names what is no image, a damaged one, a folder where a file should be", async () => {
    writeFileSync(at("text.png"), "<html>not found</html>");
    writeFileSync(at("empty.png"), "");
    writeFileSync(at("cut.png"), image.subarray(0, image.length / 2));
    mkdirSync(at("folder.png"));
    expectRefusal(await segment("text.png"), 1, /Expected a PNG, JPEG, TIFF or OME-Zarr image; text\.png is a page of text/, "out");
    expectRefusal(await segment("empty.png"), 1, /empty\.png is empty/, "out");
    expectRefusal(await segment("cut.png"), 1, /cut\.png/, "out");
    expectRefusal(await segment("folder.png"), 1, /Expected an image; folder\.png is a folder without a Zarr image/, "out");
  });
});

describe("datasets that cannot teach", () => {
  it("image and label of different size are named with both sizes", async () => {
    const data = writeDataset("sizes", { "images/a.png": image, "labels/a.png": await grey(ids.subarray(0, 50 * side), 50) });
    expectRefusal(
      await train(data),
      1,
      /labels\/a\.png is 60x50, images\/a\.png is 60x60\. Export the drawing in the image's size/,
      "m.zip",
    );
  });

  it("a label without image and an image without label are named", async () => {
    const lonely = writeDataset("lonely", { "images/a.png": image, "labels/a.png": labels, "labels/b.png": labels });
    expectRefusal(await train(lonely), 1, /images\/ has none named b\. Add the image, or remove the file/, "m.zip");
    const bare = writeDataset("bare", { "images/a.png": image, "images/b.png": image, "labels/a.png": labels });
    expectRefusal(await train(bare), 1, /there is no labels\/b and no classes\/b\. Draw them, or remove the image/, "m.zip");
  });

  it("empty labels, and labels without background, are refused", async () => {
    const empty = writeDataset("empty", { "images/a.png": image, "labels/a.png": await grey(new Uint8Array(side * side)) });
    expectRefusal(await train(empty), 1, /all labels are empty\. Draw a few objects/, "m.zip");
    const full = writeDataset("full", { "images/a.png": image, "labels/a.png": await grey(new Uint8Array(side * side).fill(1)) });
    expectRefusal(await train(full), 1, /every pixel belongs to an object, there is no background\. Draw/, "m.zip");
    const ignored = writeDataset("ignored", {
      "images/a.png": image,
      "labels/a.png": labels,
      "ignore/a.png": await grey(new Uint8Array(side * side).fill(9)),
    });
    expectRefusal(await train(ignored), 1, /every pixel is ignored/, "m.zip");
  });

  it("a 0/255 mask is read as one object, and that is said", async () => {
    const mask = await grey(ids.map((id) => (id > 0 ? 255 : 0)));
    const { code, stderr } = await train(writeDataset("mask", { "images/a.png": image, "labels/a.png": mask }), "--overwrite");
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /a: The labels hold 0 and 255 only: they are read as one object in \d+ parts\. If this is a mask of many, label its connected components, or put it into "classes\/"/,
    );
  });

  it("classes beyond the network's, colours as labels, and no images are refused", async () => {
    const many = writeDataset("many", { "images/a.png": image, "classes/a.png": await grey(ids.map((id) => id % 5)) });
    expectRefusal(
      await train(many, "--classes", "3", "--overwrite"),
      1,
      /classes must be whole numbers from 0 to 2; got [34] at x \d+, y \d+/i,
    );
    const colours = await writePng({
      height: side,
      width: side,
      channels: 3,
      data: Uint8Array.from({ length: side * side * 3 }, (_, i) => i % 3),
    });
    const painted = writeDataset("painted", { "images/a.png": image, "labels/a.png": colours });
    expectRefusal(await train(painted, "--overwrite"), 1, /one number a pixel in .*labels\/a\.png; its 3 channels differ/);
    mkdirSync(at("nothing/images"), { recursive: true });
    expectRefusal(await train("nothing", "--overwrite"), 1, /its images\/ is empty/);
  });
});

describe("images that do not fit", () => {
  it("a model of more channels says how many it reads and how to choose", async () => {
    expectRefusal(
      await run("segment", "cell.png", "--model", "two.zip", "-o", "out"),
      2,
      /The network reads 2 channels; "cell\.png" has 1, .* Choose 2 channels with "channel"/,
      "out",
    );
    expectRefusal(await segment("cell.png", "--channel", "2"), 2, /has 1, and 2 was chosen/, "out");
    expectRefusal(await segment("cell.png", "--channel", "red"), 2, /"channel" must be numbers from 1/, "out");
    expectRefusal(await segment("cell.png", "--plane", "z=3"), 2, /planes z 0 to 0 and t 0 to 0; got z=3/, "out");
  });

  it("NaN and infinite pixels are refused with their place, to segment and to train", async () => {
    for (const [name, value] of [
      ["nan", Number.NaN],
      ["infinite", Number.POSITIVE_INFINITY],
    ] as const) {
      const pixels = Float32Array.from({ length: side * side }, (_, i) => (i === 5 * side + 7 ? value : i % 97));
      const tiff = writeTiff({ height: side, width: side, pages: [pixels] });
      writeFileSync(at(`${name}.tif`), tiff);
      expectRefusal(await segment(`${name}.tif`), 1, /NaN|infinit|finite/i, "out");
    }
    const data = writeDataset("nan-set", { "images/a.tif": readFileSync(at("nan.tif")), "labels/a.png": labels });
    expectRefusal(await run("train", data, "-o", "nan.zip", ...tiny), 1, /NaN|finite/i, "nan.zip");
  });

  it("an image of one pixel is segmented, and trains beside others", async () => {
    writeFileSync(at("pixel.png"), await grey(Uint8Array.of(7), 1));
    expect((await run("segment", "pixel.png", "--model", "one.zip", "-o", "pixel")).code).toBe(0);
    expect(readdirSync(at("pixel"))).toEqual(["pixel.labels.tif"]);
    const data = writeDataset("pixels", {
      "images/a.png": image,
      "labels/a.png": labels,
      "images/b.png": readFileSync(at("pixel.png")),
      "labels/b.png": await grey(Uint8Array.of(1), 1),
    });
    expect((await run("train", data, "-o", "pixels.zip", ...tiny, "--steps", "4")).code).toBe(0);
  });
});

describe("wrong words", () => {
  it("an illegal tile is refused with the nearest legal ones", async () => {
    expectRefusal(await run("info", "--tile", "573"), 2, /"tile" must be 188 \+ a multiple of 16 for 4 levels; got 573\. Use 572 or 588/);
    expectRefusal(await segment("cell.png", "--tile", "23"), 2, /"tile" .*got 23.* Use (22|24)/, "out");
    expectRefusal(await run("train", "good", "-o", "t.zip", ...tiny, "--tile", "37"), 2, /"tile" .*got 37.* Use (36|38)/, "t.zip");
  });

  it("unknown options and commands get the nearest name, and exit code 2", async () => {
    expectRefusal(
      await run("segment", "cell.png", "--modell", "one.zip", "-o", "out"),
      2,
      /unknown option '--modell'.*\n?.*Did you mean --model/,
      "out",
    );
    expectRefusal(await run("trian"), 2, /unknown command 'trian'.*\n?.*Did you mean train/);
    expectRefusal(await run("train", "good"), 2, /required option '-o, --out/);
    expect((await run()).code).toBe(2);
  });

  it("wrong values are refused with what is taken", async () => {
    expectRefusal(
      await train("good", "--overwrite", "--learning-rate", "fast"),
      2,
      /"learning_rate" must be a number from 1e-9 to 10; got "fast"/,
    );
    expectRefusal(await train("good", "--overwrite", "--preset", "quik"), 2, /"preset" must be one of .*; got "quik"\. Use quick/);
    expectRefusal(await segment("cell.png", "--output", "lables"), 2, /"output" must be some of .*Use labels/, "out");
    expectRefusal(await run("sample", "x", "--images", "-1"), 2, /"images" must be a whole number from 1/, "x");
    expectRefusal(await train("good", "--overwrite", "--validate", "1.5"), 2, /"validate" must be a share/);
    expectRefusal(await run("new", "model.h5"), 2, /must end in \.zip; got "model\.h5"\. Use model\.h5\.zip/, "model.h5");
    expectRefusal(await run("new", "my=model.zip"), 2, /"name" must be a name without/, "my=model.zip");
    expectRefusal(await train("good", "--resume", "--seed", "9", "--overwrite"), 2, /"resume" must find the checkpoint/);
  });
});

describe("archives that are not whole", () => {
  it("a truncated, a bit-flipped and a foreign zip are no models", async () => {
    const whole = readFileSync(at("one.zip"));
    const flipped = Buffer.from(whole);
    flipped[Math.floor(whole.length / 2)]! ^= 16;
    const bad = {
      truncated: whole.subarray(0, whole.length - 100),
      flipped,
      foreign: writeZip([{ name: "a.txt", data: Buffer.from("hello") }]),
      text: Buffer.from("no zip"),
    };
    for (const [name, bytes] of Object.entries(bad)) {
      writeFileSync(at(`${name}.zip`), bytes);
      expectRefusal(await run("segment", "cell.png", "--model", `${name}.zip`, "-o", "out"), 1, new RegExp(`${name}\\.zip`), "out");
    }
  });

  it("a truncated, a bit-flipped and a foreign zip are no datasets, and paths with .. are refused", async () => {
    const entries = [
      { name: "images/a.png", data: image },
      { name: "labels/a.png", data: labels },
    ];
    const whole = Buffer.from(writeZip(entries));
    writeFileSync(at("whole-set.zip"), whole);
    expect((await run("train", "whole-set.zip", "-o", "set.zip", ...tiny)).code).toBe(0);
    const flipped = Buffer.from(whole);
    flipped[Math.floor(whole.length / 2)]! ^= 16;
    // Renamed in place, since our own writer refuses such names.
    const climbing = Buffer.from(whole.toString("latin1").replaceAll("labels/a.png", "../../.a.png"), "latin1");
    const bad = {
      "cut-set": whole.subarray(0, -60),
      "flip-set": flipped,
      "climb-set": climbing,
      "foreign-set": Buffer.from(writeZip([{ name: "a.txt", data: Buffer.from("hello") }])),
    };
    for (const [name, bytes] of Object.entries(bad)) {
      writeFileSync(at(`${name}.zip`), bytes);
      expectRefusal(await run("train", `${name}.zip`, "-o", "bad.zip", ...tiny), 1, new RegExp(`${name}\\.zip`), "bad.zip");
    }
    expect(existsSync(join(folder, "..", ".a.png"))).toBe(false);
  });
});

describe("what is already there", () => {
  it("is not written over unasked, by no command", async () => {
    mkdirSync(at("taken/images"), { recursive: true });
    const taken = ["taken/a.zip", "taken/cell.labels.tif", "taken/images/cells-01.png"];
    for (const file of taken) writeFileSync(at(file), "precious");
    const refusals = [
      await run("new", "taken/a.zip"),
      await run("train", "good", "-o", "taken/a.zip", ...tiny),
      await run("segment", "cell.png", "--model", "one.zip", "-o", "taken"),
      await run("sample", "taken"),
    ];
    for (const refusal of refusals)
      expectRefusal(refusal, 1, /There must be no file at taken\/.*; there is one\. Choose another name, or add --overwrite/);
    for (const file of taken) expect(readFileSync(at(file), "utf8")).toBe("precious");
  });

  it("is never written over where it is a folder and a file is to be written, which is found before the work", async () => {
    for (const name of ["folder.zip", "folders/cell.labels.tif"]) mkdirSync(at(name), { recursive: true });
    for (const refused of [
      await run("new", "folder.zip", "--overwrite"),
      await run("train", "good", "-o", "folder.zip", ...tiny, "--overwrite"),
      await run("segment", "cell.png", "--model", "one.zip", "-o", "folders", "--overwrite"),
    ]) {
      expectRefusal(refused, 1, /There must be no file at folder\S+ yet; there is a folder of that name\. Choose another name\.\n$/);
      expect(refused.stderr).not.toContain("steps of");
    }
  });

  it("survives a failure even where it may be written over", async () => {
    writeDataset("void", { "images/a.png": image, "labels/a.png": await grey(new Uint8Array(side * side)) });
    expectRefusal(await run("train", "void", "-o", "taken/a.zip", "--overwrite", ...tiny), 1, /all labels are empty/);
    writeFileSync(at("taken/cut.png"), image.subarray(0, image.length / 2));
    expectRefusal(await run("segment", "taken/cut.png", "--model", "one.zip", "-o", "taken", "--overwrite"), 1, /cut\.png/);
    expect(readFileSync(at("taken/a.zip"), "utf8")).toBe("precious");
  });

  it("two images of one name, and a file where the folder should be, are refused before anything is computed", async () => {
    mkdirSync(at("twin"));
    writeFileSync(at("twin/cell.png"), image);
    expectRefusal(
      await run("segment", "cell.png", "twin/cell.png", "--model", "one.zip", "-o", "out"),
      2,
      /must have different names/,
      "out",
    );
    expectRefusal(await run("segment", "cell.png", "--model", "one.zip", "-o", "cell.png"), 1, /there is a file of that name/);
    expect(readFileSync(at("cell.png")).equals(Buffer.from(image))).toBe(true);
  });
});
