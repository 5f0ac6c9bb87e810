import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { type DatasetSample, openDataset } from "../../../core/source/dataset.ts";
import { writePng } from "../../../core/source/write-png.ts";
import { writeTiff } from "../../../core/source/write-tiff.ts";
import { writeZip } from "../../../core/source/zip.ts";
import { sharedPath } from "../../support/data.ts";

const png = (value: number, width = 3, height = 2, channels = 1): Promise<Uint8Array> =>
  writePng({ width, height, channels, data: new Uint8Array(width * height * channels).fill(value) });

type Files = Readonly<Record<string, Uint8Array>>;
let folders: string[] = [];
afterEach(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
  folders = [];
});

/** Writes the files below a new folder and gives its path. */
function makeFolder(files: Files): string {
  const folder = mkdtempSync(join(tmpdir(), "overtile-"));
  folders.push(folder);
  for (const [name, data] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(name)), { recursive: true });
    writeFileSync(join(folder, name), data);
  }
  return folder;
}

const zipOf = (files: Files): Uint8Array => writeZip(Object.entries(files).map(([name, data]) => ({ name, data })));

type Open = (files: Files, tell?: (notice: string) => void) => Promise<readonly DatasetSample[]>;

/** The ways to hold the same dataset. */
const holders: readonly [string, Open][] = [
  ["a folder", (files, tell) => openDataset(makeFolder(files), { tell })],
  ["a folder in a folder", (files, tell) => openDataset(makeFolder(within("set", files)), { tell })],
  ["a zip", (files, tell) => openDataset(zipOf(files), { tell })],
  ["a zip with backslashes", (files, tell) => openDataset(zipOf(rename(files, (name) => name.replaceAll("/", "\\"))), { tell })],
  [
    "a folder in a zip of macOS",
    (files, tell) =>
      openDataset(
        zipOf({
          ...within("set", files),
          ...within(
            "__MACOSX/set",
            rename(files, (name) => name.replace(/([^/]+)$/, "._$1")),
          ),
        }),
        { tell },
      ),
  ],
];

const rename = (files: Files, to: (name: string) => string): Files =>
  Object.fromEntries(Object.entries(files).map(([name, data]) => [to(name), data]));
const within = (folder: string, files: Files): Files => rename(files, (name) => `${folder}/${name}`);

describe.each(holders)("a dataset in %s", (_, open) => {
  it("has the images by name, each with what was drawn on it", async () => {
    const samples = await open({
      "images/b.png": await png(1),
      "images/a.tif.png": await png(2),
      "labels/b.png": await png(3),
      "classes/a.tif.png": await png(4),
      "ignore/b.png": await png(5),
      "images/.DS_Store": new Uint8Array(3),
      "labels/Thumbs.db": new Uint8Array(3),
      "notes.txt": new Uint8Array(3),
    });
    expect(samples.map(({ name }) => name)).toEqual(["a.tif", "b"]);
    const first = async (source: DatasetSample["labels"]): Promise<number | undefined> =>
      (await source?.read({ y0: 0, x0: 0, y1: 1, x1: 1 }))?.data[0];
    const told = await Promise.all(
      samples.map(async (sample) => [
        await first(sample.image),
        await first(sample.labels),
        await first(sample.classes),
        await first(sample.ignore),
      ]),
    );
    expect(told).toEqual([
      [2, undefined, 4, undefined],
      [1, 3, undefined, 5],
    ]);
    for (const { image } of samples) {
      image.dispose?.();
      expect(await first(image)).toBeGreaterThan(0);
    }
  });

  it("that is not whole is refused, and the file is named", async () => {
    const [grey, other] = await Promise.all([png(1), png(1, 4, 2)]);
    const cases: readonly [Files, RegExp][] = [
      [{ "images/a.png": grey }, /labels or classes for images\/a\.png/],
      [{ "images/a.png": grey, "labels/a.png": grey, "labels/b.png": grey }, /image for labels\/b\.png/],
      [{ "images/a.png": grey, "labels/a.png": grey, "ignore/b.png": grey }, /image for ignore\/b\.png/],
      [{ "images/a.png": grey, "labels/a.png": await png(1, 2, 3) }, /is 2x3, images\/a\.png is 3x2.*turned by 90 degrees/],
      [{ "images/a.png": grey, "labels/a.png": other }, /labels\/a\.png is 4x2, images\/a\.png is 3x2/],
      [
        {
          "images/a.png": grey,
          "labels/a.png": writeTiff({ width: 3, height: 2, pages: [new Uint8Array(6), new Uint8Array(6)], slices: 1, frames: 1 }),
        },
        /labels\/a\.png.*2 channels/,
      ],
      [{ "images/a.png": grey, "images/a.tif": grey, "labels/a.png": grey }, /a\.png and a\.tif/],
      [{ "images/a.png": grey.subarray(0, 40), "labels/a.png": grey }, /images\/a\.png is damaged/],
      [
        { "images/a.png": grey.map((byte, i) => (i === 43 ? byte ^ 1 : byte)), "labels/a.png": grey },
        /images\/a\.png is damaged: the checksum/,
      ],
      [{ "images/a.png": grey, "labels/a.png": new TextEncoder().encode("<html>") }, /labels\/a\.png is a page of text/],
      [{ "labels/a.png": grey }, /no images\//],
      [{ "images/.DS_Store": grey, "labels/a.png": grey }, /images\/ is empty/],
    ];
    for (const [files, message] of cases) {
      await expect(open(files)).rejects.toThrow(message);
      await expect(open(files)).rejects.toMatchObject({ details: { reason: expect.any(String) } });
    }
  });
});

describe.each(holders)("files in %s", (_, open) => {
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);

  it("that are no images are left out, and that is told once", async () => {
    const grey = await png(1);
    const told: string[] = [];
    const system = {
      "images/.DS_Store": text("x"),
      "images/._a.png": text("x"),
      "labels/Thumbs.db": text("x"),
      "classes/desktop.ini": text("x"),
    };
    const samples = await open({ ...system, "images/a.png": grey, "labels/a.png": grey, "images/a.json": text("{}") }, (notice) =>
      told.push(notice),
    );
    expect(samples.map(({ name }) => name)).toEqual(["a"]);
    expect(told).toEqual(["Left out: images/a.json, which is no image."]);

    const others = ["images/a_seg.npy", "images/notes.txt", "images/a.xml", "labels/a.roi", "labels/table.csv"];
    const all = { "images/a.png": grey, "labels/a.png": grey, ...Object.fromEntries(others.map((name) => [name, text(name)])) };
    expect((await open(all, (notice) => told.push(notice))).length).toBe(1);
    expect(told[1]).toBe(
      "Left out: 5 files that are no images (images/a.xml, images/a_seg.npy, images/notes.txt, labels/a.roi and 1 more).",
    );
  });

  it("of three equal channels are read as grey, and colours are refused when they are read", async () => {
    const [grey, same] = await Promise.all([png(1), png(7, 3, 2, 3)]);
    const box = { y0: 0, x0: 0, y1: 2, x1: 3 };
    const [sample] = await open({ "images/a.png": grey, "labels/a.png": same });
    expect(sample!.labels!.channels).toHaveLength(1);
    expect([...(await sample!.labels!.read(box)).data]).toEqual([7, 7, 7, 7, 7, 7]);
    const data = new Uint8Array(18).fill(7);
    data[17] = 8;
    const [painted] = await open({ "images/a.png": grey, "labels/a.png": await writePng({ width: 3, height: 2, channels: 3, data }) });
    await expect(painted!.labels!.read(box)).rejects.toThrow(
      /Expected one number a pixel in .*labels\/a\.png; its 3 channels differ\. Save the numbers/,
    );
  });

  it("in folders within images/ beside images are told, and so are drawings that are no images", async () => {
    const grey = await png(1);
    const told: string[] = [];
    const files = { "images/a.png": grey, "labels/a.png": grey, "images/sub/b.png": grey, "labels/sub/b.png": grey };
    expect(await open(files, (notice) => told.push(notice))).toHaveLength(1);
    expect(told).toEqual([
      "Left out: what lies in images/sub/, labels/sub/. Put files into images/, labels/ or classes/ themselves to have them read.",
    ]);
    for (const [drawing, said] of [
      ["labels/a.txt", /there are no label images .*texts \(as of YOLO\), such as labels\/a\.txt.*Export label images/],
      ["images/a.json", /JSON texts \(as of labelme, COCO, QuPath\), such as images\/a\.json/],
      ["labels/a.npy", /arrays of numpy, such as labels\/a\.npy.*tifffile\.imwrite/],
      ["labels/a.geojson", /outlines .*such as labels\/a\.geojson.*save that as label images/],
      ["classes/a.roi", /outlines .*such as classes\/a\.roi/],
    ] as const)
      await expect(open({ "images/a.png": grey, [drawing]: text("{}") }), drawing).rejects.toThrow(said);
  });

  it("of one folder an image, with a mask for each object, are told what to do", async () => {
    const grey = await png(1);
    const files = Object.fromEntries(
      ["a", "b"].flatMap((id) => [`${id}/images/${id}.png`, `${id}/masks/m1.png`].map((name) => [name, grey])),
    );
    await expect(open(files)).rejects.toThrow(
      /2 folders with images\/ and masks\/, such as a\/: one folder an image, .*"One folder an image" in docs\/formats\.md/,
    );
  });

  it("that are images are read whatever their names end in, and those that should be images are not left out", async () => {
    const grey = await png(1);
    expect((await open({ "images/a.scan": grey, "labels/a": grey })).map(({ name }) => name)).toEqual(["a"]);
    await expect(open({ "images/a.png": grey, "labels/a.png": grey, "images/b.czi": text("x"), "labels/b.png": grey })).rejects.toThrow(
      /b\.czi is of an unknown format/,
    );
  });

  it("that lie in folders within images/ are told, and a folder around folders is not taken for images/", async () => {
    const grey = await png(1);
    await expect(open({ "images/train/a.png": grey, "labels/train/a.png": grey })).rejects.toThrow(
      "Those in images/train/ are not read: give train/ folders images/ and labels/ of its own, and train on train/.",
    );
    await expect(open({ "x/y/images/a.png": grey, "x/y/labels/a.png": grey, "z/n.txt": text("n") })).rejects.toThrow(
      /it has no images\/\. Put the images there\.$/,
    );
  });

  it("that were left out are named where they may be what is missing", async () => {
    const grey = await png(1);
    const zipped = open({
      "images/a.png": grey,
      "images/b.png": grey,
      "labels/a.png": grey,
      "labels/b.zip": zipOf({ "1.roi": text("Iout") }),
    });
    await expect(zipped).rejects.toThrow(
      /no labels\/b and no classes\/b\. Draw them, or remove the image\. Left out: labels\/b\.zip, which is no image\.$/,
    );
  });

  it("match where their names look alike: composed and decomposed letters are the same", async () => {
    const grey = await png(1);
    const [composed, decomposed] = ["Zelle_\u00fc", "Zelle_u\u0308"];
    const samples = await open({
      [`images/${decomposed}.png`]: grey,
      [`labels/${composed}.png`]: grey,
      [`ignore/${decomposed}.png`]: grey,
    });
    expect(samples.map(({ name, labels, ignore }) => [name, labels !== undefined, ignore !== undefined])).toEqual([[composed, true, true]]);
    for (const { image } of samples) expect((await image.read({ y0: 0, x0: 0, y1: 1, x1: 1 })).data[0]).toBe(1);
    const twins = open({ [`images/${decomposed}.png`]: grey, [`images/${composed}.png`]: grey, [`labels/${composed}.png`]: grey });
    await expect(twins).rejects.toThrow(/one file of a base name/);
  });

  it("in a folder of another name are not guessed: the message says what to call it, and so it is read", async () => {
    const grey = await png(1);
    for (const name of ["masks", "mask", "annotations", "labels_gt", "Labels", "train_masks", "GT"]) {
      const files = { "images/a.png": grey, [`${name}/a.png`]: grey };
      await expect(open(files)).rejects.toThrow(
        new RegExp(
          `beside images/ it has ${name}/\\. Call it labels/ where each object has a number of its own, or classes/ where numbers are classes`,
        ),
      );
      for (const right of ["labels", "classes"]) {
        const renamed = rename(files, (file) => file.replace(`${name}/`, `${right}/`));
        expect((await open(renamed)).length).toBe(1);
      }
    }
    expect((await open({ "images/a.png": grey, "labels/a.png": grey, "masks/a.png": grey })).length).toBe(1);
    await expect(open({ "images/a.png": grey, "masks/a.png": grey, "annotations/a.png": grey })).rejects.toThrow(
      /annotations\/ and masks\/\. Call one of them/,
    );
  });

  it("in a folder of any name are found by theirs, and names with more than the image's are told", async () => {
    const grey = await png(1);
    await expect(open({ "images/a.png": grey, "nuclei/a.png": grey, "notes/a.txt": grey })).rejects.toThrow(
      /beside images\/ it has nuclei\/\. Call it labels\//,
    );
    for (const name of ["a_mask", "a-labels", "mask_a", "a_cp_masks"]) {
      const given = open({ "images/a.png": grey, "images/b.png": grey, [`labels/${name}.png`]: grey, "labels/b.png": grey });
      await expect(given).rejects.toThrow(new RegExp(`images/ has none named ${name}\\. Call it a\\.png, as its image\\.`));
    }
    await expect(open({ "images/a.png": grey, "labels/a.png": grey, "labels/ab.png": grey })).rejects.toThrow(
      /Add the image, or remove the file/,
    );
  });

  it("without images/ are told what may be it: a folder of another name, or several datasets", async () => {
    const grey = await png(1);
    await expect(open({ "Images/a.png": grey, "labels/a.png": grey })).rejects.toThrow(
      /it has no images\/, but Images\/\. Call it images\//,
    );
    const two = within("train", { "images/a.png": grey, "labels/a.png": grey });
    await expect(open({ ...two, ...rename(two, (name) => name.replace("train", "val")) })).rejects.toThrow(
      /it has no images\/, but 2 datasets, in train\/, val\/\. Give one of them alone\./,
    );
  });

  it("that are JPEG cannot be drawings, and images can", async () => {
    const photo = readFileSync(new URL("golden/images/jpeg-grey.jpg", import.meta.url));
    const grey = await png(1, 83, 61);
    expect((await open({ "images/a.jpg": photo, "labels/a.png": grey })).length).toBe(1);
    for (const kind of ["labels", "classes", "ignore"]) {
      const drawings = kind === "ignore" ? { "labels/a.png": grey, "ignore/a.jpg": photo } : { [`${kind}/a.jpg`]: photo };
      await expect(open({ "images/a.png": grey, ...drawings })).rejects.toThrow(
        /saved as JPEG, which changes their numbers\. Export them anew as PNG or TIFF/,
      );
    }
  });
});

describe("a dataset", () => {
  it("may lie in one top folder of a zip, beside what macOS leaves there", async () => {
    const grey = await png(1);
    const samples = await openDataset(zipOf({ "set/images/a.png": grey, "set/labels/a.png": grey, "__MACOSX/set/images/._a.png": grey }));
    expect(samples.map(({ name }) => name)).toEqual(["a"]);
  });

  it("may be a zip on disk, and must be there", async () => {
    const grey = await png(1);
    const path = join(makeFolder({ "set.zip": zipOf({ "images/a.png": grey, "labels/a.png": grey }) }), "set.zip");
    expect((await openDataset(path)).length).toBe(1);
    await expect(openDataset("/nowhere")).rejects.toMatchObject({ kind: "MissingFile", details: { path: "/nowhere" } });
    await expect(openDataset(new TextEncoder().encode("no zip"))).rejects.toMatchObject({ kind: "InvalidData" });
  });

  const nuclei = sharedPath("data/nuclei/fluo/val");
  it.skipIf(!nuclei)("of nuclei has 45 validation images with labels", async () => {
    const samples = await openDataset(nuclei!);
    expect(samples.length).toBe(45);
    expect(samples.every(({ labels }) => labels?.channels.length === 1)).toBe(true);
  });
});
