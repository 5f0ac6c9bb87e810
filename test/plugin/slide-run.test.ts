// Slides in a folder that a browser handed over, without a browser: what a run goes on with, and what it refuses.

import { pathToFileURL } from "node:url";
import { beforeAll, expect, it } from "vitest";
import { runJob } from "../../core/job.ts";
import { writeModel } from "../../core/model/archive.ts";
import { generateCells } from "../../core/sample/synthetic.ts";
import { writeTiff } from "../../core/source/write-tiff.ts";
import { openWorkspace } from "../../host/terminal/workspace.ts";
import type { SegmentResult } from "../../plugin/contract.ts";
import { createLibrary } from "../../plugin/library.ts";
import { exportFromFolder, segmentIntoFolder } from "../../plugin/slide-run.ts";
import { createMemoryFiles } from "../../plugin/store/files.ts";
import type { Workspace } from "../../plugin/workspace.ts";
import { createModel } from "../core/model/sample-model.ts";
import { bundleTerminal } from "../host/terminal/run-overtile.ts";
import { createFakeFolder } from "../support/fake-folder.ts";

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
