// How runs of slides end: what a full quota, a kill among the last steps, and damaged chunks leave behind.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { openWorkingArray, writeOmeGroup, writeZarrMetadata, type ZarrLayout } from "../../../core/sink/zarr.ts";
import { writeTiff } from "../../../core/source/write-tiff.ts";
import { createChunkFolder } from "../../../host/terminal/chunk-folder.ts";
import { claimTemporary, replaceFolder } from "../../../host/terminal/growing-file.ts";
import { createNodeLock } from "../../../plugin/store/node-lock.ts";
import { createFolder, overtile } from "./run-overtile.ts";

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });
const { path: folder, remove } = createFolder();
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const segment = (out: string, ...words: readonly string[]) =>
  overtile(["segment", "slide.zarr", "--model", "m.zip", "-o", out, "--workers", "1", "--min-size", "9", ...words], { cwd: folder });
const merge = (out: string, ...words: readonly string[]) => overtile(["merge", `${out}/slide.overtile`, ...words], { cwd: folder });
const [height, width, chunk] = [200, 1200, 256]; // two blocks

beforeAll(async () => {
  const { image } = generateCells({ height, width, seed: 4 });
  const store = createChunkFolder(at("slide.zarr"));
  const layout: ZarrLayout = { shape: [height, width], chunks: [height, chunk], dtype: "uint8", version: "0.4", axes: ["y", "x"] };
  await writeOmeGroup(store, "", { version: "0.4", name: "s", axes: ["y", "x"], shapes: [layout.shape], pixelSizeUm: 1, isLabels: false });
  await writeZarrMetadata(store, "0", layout);
  const { write } = openWorkingArray(store, "0", layout);
  for (let column = 0; column * chunk < width; column++) {
    const pixel = (i: number): number => {
      const [y, x] = [Math.floor(i / chunk), column * chunk + (i % chunk)];
      return x < width ? image.data[y * width + x]! : 0;
    };
    await write(
      [0, column],
      Uint8Array.from({ length: height * chunk }, (_, i) => pixel(i)),
    );
  }
  await overtile(["new", "m.zip", "--levels", "1", "--features", "2", "--seed", "3"], { cwd: folder });
});
afterAll(remove);

/** Every file below a folder, by its path from there. */
function filesOf(path: string): Readonly<Record<string, string>> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const read = (name: string): string => readFileSync(name).toString("base64");
  return Object.fromEntries(files.map(({ parentPath, name }) => [join(parentPath, name).slice(path.length), read(join(parentPath, name))]));
}

describe("a run that is kept", () => {
  it("makes its objects anew by other values, as a run from the beginning would; nothing is predicted again", async () => {
    const report = ({ stdout }: { readonly stdout: string }) => (JSON.parse(stdout) as [Record<string, unknown>])[0];
    const first = await segment("kept", "--keep-run", "--json");
    expect(first.code, first.stderr).toBe(0);
    expect(report(first)["note"]).toMatch(/slide\.overtile is kept: --resume with another --threshold, --split, .* makes the objects anew/);
    const other = ["--threshold", "0.52", "--split", "0.5"];
    const fresh = await segment("fresh", "--format", "ome-tiff", ...other, "--json");
    const again = await segment("kept", "--resume", ...other, "--json");
    expect(report(again)).toMatchObject({ found: 2, predicted: 0, objects: report(fresh)["objects"] });
    expect(report(again)["objects"]).not.toBe(report(first)["objects"]);
    expect(again.stderr).toContain("Every block was predicted before: nothing is predicted again");
    const labels = readFileSync(at("fresh/slide.labels.ome.tif"));
    expect(readFileSync(at("kept/slide.labels.ome.tif")).equals(labels)).toBe(true);
    expect(existsSync(at("fresh/slide.overtile"))).toBe(false);

    const merged = await merge("kept", "-o", at("merged"), "--min-size", "9", ...other);
    expect(merged.code, merged.stderr).toBe(0);
    expect(readFileSync(at("merged/slide.labels.ome.tif")).equals(labels)).toBe(true);
  });
});

describe("a stack as a slide", () => {
  it("is segmented plane by plane: all is refused, with a plane that can be named", async () => {
    const pages = [1, 2].map((seed) => Uint8Array.from(generateCells({ height: 64, width: 64, seed }).image.data));
    writeFileSync(at("stack.tif"), writeTiff({ height: 64, width: 64, pages, slices: 2, frames: 1 }));
    const run = (plane: string) =>
      overtile(["segment", "stack.tif", "--model", "m.zip", "-o", "planes", "--workers", "1", "--format", "ome-tiff", "--plane", plane], {
        cwd: folder,
      });
    const { code, stderr } = await run("all");
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/"plane" must be one plane of a slide; got 2\. Write for example plane=\S+\./),
    ]);
    const [, plane] = /plane=(\S+)\.\s/.exec(stderr) ?? [];
    expect((await run(plane!)).code, plane).toBe(0);
  });
});

describe("a file that grows", () => {
  it("is never whole when a write was cut short by a limit of the system", async () => {
    const entry = new URL("../../../host/terminal/growing-file.ts", import.meta.url).pathname;
    await build({ entryPoints: [entry], outfile: at("growing.mjs"), bundle: true, platform: "node", format: "esm", logLevel: "error" });
    const script = `
      process.on("SIGXFSZ", () => {});
      const { createGrowingFile } = await import("./growing.mjs");
      const file = await createGrowingFile("grown");
      try { await file.append(new Uint8Array(100_000)); await file.finish(); await file.publish(); } catch (error) { console.log(error.kind); await file.abandon(); }`;
    writeFileSync(at("grow.mjs"), script);
    const { stdout } = spawnSync("sh", ["-c", `ulimit -f 64; exec "${process.execPath}" grow.mjs`], { cwd: folder, encoding: "utf8" });
    expect(stdout.trim()).toBe("CannotWrite");
    expect(readdirSync(folder).filter((name) => name.includes("grown"))).toEqual([]);
  });
});

describe("a folder that takes the place of another", () => {
  it("leaves nothing of the old one, nor of those that killed processes had set aside", async () => {
    for (const [name, file] of [
      ["old", "a"],
      ["new", "b"],
      [".old.999999999.old.tmp", "c"],
    ] as const) {
      // biome-ignore format: a row a folder
      mkdirSync(at("swap", name), { recursive: true });
      writeFileSync(at("swap", name, file), file);
    }
    await claimTemporary(at("swap/old"));
    await replaceFolder(at("swap/new"), at("swap/old"));
    expect(filesOf(at("swap"))).toEqual({ "/old/b": Buffer.from("b").toString("base64") });
  });
});

describe("a run that was killed while its results took their names", () => {
  const words = ["--output", "labels,table", "--format", "ome-zarr"];

  it("goes on with --resume alone, to the same bytes; what was there before stays refused", async () => {
    expect((await segment("whole", ...words)).code).toBe(0);
    expect((await segment("named", ...words, "--shard", "1/1")).code).toBe(0); // all of its blocks, and no result
    writeFileSync(at("named/slide.table.csv"), "of another day");
    expect((await segment("named", ...words)).stderr).toMatch(/Add --resume to go on with it/); // not --overwrite, which begins anew
    expect((await segment("named", ...words, "--resume")).stderr).toMatch(/There must be no file at named\/slide\.table\.csv yet/);
    writeFileSync(at("named/slide.overtile/named.json"), JSON.stringify(["../slide.labels.ome.zarr", "../slide.table.csv"]));
    expect((await segment("named", ...words, "--resume")).code).toBe(0);
    expect(filesOf(at("named"))).toEqual(filesOf(at("whole")));
  });
});

describe("a damaged chunk", () => {
  it("is told with --skip-bad by every shard, by the merge, and by a run that goes on; without, it is an error", async () => {
    writeFileSync(at("slide.zarr/0/0/1"), "no zlib");
    const bad = { x0: chunk, x1: 2 * chunk };
    const output = ["--output", "labels,table", "--json"];
    expect((await segment("bad", ...output)).code).toBe(1);
    for (const shard of ["1/2", "2/2"]) {
      const { stdout, stderr } = await segment("bad", ...output, "--skip-bad", "--shard", shard);
      expect(JSON.parse(stdout)[0].badChunks).toMatchObject([bad]);
      expect(stderr).toMatch(/read as background: x 256 to 512/);
    }
    const merged = await merge("bad", ...output);
    expect(merged.stderr).not.toContain("overtile:");
    expect(JSON.parse(merged.stdout).badChunks).toMatchObject([bad]);
    const [again] = JSON.parse((await segment("bad", ...output, "--skip-bad", "--resume", "--overwrite")).stdout);
    expect(again).toMatchObject({ found: 2, predicted: 0, badChunks: [bad] });
    expect(existsSync(at("bad/slide.overtile"))).toBe(false);
  });
});

describe("what results call their image", () => {
  it("is the file's name, whatever the path was that it was opened by", async () => {
    expect(
      (await overtile(["segment", at("slide.zarr"), "--model", "m.zip", "-o", "far", "--shard", "1/2", "--skip-bad"], { cwd: folder }))
        .code,
    ).toBe(0);
    expect((await segment("far", "--shard", "2/2", "--skip-bad")).code).toBe(0); // the same run
    expect((await merge("far", "--output", "coco,labels", "--format", "ome-zarr")).code).toBe(0);
    expect(JSON.parse(readFileSync(at("far/slide.coco.json"), "utf8")).images[0].file_name).toBe("slide.zarr");
    expect(Object.values(filesOf(at("far/slide.labels.ome.zarr"))).some((file) => Buffer.from(file, "base64").includes(folder))).toBe(
      false,
    );
  });
});

describe("a damaged block of a run", () => {
  it("of probabilities is made again by what its message says: delete the file, --resume", async () => {
    const words = ["--output", "labels,probabilities", "--format", "ome-zarr", "--skip-bad"];
    expect((await segment("sound", ...words)).code).toBe(0);
    expect((await segment("broken", ...words, "--shard", "1/1")).code).toBe(0); // all of its blocks, and no result
    writeFileSync(at("broken/slide.overtile/probabilities/0/1/0/1"), "no zlib");
    const { code, stderr } = await segment("broken", ...words, "--resume");
    expect(code).toBe(1);
    const [, path] = /Expected a whole chunk in (\S+); .*Delete that file and run again with --resume/.exec(stderr)!;
    rmSync(at(path!));
    const [report] = JSON.parse((await segment("broken", ...words, "--resume", "--json")).stdout);
    expect(report).toMatchObject({ found: 1, predicted: 1 });
    expect(filesOf(at("broken"))).toEqual(filesOf(at("sound")));
  });
});

describe("a run that goes on", () => {
  const words = ["--output", "labels,table", "--format", "ome-zarr"];
  const write = (path: string, seed: number): void => {
    const { image } = generateCells({ height, width, seed });
    writeFileSync(at(path), writeTiff({ height, width, pages: [image.data] }));
  };
  const run = (path: string, out: string, ...more: readonly string[]) =>
    overtile(["segment", path, "--model", "m.zip", "-o", out, "--workers", "1", "--min-size", "9", ...words, ...more], { cwd: folder });

  it("is one of the same image: another of its name and size is refused, a copy at another path is not; older runs go on", async () => {
    for (const name of ["a", "b"]) mkdirSync(at(name));
    write("a/same.tif", 5);
    write("b/same.tif", 6);
    expect((await run("a/same.tif", "once")).code).toBe(0);
    expect((await run("a/same.tif", "mixed", "--shard", "1/2")).code).toBe(0);
    const other = await run("b/same.tif", "mixed", "--resume");
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(
      /"resume" must go on with the image that the run was begun with; the one of that name, same\.tif, has other bytes now\./,
    );
    expect((await run("b/same.tif", "mixed", "--shard", "2/2")).code).toBe(2);

    write("b/same.tif", 5); // written anew: other path, other time, same bytes
    const record = at("mixed/same.overtile/run.json");
    const { source, checksum: _, ...older } = JSON.parse(readFileSync(record, "utf8"));
    expect(source).toMatch(/^\d+-[0-9a-f]{8}-[0-9a-f]{8}$/);
    expect((await run("b/same.tif", "mixed", "--shard", "2/2")).code).toBe(0);
    writeFileSync(record, JSON.stringify(older)); // as builds wrote it that knew nothing of this
    expect((await run("b/same.tif", "mixed", "--resume")).code).toBe(0);
    expect(filesOf(at("mixed"))).toEqual(filesOf(at("once")));
  });

  it("and is finished says so and exits with 0; what is there stays", async () => {
    const before = filesOf(at("once"));
    const again = await run("a/same.tif", "once", "--resume");
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^a\/same\.tif: It is finished already: once\/same\.labels\.ome\.zarr, once\/same\.table\.csv\./) }); // biome-ignore format: one thought
    const [report] = JSON.parse((await run("a/same.tif", "once", "--resume", "--json")).stdout);
    expect(report).toMatchObject({
      image: "a/same.tif",
      files: ["once/same.labels.ome.zarr", "once/same.table.csv"],
      note: expect.any(String),
    });
    expect(filesOf(at("once"))).toEqual(before);
    // One of whose results is not there is no finished one.
    expect((await run("a/same.tif", "once", "--resume", "--output", "labels,coco")).code).toBe(1);
  });

  it("has its results for itself: a second run hears who is at it and touches nothing; shards do not wait", async () => {
    expect((await run("a/same.tif", "held", "--shard", "1/2")).code).toBe(0);
    const before = filesOf(at("held"));
    const release = await createNodeLock(at("held"))("slide same");
    for (const more of [["--resume"], ["--overwrite"], []]) {
      const { code, stderr } = await run("a/same.tif", "held", ...more);
      expect(code).toBe(1);
      expect(stderr).toMatch(/A slide is segmented by one run at a time; held\/same: process \d+ on \S+, since .* UTC, is at it\. Wait, end that one, or choose another folder/); // biome-ignore format: one thought
    }
    release!();
    expect(filesOf(at("held"))).toEqual(before);
    const held = await createNodeLock(at("held"))("slide same");
    expect((await run("a/same.tif", "held", "--shard", "2/2")).code).toBe(0);
    held!();
    expect((await run("a/same.tif", "held", "--resume")).code).toBe(0);
  });
});

describe("chunks that are absent", () => {
  it("are told and counted in the report, by blocks or in memory", async () => {
    rmSync(at("slide.zarr/0/0/2"));
    rmSync(at("slide.zarr/0/0/1"), { force: true });
    for (const [out, more] of [
      ["plain", []],
      ["blocks", ["--format", "ome-zarr"]],
      ["shard", ["--shard", "1/1"]],
    ] as const) {
      const { code, stdout, stderr } = await segment(out, ...more, "--json");
      expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringMatching(/^2 chunks of slide\.zarr are absent, which stand for the fill value\.$/m) }); // biome-ignore format: one thought
      expect(JSON.parse(stdout)[0].missingChunks).toBe(2);
    }
  });
});
