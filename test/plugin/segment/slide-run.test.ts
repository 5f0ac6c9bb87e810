// Slides in a folder that a browser handed over, without a browser: what a run goes on with, and what it refuses.

import { pathToFileURL } from "node:url";
import { beforeAll, expect, it } from "vitest";
import { runJob } from "../../../core/job.ts";
import { writeModel } from "../../../core/model/archive.ts";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { writeTiff } from "../../../core/source/write-tiff.ts";
import { openWorkspace } from "../../../host/terminal/workspace.ts";
import type { Parameters, SegmentResult } from "../../../plugin/contract.ts";
import { createLibrary } from "../../../plugin/library/library.ts";
import { exportFromFolder, segmentIntoFolder } from "../../../plugin/segment/slide-run.ts";
import { createMemoryFiles } from "../../../plugin/store/files.ts";
import type { Workspace } from "../../../plugin/workspace.ts";
import { createModel } from "../../core/model/sample-model.ts";
import { bundleTerminal } from "../../host/terminal/run-overtile.ts";
import { createFakeFolder } from "../../support/fake-folder.ts";

let workspace: Workspace;
const [height, width] = [60, 1100]; // two blocks
/** An image, or (2) its mirror image, which no grey value tells from it. */
const fileOf = (which: 1 | 2, lastModified = 0): File => {
  const { data } = generateCells({ height, width, seed: 1 }).image;
  return new File(
    [writeTiff({ height, width, pages: [which === 1 ? data : data.slice().reverse()] }) as Uint8Array<ArrayBuffer>],
    "slide.tif",
    { lastModified },
  );
};

beforeAll(async () => {
  const readBytes = async (from: Blob | URL | string): Promise<Uint8Array> => new Uint8Array(await (from as Blob).arrayBuffer());
  const library = createLibrary({ files: createMemoryFiles(), readBytes });
  const archive = await writeModel({ ...createModel({ levels: 1, features: 2 }), name: "m" });
  await library.import(new Blob([archive as Uint8Array<ArrayBuffer>]));
  workspace = { ...(await openWorkspace(pathToFileURL(`${await bundleTerminal()}/`))), library, lock: undefined };
});

/** The pixels of a chunk. */
async function readBlock(chunk: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const unpacked = new Blob([chunk]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(unpacked).arrayBuffer()).subarray(0, 59 * 1024); // the rest is padding
}

const run = (image: File, folder: FileSystemDirectoryHandle, notices: string[] = []): Promise<SegmentResult> =>
  runJob(segmentIntoFolder(image, { folder }, { model: "m", workers: 1, min_size: 9 }, workspace), (progress) => {
    if (progress.kind === "notice") notices.push(progress.message);
  });

it("a run of another image of the same name and size is refused, begun or finished; the same one, copied later, goes on", async () => {
  const { handle, files } = createFakeFolder("slide");
  const first = await run(fileOf(1), handle);
  const table = files.get("table.csv")!;
  expect(await run(fileOf(1, 77), handle)).toEqual(first); // finished: what it left
  const refusal = /"resume" must go on with the image that the run was begun with; the one of that name, slide\.tif, has other bytes now/;
  await expect(run(fileOf(2), handle)).rejects.toThrow(refusal);

  for (const name of ["result.json", "classes/0/0/1"]) files.delete(name); // ended in the middle
  await expect(run(fileOf(2), handle)).rejects.toThrow(refusal);
  expect((await run(fileOf(1, 78), handle)).objects).toBe(first.objects);
  expect(files.get("table.csv")).toEqual(table);
});

it("a finished run makes other objects by other values, as a run from the beginning would; nothing is predicted again", async () => {
  const { handle, files } = createFakeFolder("slide");
  const given = { model: "m", workers: 1, min_size: 9 };
  const segment = (folder: FileSystemDirectoryHandle, more: Parameters, notices: string[] = []): Promise<SegmentResult> =>
    runJob(segmentIntoFolder(fileOf(1), { folder }, { ...given, ...more }, workspace), (progress) => {
      if (progress.kind === "notice") notices.push(progress.message);
    });
  const first = await segment(handle, {});
  const bytes = await readBlock(files.get("probability/0/0/0")!);
  const quarter = bytes.toSorted()[Math.floor(0.75 * bytes.length)]!; // above it lies a quarter of a model's pixels that learnt nothing
  const blocks = files.get("classes/0/0/1");
  const other = { threshold: quarter / 256, split: 0.5 };
  const fresh = createFakeFolder("fresh");
  const wanted = await segment(fresh.handle, other);
  const notices: string[] = [];
  const again = await segment(handle, other, notices);
  expect(notices).toContainEqual(expect.stringMatching(/^Every block was predicted before: nothing is predicted again/));
  expect(again).toEqual({ ...wanted, slide: { folder: handle } });
  expect(again.objects).not.toBe(first.objects);
  for (const name of ["labels.ome.tif", "table.csv"]) expect(files.get(name), name).toEqual(fresh.files.get(name));
  expect(files.get("classes/0/0/1")).toEqual(blocks);
  expect(await segment(handle, other)).toEqual(again);

  const out = createFakeFolder("out");
  const file = await out.handle.getFileHandle("table.csv", { create: true });
  await runJob(
    exportFromFolder(handle, { kind: "table", image: fileOf(1), parameters: { threshold: 0.5, split: "auto" } }, file, workspace),
  );
  expect(new TextDecoder().decode(out.files.get("table.csv")).trim().split("\n")).toHaveLength(first.objects! + 1);
});

it("a run of an older build, which does not know its image's bytes, goes on", async () => {
  const { handle, files } = createFakeFolder("slide");
  const { objects } = await run(fileOf(1), handle);
  const { source, checksum: _, ...older } = JSON.parse(new TextDecoder().decode(files.get("run.json")));
  expect(source).toMatch(/^\d+-[0-9a-f]{8}-[0-9a-f]{8}$/);
  files.set("run.json", new TextEncoder().encode(JSON.stringify(older)) as Uint8Array<ArrayBuffer>);
  for (const name of ["result.json", "classes/0/0/0"]) files.delete(name);
  expect((await run(fileOf(1), handle)).objects).toBe(objects);
});

it("a block that is damaged there, where no user can delete it, is removed and made again when the run goes on", async () => {
  const { handle, files } = createFakeFolder("slide");
  const { objects } = await run(fileOf(1), handle);
  const whole = files.get("classes/0/0/1")!;
  files.delete("result.json");
  files.set("classes/0/0/1", whole.slice(0, -3));
  await expect(run(fileOf(1), handle)).rejects.toThrow(/classes\/0\/0\/1; .* It is removed: go on with the run, which makes it again/);
  expect((await run(fileOf(1), handle)).objects).toBe(objects);
  expect(files.get("classes/0/0/1")).toEqual(whole);

  const out = createFakeFolder("out");
  const file = await out.handle.getFileHandle("classes.tif", { create: true });
  await runJob(exportFromFolder(handle, { kind: "classes" }, file, workspace));
  expect(out.files.get("classes.tif")!.length).toBeGreaterThan(500);
});
