// Objects cut apart and described by real worker threads: the same bytes as by this one, and a clear end when a thread dies.

import { pathToFileURL } from "node:url";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { createRandom } from "../../../core/array/random.ts";
import { runJob } from "../../../core/job.ts";
import { type BlockStore, openBlockStore } from "../../../core/sink/block-store.ts";
import type { GrowingFile } from "../../../core/sink/ome-tiff.ts";
import type { SlideRecord } from "../../../core/sink/slide-record.ts";
import { createMemoryStore } from "../../../core/sink/store.ts";
import { type ResultOptions, type ResultPlace, slideKinds, writeSlideResults } from "../../../core/slide/slide-results.ts";
import { openPixels } from "../../../core/source/pixels.ts";
import { openWorkspace } from "../../../host/terminal/workspace.ts";
import { type ObjectThreads, openObjectThreads } from "../../../plugin/crew/object-threads.ts";
import type { SpawnWorker } from "../../../plugin/thread/wire.ts";
import type { Workspace } from "../../../plugin/workspace.ts";
import { bundleTerminal } from "../../host/terminal/run-overtile.ts";

const [height, width, blockPx] = [300, 280, 64];

let workspace: Workspace;
beforeAll(async () => {
  workspace = await openWorkspace(pathToFileURL(`${await bundleTerminal()}/`));
});
let crew: ObjectThreads | undefined;
afterEach(() => crew?.dispose());

/** Discs of two classes, many over each other: objects that grew together. */
function drawDiscs(): Uint8Array {
  const random = createRandom(11);
  const discs = Array.from({ length: 90 }, (_, i) => ({
    y: random.uniform() * height,
    x: random.uniform() * width,
    r: 4 + 9 * random.uniform(),
    kind: 1 + (i % 2),
  }));
  return Uint8Array.from({ length: height * width }, (_, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    return discs.find((disc) => Math.hypot(disc.y - y, disc.x - x) < disc.r)?.kind ?? 0;
  });
}

async function openBlocks(): Promise<BlockStore> {
  const record: SlideRecord = {
    ...{ path: "discs", name: "discs", height, width, dtype: "uint8", plane: { z: 0, t: 0, channels: [0] } },
    ...{ model: "drawn@1", weights: "", classNames: ["background", "one", "two"], levels: 1, tile: 44, blockPx },
    ...{ gridHeight: height, gridWidth: width, skipEmpty: false, backend: "test", ranges: [{ low: 0, high: 1 }], pixelSizeUm: 0.5 },
    ...{ minSizePx: 0, splitDepthPx: 0 },
  };
  const blocks = await openBlockStore(createMemoryStore(), record);
  const discs = drawDiscs();
  let index = 0;
  for (let y0 = 0; y0 < height; y0 += blockPx) {
    for (let x0 = 0; x0 < width; x0 += blockPx) {
      const box = { y0, x0, y1: Math.min(height, y0 + blockPx), x1: Math.min(width, x0 + blockPx) };
      const classes = new Uint8Array((box.y1 - y0) * (box.x1 - x0));
      for (let y = y0; y < box.y1; y++) classes.set(discs.subarray(y * width + x0, y * width + box.x1), (y - y0) * (box.x1 - x0));
      const block = { index: index++, row: y0 / blockPx, column: x0 / blockPx, box, source: box, tiles: [] };
      await blocks.write(block, { classes });
    }
  }
  return blocks;
}

/** Keeps what is written in memory. */
function createMemoryPlace(): { readonly place: ResultPlace; readonly written: Map<string, string> } {
  const written = new Map<string, string>();
  const openFile: ResultPlace["openFile"] = async (kind): Promise<GrowingFile> => {
    let bytes = Buffer.alloc(0);
    return {
      async append(more) {
        const offset = bytes.length;
        bytes = Buffer.concat([bytes, more]);
        return offset;
      },
      patch: async (offset, some) => bytes.set(some, offset),
      finish: async () => void written.set(kind, bytes.toString("hex")),
      abandon: async () => void written.set(kind, "abandoned"),
    };
  };
  const openFolder: ResultPlace["openFolder"] = async () => expect.unreachable("TIFF needs no folder");
  return { place: { openFile, openFolder }, written };
}

async function write(how: Partial<ResultOptions>): Promise<Map<string, string>> {
  const { place, written } = createMemoryPlace();
  const source = openPixels({ data: drawDiscs().map((value) => value * 40), shape: [height, width] });
  const options = { minSizePx: 12, fillHoles: true, splitDepthPx: 1, smoothPx: 1, tolerancePx: 0.5, source, place };
  const kinds = slideKinds.filter((kind) => kind !== "probabilities");
  await runJob(writeSlideResults(await openBlocks(), { kinds, format: "ome-tiff", ...options, ...how }));
  return written;
}

describe("objects in several threads", () => {
  it("are the same bytes as in this one: labels, outlines of each kind, the table", async () => {
    const wanted = await write({});
    expect([...wanted.keys()].sort()).toEqual(["classes", "coco", "geojson", "labels", "rois", "table"]);
    expect(Buffer.from(wanted.get("table")!, "hex").toString().split("\n").length).toBeGreaterThan(60);
    let started = 0;
    const spawn: SpawnWorker = () => {
      started++;
      return workspace.spawn!();
    };
    crew = openObjectThreads({ spawn, cores: 3 }, "auto");
    expect(await write({ crew })).toEqual(wanted);
    expect(started).toBeGreaterThan(0);
  });

  it("are done in this one where a page's rules forbid workers, and with one worker", async () => {
    const wanted = await write({ splitDepthPx: 0 });
    const refuse: SpawnWorker = () => {
      throw new Error("refused by the page's rules");
    };
    crew = openObjectThreads({ spawn: refuse, cores: 2 }, "auto");
    expect(await write({ splitDepthPx: 0, crew })).toEqual(wanted);
    const none: SpawnWorker = () => expect.unreachable("one worker needs no thread");
    expect(await write({ splitDepthPx: 0, crew: openObjectThreads({ spawn: none, cores: 2 }, 1) })).toEqual(wanted);
  });

  it("end with what happened when a thread dies in the middle, and leave no file behind", async () => {
    const spawn: SpawnWorker = () => {
      const thread = workspace.spawn!();
      const { endpoint } = thread;
      const postMessage: typeof endpoint.postMessage = (message, transfer) => {
        endpoint.postMessage(message, transfer);
        if ((message as { readonly path?: readonly string[] }).path?.at(-1) === "addObjects") thread.terminate();
      };
      return { ...thread, endpoint: { ...endpoint, postMessage } };
    };
    crew = openObjectThreads({ spawn, cores: 2 }, "auto");
    const { place, written } = createMemoryPlace();
    await expect(write({ crew, place, kinds: ["geojson", "table"] })).rejects.toMatchObject({ kind: "WorkerLost" });
    expect([...written.values()]).toEqual(["abandoned", "abandoned"]);
  });
});
