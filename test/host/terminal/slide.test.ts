import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { pyramidSizes } from "../../../core/sink/pyramid.ts";
import { type NgffVersion, openWorkingArray, writeOmeGroup, writeZarrMetadata } from "../../../core/sink/zarr.ts";
import { openSource } from "../../../core/source/open.ts";
import { writeTiff } from "../../../core/source/write-tiff.ts";
import { readZip } from "../../../core/source/zip.ts";
import { createChunkFolder } from "../../../host/terminal/chunk-folder.ts";
import { bundleTerminal, createFolder, type Ended, overtile } from "./run-overtile.ts";

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 }); // some processes a test, on a machine that may be busy
const { path: folder, remove } = createFolder();
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const run = (...words: readonly string[]) => overtile(words, { cwd: folder });
const segment = (out: string, ...words: readonly string[]) =>
  run("segment", "slide.tif", "--model", "m.zip", "-o", out, "--workers", "2", ...words);
const [height, width] = [1040, 1050]; // two rows of two blocks

beforeAll(async () => {
  const { image } = generateCells({ height, width, seed: 4 });
  writeFileSync(at("slide.tif"), writeTiff({ height, width, pages: [image.data], pixelSizeUm: 0.5 }));
  await run("new", "m.zip", "--levels", "1", "--features", "2", "--seed", "3");
});
afterAll(remove);

const output = ["--output", "labels,probabilities,geojson,table"];
const ended = new Map<string, Promise<Ended>>();

/** The run by one process that others are held against, made once a format; its results are in one-FORMAT. */
function runWhole(format: "ome-tiff" | "ome-zarr"): Promise<Ended> {
  const run = ended.get(format) ?? segment(`one-${format}`, ...output, "--format", format, "--json");
  ended.set(format, run);
  return run;
}

async function readPixels(path: string): Promise<Uint8Array | Uint16Array> {
  const source = await openSource(at(path));
  const { data } = await source.read({ y0: 0, x0: 0, y1: height, x1: width });
  return data as Uint8Array | Uint16Array;
}

/** The files that differ, by name: their bytes would fill the screen. */
function differences(a: string, b: string): readonly string[] {
  const [left, right] = [filesOf(a), filesOf(b)];
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].filter((name) => !left[name]?.equals(right[name] ?? Buffer.alloc(0)));
}

const python = [process.env["OVERTILE_PYTHON"] ?? "", "/usr/bin/python3", "python3"].find(
  (path) => path !== "" && spawnSync(path, ["-c", "import tifffile, zarr"]).status === 0,
);
if (python === undefined)
  console.warn("What others read of our OME-TIFF and OME-Zarr is only tested with python3-tifffile and python3-zarr");

/** What tifffile and zarr-python read: are all levels the same, and each every second pixel of the one before? */
const compare = `
import sys, json, tifffile, zarr
tiff, store = tifffile.TiffFile(sys.argv[1]), zarr.open(sys.argv[2], "r")
levels = [level.asarray() for level in tiff.series[0].levels]
same = all((level == store[str(i)][:]).all() for i, level in enumerate(levels))
halves = all((b == a[::2, ::2]).all() for a, b in zip(levels, levels[1:]))
print(json.dumps([tiff.is_ome, [list(level.shape) for level in levels], bool(same), bool(halves), int(levels[0].max())]))
`;

/** Every file below a folder, by its path from there. */
function filesOf(path: string): Record<string, Buffer> {
  const names = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    names.map(({ parentPath, name }) => [relative(path, join(parentPath, name)), readFileSync(join(parentPath, name))]),
  );
}

describe("overtile segment of a slide", () => {
  const kinds = "labels,classes,probabilities,geojson,rois,coco,table";

  it("writes every result once, as others and we ourselves read them; the image in memory gives the same labels", async () => {
    const { code, stdout, stderr } = await segment("whole", "--output", kinds, "--min-size", "9", "--json");
    expect(stderr).not.toContain("overtile:");
    expect(code).toBe(0);
    const [report] = JSON.parse(stdout);
    expect(report).toMatchObject({ found: 0, predicted: 4 });
    expect(readdirSync(at("whole")).sort()).toEqual(
      ["classes.ome.tif", "coco.json", "geojson", "labels.ome.tif", "probabilities.ome.tif", "rois.zip", "table.csv"].map(
        (end) => `slide.${end}`,
      ),
    );
    await segment("memory", "--output", "classes");
    const [classes, memory] = await Promise.all(["whole/slide.classes.ome.tif", "memory/slide.classes.tif"].map(readPixels));
    // Other tiles: rounding may decide where both classes are as good.
    let different = 0;
    for (const [i, value] of classes!.entries()) different += value === memory![i] ? 0 : 1;
    expect(different / classes!.length).toBeLessThan(1e-4);
    expect(new Set(classes)).toEqual(new Set([0, 1]));
    const labels = await openSource(at("whole/slide.labels.ome.tif"));
    expect(labels.levels).toEqual([
      { height, width },
      { height: 520, width: 525 },
      { height: 260, width: 263 },
    ]);
    expect(labels.pixelSizeUm).toBeCloseTo(0.5, 6);
    let largest = 0;
    for (const id of await readPixels("whole/slide.labels.ome.tif")) largest = Math.max(largest, id);
    expect(report.objects).toBe(largest);
    expect(JSON.parse(readFileSync(at("whole/slide.geojson"), "utf8")).features).toHaveLength(largest);
    expect(JSON.parse(readFileSync(at("whole/slide.coco.json"), "utf8")).annotations).toHaveLength(largest);
    const table = readFileSync(at("whole/slide.table.csv"), "utf8").trim().split("\n");
    expect(table).toHaveLength(largest + 1);
    expect(table[0]).toContain("area_um2");
    const rois = readZip(new Uint8Array(readFileSync(at("whole/slide.rois.zip"))), { kind: "InvalidData", path: "rois" });
    expect(rois.names).toHaveLength(largest);
  });

  it("by shards that know nothing of each other, joined, is the same bytes", async () => {
    for (const shard of ["2/2", "1/2"]) expect((await segment("parts", ...output, "--shard", shard)).code).toBe(0);
    for (const format of process.env["OVERTILE_LONG"] ? (["ome-zarr", "ome-tiff"] as const) : (["ome-zarr"] as const)) {
      expect((await runWhole(format)).code).toBe(0);
      const merged = await run("merge", "parts/slide.overtile", ...output, "--format", format, "-o", `parts-${format}`);
      expect(merged.code).toBe(0);
      expect(differences(at(`parts-${format}`), at(`one-${format}`))).toEqual([]);
      expect(Object.keys(filesOf(at(`one-${format}`))).length).toBeGreaterThan(3);
    }
  });

  it("counts inside of regions only, and cuts merged objects apart on demand", async () => {
    const square = (x: number, y: number, name: string) => ({
      type: "Feature",
      properties: { name },
      geometry: {
        type: "Polygon",
        coordinates: [
          [
            [x, y],
            [x + 200, y],
            [x + 200, y + 150],
            [x, y + 150],
            [x, y],
          ],
        ],
      },
    });
    const empty = { type: "Feature", geometry: null, properties: { name: "empty" } };
    writeFileSync(
      at("roi.geojson"),
      JSON.stringify({ type: "FeatureCollection", features: [square(100, 50, "left"), empty, square(840, 880, "right")] }),
    );
    const { stdout } = await segment("roi", "--roi", "roi.geojson", "--output", "labels,geojson,table", "--min-size", "9", "--json");
    const [{ objects, byRegion }] = JSON.parse(stdout);
    expect(byRegion.map(({ name }: { name: string }) => name)).toEqual(["left", "empty", "right"]);
    expect(byRegion[1].objects).toBe(0);
    expect(byRegion[0].objects + byRegion[2].objects).toBe(objects);
    const rows = readFileSync(at("roi/slide.table.csv"), "utf8")
      .trim()
      .split("\n")
      .map((row) => row.split(","));
    const { features } = JSON.parse(readFileSync(at("roi/slide.geojson"), "utf8"));
    for (const { name, objects: count } of byRegion) {
      expect(rows.filter((row) => row[rows[0]!.indexOf("region")] === name)).toHaveLength(count);
      expect(
        features.filter(({ properties }: { properties: { metadata: { region: string } } }) => properties.metadata.region === name),
      ).toHaveLength(count);
    }
    const labels = await readPixels("roi/slide.labels.ome.tif");
    let outside = 0;
    for (const [i, id] of labels.entries()) {
      const [y, x] = [Math.floor(i / width), i % width];
      const isInside = (x >= 100 && x < 300 && y >= 50 && y < 200) || (x >= 840 && x < 1040 && y >= 880 && y < 1030);
      if (!isInside && id !== 0) outside++;
    }
    expect(outside).toBe(0);
    expect(objects).toBeGreaterThan(0);
    const split = await segment("split", "--roi", "roi.geojson", "--split", "1", "--min-size", "9", "--json");
    expect(JSON.parse(split.stdout)[0].objects).toBeGreaterThanOrEqual(objects);
    const none = await segment("none", "--roi", "no.geojson");
    expect(none).toMatchObject({ code: 1, stderr: expect.stringMatching(/There must be a file of regions at no\.geojson/) });
  });

  it.skipIf(python === undefined)(
    "is what tifffile and zarr-python read, level by level (needs python3-tifffile, python3-zarr)",
    async () => {
      const [{ objects }] = JSON.parse((await runWhole("ome-tiff")).stdout);
      await runWhole("ome-zarr");
      const paths = [at("one-ome-tiff/slide.labels.ome.tif"), at("one-ome-zarr/slide.labels.ome.zarr")];
      const told = JSON.parse(execFileSync(python!, ["-c", compare, ...paths], { encoding: "utf8" }));
      expect(told).toEqual([
        true,
        [
          [1040, 1050],
          [520, 525],
          [260, 263],
        ],
        true,
        true,
        objects,
      ]);
    },
  );

  it("resamples to the pixels that the model learnt from, though nothing asks for a run by blocks; --pixel-size goes before the image's", async () => {
    const tiny = ["--levels", "1", "--features", "2", "--tile", "60", "--workers", "1", "--validate", "0", "--steps", "1"];
    await run("sample", "cells", "--images", "1", "--side", "128");
    expect((await run("train", "cells", "-o", "scaled.zip", ...tiny, "--pixel-size", "1")).code).toBe(0);
    const told = await run("segment", "slide.tif", "--model", "scaled.zip", "-o", "scaled", "--json");
    expect(told.stderr).toMatch(/pixels of 0\.5 µm, the model learnt from 1 µm: it is resampled/);
    expect(readdirSync(at("scaled"))).toEqual(["slide.labels.ome.tif"]);
    const same = await run("segment", "slide.tif", "--model", "scaled.zip", "-o", "scaled", "--pixel-size", "1", "--overwrite");
    expect(same).toMatchObject({ code: 0, stderr: expect.not.stringContaining("resampled") });
    expect((await openSource(at("scaled/slide.labels.ome.tif"))).pixelSizeUm).toBeCloseTo(1, 6);
  });

  it.each(["0.4", "0.5"] as const)(
    "puts labels into the image's own OME-Zarr %s, beside what is there, and leaves the image as it was",
    async (version) => {
      const zarr = `image-${version}.zarr`;
      await writeImage(zarr, version);
      const before = filesOf(at(zarr));
      const words = ["--model", "m.zip", "-o", "inside", "--workers", "1", "--min-size", "9"];
      const first = await run("segment", zarr, ...words, "--in-image", "nuclei", "--json");
      expect(first.stderr).not.toContain("overtile:");
      const second = await run("segment", zarr, ...words, "--in-image", "cells", "--output", "labels,table");
      expect(second.code).toBe(0);

      const after = filesOf(at(zarr));
      for (const [name, bytes] of Object.entries(before)) expect(after[name]!.equals(bytes), name).toBe(true);
      const others = Object.keys(after).filter((name) => !(name in before));
      expect(others.filter((name) => !/^labels\/(nuclei\/|cells\/|\.zgroup|\.zattrs|zarr\.json)/.test(name))).toEqual([]);
      const attributesOf = (group: string) => {
        const json = JSON.parse(readFileSync(at(zarr, group, version === "0.4" ? ".zattrs" : "zarr.json"), "utf8"));
        return version === "0.4" ? json : json.attributes.ome;
      };
      expect(attributesOf("labels").labels).toEqual(["nuclei", "cells"]);
      const label = attributesOf("labels/nuclei");
      expect(label["image-label"].source).toEqual({ image: "../../" });
      expect(label.multiscales[0].datasets).toHaveLength(3); // as many as the image has
      const labels = await openSource(at(zarr, "labels/nuclei"));
      expect([labels.height, labels.width]).toEqual([300, 400]);
      const { data } = await labels.read({ y0: 0, x0: 0, y1: 300, x1: 400 });
      expect(JSON.parse(first.stdout)[0].objects).toBe((data as Uint16Array).reduce((most, id) => Math.max(most, id), 0));

      const again = await run("segment", zarr, ...words, "--in-image", "nuclei");
      expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/There must be no file at .*nuclei yet.*--overwrite/) });
      expect((await run("segment", zarr, ...words, "--in-image", "nuclei", "--overwrite")).code).toBe(0);
      expect(attributesOf("labels").labels).toEqual(["nuclei", "cells"]);
    },
  );

  it("tells which block is missing when a shard was forgotten", async () => {
    await segment("forgotten", "--shard", "1/2");
    const { code, stderr } = await run("merge", "forgotten/slide.overtile");
    expect(code).toBe(1);
    expect(stderr).toMatch(/block 0, 1 is missing/);
  });

  it("killed in the middle, goes on where it was and gives the same bytes; without --resume nothing is lost", async () => {
    const words = [...output, "--format", "ome-zarr"];
    await killAfterBlocks(1, words);
    const refused = await segment("killed", ...words);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/slide\.overtile\. Add --resume/) });
    const { stdout } = await segment("killed", ...words, "--resume", "--json");
    const [{ found, predicted }] = JSON.parse(stdout);
    expect(found).toBeGreaterThanOrEqual(1);
    expect(found + predicted).toBe(4);
    await runWhole("ome-zarr");
    expect(differences(at("killed"), at("one-ome-zarr"))).toEqual([]);
  });

  it("refuses what it cannot do, in words, before it begins", async () => {
    const wrong: readonly (readonly [string[], RegExp])[] = [
      [["--region", "0,0,9999,10"], /"region" must be x,y,width,height in pixels, inside 1050 x 1040/],
      [["--shard", "3/2"], /"shard" must be I\/N/],
      [["--format", "jpeg"], /"format" must be ome-tiff, ome-zarr/],
      [["--pixel-size", "-1"], /"pixel_size" must be a positive number/],
      [["--output", "labels,mesh", "--format", "ome-tiff"], /"output" must be/],
      [["--in-image", "cells"], /"in_image" must be used with an image that is an OME-Zarr folder/],
    ];
    for (const [words, message] of wrong) {
      const { code, stderr } = await segment("refused", ...words);
      expect(stderr).toMatch(message);
      expect(code).toBe(2);
    }
    expect(existsSync(at("refused/slide.labels.ome.tif"))).toBe(false);
    expect((await segment("whole", "--output", "geojson")).stderr).toMatch(/There must be no file at whole\/slide\.geojson yet/);
  });
});

/** An OME-Zarr with three levels. */
async function writeImage(name: string, version: NgffVersion): Promise<void> {
  const store = createChunkFolder(at(name));
  const { image } = generateCells({ height: 300, width: 400, seed: 4 });
  const sizes = pyramidSizes(300, 400, 100);
  const shapes = sizes.map((size) => [size.height, size.width]);
  await writeOmeGroup(store, "", { version, name: "image", axes: ["y", "x"], shapes, pixelSizeUm: 0.5, isLabels: false });
  for (const [level, shape] of shapes.entries()) {
    const layout = { shape, chunks: [300, 400], dtype: "uint8", version, axes: ["y", "x"] } as const;
    await writeZarrMetadata(store, String(level), layout);
    const [height, width] = shape as [number, number];
    const data = new Uint8Array(300 * 400);
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[y * 400 + x] = image.data[(y << level) * 400 + (x << level)]!;
    await openWorkingArray(store, String(level), layout).write([0, 0], data);
  }
}

/** A run that is killed (SIGKILL) as soon as so many blocks are on disk. */
async function killAfterBlocks(count: number, more: readonly string[]): Promise<void> {
  const words = ["segment", "slide.tif", "--model", "m.zip", "-o", "killed", "--workers", "1", ...more];
  const child = spawn("node", [join(await bundleTerminal(), "terminal.mjs"), ...words], { cwd: folder, stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const blocks = at("killed/slide.overtile/classes/0");
  const list = (): readonly string[] => (existsSync(blocks) ? (readdirSync(blocks, { recursive: true }) as string[]) : []);
  const done = () => list().filter((name) => /^\d+\/\d+$/.test(name)).length;
  while (child.exitCode === null && done() < count) await new Promise((resolve) => setTimeout(resolve, 5));
  child.kill("SIGKILL");
  await ended;
}
