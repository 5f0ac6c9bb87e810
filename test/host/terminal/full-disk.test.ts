import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readModel, writeModel } from "../../../core/model/archive.ts";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { writeTiff } from "../../../core/source/write-tiff.ts";
import { createModel } from "../../core/model/sample-model.ts";
import { createFolder, overtile } from "./run-overtile.ts";

const { path: folder, remove } = createFolder();
const disk = join(folder, "disk");
const blockBytes = 4096;
const isMounted = mountSmallDisk();
beforeAll(async () => {
  writeFileSync(join(folder, "model.zip"), await writeModel(createModel()));
  await run("sample", "cells", "--images", "2", "--side", "300");
});
afterAll(() => {
  if (isMounted) execFileSync("umount", [disk]);
  remove();
});

const run = (...words: readonly string[]) => overtile(words, { cwd: folder, env: { OVERTILE_HOME: join(folder, "home") } });
const tiny = ["--levels", "2", "--features", "6", "--tile", "60", "--workers", "1", "--validate", "0"];

describe.skipIf(!isMounted)(`a full disk${isMounted ? "" : " (skipped: mount -t tmpfs is not possible here)"}`, () => {
  it("leaves the old model and the old results whole, and nothing half-written", async () => {
    const model = readFileSync(join(folder, "model.zip"));
    writeFileSync(join(disk, "old.zip"), model);
    writeFileSync(join(disk, "cells-01.labels.tif"), "old result");
    fillDisk();
    const before = readdirSync(disk).sort();

    const made = await run("new", "disk/old.zip", "--features", "16", "--overwrite");
    expect(made).toMatchObject({ code: 1, stdout: "" });
    expect(made.stderr).toMatch(
      /Expected to write \d+ bytes to disk\/old\.zip; the disk is full\. Free some space, or choose another folder\. What was there before is unchanged/,
    );
    const words = ["--model", "model.zip", "-o", "disk", "--overwrite"];
    expect(await run("segment", "cells/images/cells-01.png", ...words)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("the disk is full"),
    });

    expect(readdirSync(disk).sort()).toEqual(before);
    expect(readFileSync(join(disk, "old.zip")).equals(model)).toBe(true);
    expect(readFileSync(join(disk, "cells-01.labels.tif"), "utf8")).toBe("old result");
  });

  it("in the middle of a slide keeps the blocks that are done; with room again, --resume goes on to the same bytes", async () => {
    emptyDisk();
    const { image } = generateCells({ height: 60, width: 3100, seed: 4 }); // four blocks
    writeFileSync(join(folder, "slide.tif"), writeTiff({ height: 60, width: 3100, pages: [image.data] }));
    await run("new", "small.zip", "--levels", "1", "--features", "2");
    const words = (out: string) => [
      "segment",
      "slide.tif",
      "--model",
      "small.zip",
      "-o",
      out,
      "--workers",
      "1",
      "--format",
      "ome-zarr",
      "--min-size",
      "9",
    ];
    expect((await run(...words("roomy"), "--shard", "1/1")).code).toBe(0);
    const files = readdirSync(join(folder, "roomy"), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const pagesOf = (entry: (typeof files)[number]): number => Math.ceil(statSync(join(entry.parentPath, entry.name)).size / blockBytes);
    // Room for all but the last blocks: every file takes whole pages.
    const pages = files.reduce((sum, entry) => sum + pagesOf(entry), 0) - pagesOf(files.find(({ name }) => name === "3")!) - 1;
    writeFileSync(join(disk, "filler"), new Uint8Array((freeBlocks() - pages) * blockBytes));

    const full = await run(...words("disk"));
    expect(full).toMatchObject({ code: 1, stderr: expect.stringContaining("the disk is full") });
    rmSync(join(disk, "filler"));
    const [{ found, predicted }] = JSON.parse((await run(...words("disk"), "--resume", "--json")).stdout);
    expect(found).toBeGreaterThan(0);
    expect(found + predicted).toBe(4);
    await run("merge", "roomy/slide.overtile", "-o", "roomy", "--format", "ome-zarr", "--min-size", "9");
    for (const entry of readdirSync(join(disk, "slide.labels.ome.zarr"), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      expect(readFileSync(path).equals(readFileSync(path.replace(disk, join(folder, "roomy")))), path).toBe(true);
    }
    rmSync(join(disk, "slide.labels.ome.zarr"), { recursive: true });
  }, 180_000);

  it("at the end of a training keeps the checkpoint, from which the model is made when there is room", async () => {
    emptyDisk();
    const words = ["train", "cells", "-o", "disk/m.zip", ...tiny, "--steps", "4"];
    expect((await run(...words, "--stop-at", "2")).code).toBe(0);
    rmSync(join(disk, "m.zip"));
    fillDisk();
    const failed = await run(...words, "--resume");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain(
      "disk/m.checkpoint holds what was learnt until it was last saved: make room, then run the same command again with --resume",
    );
    expect(existsSync(join(disk, "m.zip"))).toBe(false);

    rmSync(join(disk, "filler"));
    const again = await run(...words, "--resume");
    expect(again.code).toBe(0);
    expect(existsSync(join(disk, "m.checkpoint"))).toBe(false);
    expect((await readModel(new Uint8Array(readFileSync(join(disk, "m.zip"))))).training).toMatchObject({ steps: 4 });
  });

  it("during a whole training loses no model: it is kept in the library, else in the temporary folder, and the message says where", async () => {
    emptyDisk();
    fillDisk();
    const words = ["train", "cells", "-o", "disk/w.zip", ...tiny, "--steps", "3", "--interval", "1"];
    const kept = await run(...words);
    expect(kept.code).toBe(1);
    expect(kept.stderr).toContain("This training cannot be resumed later: ");
    const reference = /The model is in the library as (w@\d+): make room, then overtile models export "\1" "disk\/w\.zip"/.exec(
      kept.stderr,
    )![1]!;
    expect(kept.stderr).not.toContain("w.checkpoint holds");
    expect(readdirSync(disk)).toEqual(["filler"]);
    rmSync(join(disk, "filler"));
    expect((await run("models", "export", reference, "disk/w.zip")).code).toBe(0);
    expect((await readModel(new Uint8Array(readFileSync(join(disk, "w.zip"))))).training).toMatchObject({ steps: 3 });

    emptyDisk();
    fillDisk();
    const elsewhere = await overtile(words, { cwd: folder, env: { OVERTILE_HOME: join(disk, "home") } });
    expect(elsewhere.code).toBe(1);
    const path = /The model is kept as (\S+w\.zip): move it soon\./.exec(elsewhere.stderr)![1]!;
    expect((await readModel(new Uint8Array(readFileSync(path)))).training).toMatchObject({ steps: 3 });
    rmSync(dirname(path), { recursive: true });
  });

  it("that fills after a checkpoint was written: the training can be resumed from there, and that is said", async () => {
    emptyDisk();
    const words = ["train", "cells", "-o", "disk/c.zip", ...tiny, "--steps", "4", "--interval", "1"];
    expect((await run(...words, "--stop-at", "1")).code).toBe(0);
    fillDisk();
    const { code, stderr } = await run(...words, "--resume", "--overwrite");
    expect(code).toBe(1);
    expect(stderr).toContain("This training can be resumed from where it was last saved only: ");
    expect(stderr).not.toContain("cannot be resumed later");
    expect(stderr).toMatch(/The model is in the library as c@\d+.* disk\/c\.checkpoint holds what was learnt/);
  });

  it("a macro's training is kept in the temporary folder where the library has no room", async () => {
    emptyDisk();
    writeFileSync(
      join(folder, "train.ijm"),
      'run("Overtile Train", "dataset=cells name=mm levels=2 features=6 tile=60 workers=1 validate=0 steps=2 minutes=0");\n',
    );
    mkdirSync(join(disk, "home/checkpoints"), { recursive: true });
    mkdirSync(join(disk, "home/models"));
    fillDisk();
    const { code, stderr } = await overtile(["macro", "train.ijm"], { cwd: folder, env: { OVERTILE_HOME: join(disk, "home") } });
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining("the disk is full") });
    const path = /The model is kept as (\S+mm\.zip): move it soon\./.exec(stderr)![1]!;
    expect((await readModel(new Uint8Array(readFileSync(path)))).training).toMatchObject({ steps: 2 });
    rmSync(dirname(path), { recursive: true });
  });
});

describe.skipIf(!isMounted)("a folder that cannot be written", () => {
  it("is found before the work, by every command that works long", async () => {
    emptyDisk();
    execFileSync("mount", ["-o", "remount,ro", disk]);
    try {
      for (const words of [
        ["train", "cells", "-o", "disk/r.zip", ...tiny, "--steps", "4"],
        ["segment", "cells/images/cells-01.png", "--model", "model.zip", "-o", "disk"],
        ["segment", "cells/images/cells-01.png", "--model", "model.zip", "-o", "disk", "--format", "ome-zarr"],
      ]) {
        const { code, stderr } = await run(...words);
        expect(code).toBe(1);
        expect(stderr).toMatch(/^overtile: Expected to write disk; the disk is read-only\. Choose another folder\. What was there before is unchanged\.\n$/); // biome-ignore format: one thought
      }
      writeFileSync(join(folder, "macro.ijm"), 'run("Overtile Train", "dataset=cells name=m steps=4 minutes=0");\n');
      const { code, stderr } = await overtile(["macro", "macro.ijm"], { cwd: folder, env: { OVERTILE_HOME: disk } });
      expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("the disk is read-only") });
      expect(stderr).not.toContain("steps of");
    } finally {
      execFileSync("mount", ["-o", "remount,rw", disk]);
    }
  });
});

/** A disk of one megabyte, where this process may mount one. */
function mountSmallDisk(): boolean {
  mkdirSync(disk);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function emptyDisk(): void {
  for (const name of readdirSync(disk)) rmSync(join(disk, name), { recursive: true });
}

function freeBlocks(): number {
  return Number(execFileSync("stat", ["-f", "-c", "%a", disk]).toString());
}

/** Fills the disk to its last block. */
function fillDisk(): void {
  writeFileSync(join(disk, "filler"), new Uint8Array(freeBlocks() * blockBytes));
}
