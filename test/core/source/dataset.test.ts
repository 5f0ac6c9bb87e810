import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { type DatasetSample, openDataset } from "../../../core/source/dataset.ts";
import { writePng } from "../../../core/source/write-png.ts";
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

/** Both ways to hold the same dataset. */
const holders: readonly [string, (files: Files) => Promise<readonly DatasetSample[]>][] = [
  ["a folder", (files) => openDataset(makeFolder(files))],
  ["a zip", (files) => openDataset(zipOf(files))],
];

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
    const [grey, colour, other] = await Promise.all([png(1), png(1, 3, 2, 3), png(1, 4, 2)]);
    const cases: readonly [Files, RegExp][] = [
      [{ "images/a.png": grey }, /labels or classes for images\/a\.png/],
      [{ "images/a.png": grey, "labels/a.png": grey, "labels/b.png": grey }, /image for labels\/b\.png/],
      [{ "images/a.png": grey, "labels/a.png": grey, "ignore/b.png": grey }, /image for ignore\/b\.png/],
      [{ "images/a.png": grey, "labels/a.png": other }, /labels\/a\.png is 4x2, images\/a\.png is 3x2/],
      [{ "images/a.png": grey, "labels/a.png": colour }, /labels\/a\.png.*3 channels/],
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
