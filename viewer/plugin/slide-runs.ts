// Slides in the viewer: what is too large for the memory is segmented by the plugin block by block into a folder of the browser's
// private files, shown while it grows, found again after a reload, gone on with, and written to files. One rule decides.

import { batch } from "@preact/signals-core";
import type { Box } from "../../core/array/raster.ts";
import { describeError, Problem } from "../../core/problem.ts";
import type { ImageSource } from "../../core/source/source.ts";
import type { RegisteredCommand } from "../../host/commands.ts";
import type { LocalHost } from "../../host/host.ts";
import { type FindSlideJob, runSlide, type SlideJob } from "../../host/run-command.ts";
import type { Overtile, Parameters, Progress, SlideExport } from "../../plugin/contract.ts";
import { readObjectTable } from "../labels/object-table.ts";
import { blockPx, createGrowingTiles, createLabelTiles, type GrowingTiles } from "../labels/slide-tiles.ts";
import { createId } from "../model/id.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import { createSlideLayer, type SlideFacts, type SlideLayer, type SlideState } from "../model/slide-layer.ts";
import type { Workspace } from "../model/workspace.ts";
import type { Reader } from "../read/reader.ts";
import type { SlideShelf } from "../store/slide-shelf.ts";
import { needCommand } from "./bound-command.ts";
import type { Library } from "./library.ts";
import { createReplacer, hideOthers, nameSlide } from "./replace-slides.ts";

// Up to so many pixels are segmented in memory, into a layer that can be corrected; more go block by block into a folder.
const standardInMemoryPx = 2 ** 24;

export interface SlideRuns {
  /** For the host: where the segmentation of an image goes. */
  readonly find: FindSlideJob;
  /** True for a box that goes block by block. */
  canSegmentBox(box: Box, command: RegisteredCommand): boolean;
  /** Segments a box block by block. */
  segmentBox(entry: ImageEntry, box: Box, command: RegisteredCommand, parameters: Parameters): Promise<void>;
  /** Goes on with a run that was ended. */
  resume(entry: ImageEntry, layer: SlideLayer): Promise<void>;
  /** Ends it where it runs, and gives its room back. */
  remove(entry: ImageEntry, layer: SlideLayer): Promise<void>;
  /** Ends what runs for an image and removes all of its slides. */
  removeAll(entry: ImageEntry): Promise<void>;
  /** Gives an image that was opened the runs of an earlier time back. */
  attach(entry: ImageEntry): Promise<void>;
  /** Writes a file of a finished run. */
  export(entry: ImageEntry, layer: SlideLayer, what: SlideExport, file: FileSystemFileHandle): Promise<void>;
}

interface Parts {
  readonly workspace: Workspace;
  readonly host: () => LocalHost;
  readonly library: () => Library;
  readonly reader: Reader;
  readonly shelf: SlideShelf;
  /** More pixels than these at once go block by block. */
  readonly largestInMemoryPx?: number | undefined;
}

export function createSlideRuns({ workspace, host, library, reader, shelf, largestInMemoryPx = standardInMemoryPx }: Parts): SlideRuns {
  // Each layer that is worked on: its job, and when that has ended.
  const jobs = new Map<SlideLayer, string>();
  const ends = new Map<SlideLayer, Promise<void>>();
  const growings = new WeakMap<SlideLayer, GrowingTiles>();

  const tellProblem = (error: unknown): void => {
    workspace.status.value = { kind: "error", text: describeError(error) };
  };
  const replacer = createReplacer({ workspace, shelf, choose: chooseSlide, isAtWork: (layer) => jobs.has(layer), onProblem: tellProblem });

  const isTooLarge = ({ y0, x0, y1, x1 }: Box): boolean => (y1 - y0) * (x1 - x0) > largestInMemoryPx;
  const wholeOf = ({ source: { width, height } }: ImageEntry): Box => ({ y0: 0, x0: 0, y1: height, x1: width });

  /** The run of a layer, as the host follows it. One that leaves nothing leaves no layer either. */
  function follow(entry: ImageEntry, layer: SlideLayer): SlideJob {
    const { folder, facts } = layer;
    const growing = showGrowing(layer, "running");
    const isNew = growing.writtenCount === 0;
    const showOthers = hideOthers(entry, layer);
    let settle = (): void => {};
    const ended = new Promise<void>((resolve) => {
      settle = resolve;
    });
    ends.set(layer, ended);
    return {
      slide: { folder, name: facts.title, ...(facts.region && { region: facts.region }) },
      follow(progress: Progress) {
        if (progress.kind === "notice") workspace.status.value = { kind: "info", text: progress.message, stays: true };
        if (progress.kind !== "tile" || !progress.written) return;
        growing.addWritten(progress.written);
        showBlocks(layer, growing);
      },
      end(result) {
        jobs.delete(layer);
        settle();
        if (!entry.slides.peek().includes(layer)) return showOthers();
        if (result !== undefined) {
          void showResult(layer);
          replacer.replace(entry, layer);
        } else if (isNew && growing.writtenCount === 0) {
          showOthers();
          void remove(entry, layer);
        } else layer.state.value = "unfinished";
      },
    };
  }

  // The classes that are there are shown, and those that come.
  function showGrowing(layer: SlideLayer, state: SlideState): GrowingTiles {
    const { facts, folder } = layer;
    const open = async (): Promise<ImageSource> =>
      needSource(await reader.open(await folder.getDirectoryHandle("classes"), { name: facts.title }));
    const growing = growings.get(layer) ?? createGrowingTiles(facts, open);
    growings.set(layer, growing);
    batch(() => {
      layer.tiles.value = growing;
      layer.state.value = state;
      showBlocks(layer, growing);
    });
    return growing;
  }

  function showBlocks({ blocks, facts }: SlideLayer, { writtenCount }: GrowingTiles): void {
    blocks.value = { done: writtenCount, total: countBlocks(facts) };
  }

  async function showResult(layer: SlideLayer): Promise<void> {
    const { folder, facts } = layer;
    const fileOf = async (name: string): Promise<File> => (await folder.getFileHandle(name)).getFile();
    try {
      const source = needSource(await reader.open(await fileOf("labels.ome.tif"), { name: facts.title }));
      layer.tiles.peek()?.dispose();
      batch(() => {
        layer.tiles.value = createLabelTiles(source);
        layer.state.value = "done";
      });
      layer.table.value = await readObjectTable(await fileOf("table.csv"));
    } catch (error) {
      workspace.status.value = { kind: "error", text: `The result of ${facts.title} cannot be read: ${describeError(error)}` };
    }
  }

  /** False for a run of another image of that name and size. What cannot be told is taken for true: the plugin asks again. */
  async function isOf({ source }: ImageEntry, folder: FileSystemDirectoryHandle): Promise<boolean> {
    const begun = await shelf.fingerprintOf(folder);
    const now = begun && (await source.fingerprint?.().catch(() => undefined));
    return !begun || !now || begun === now;
  }

  function offer(entry: ImageEntry, layer: SlideLayer): void {
    const { done, total } = layer.blocks.peek();
    const run = (): void => {
      workspace.status.value = undefined;
      chooseSlide(entry, layer);
      resume(entry, layer).catch((error: unknown) => {
        if (!(error instanceof Error && error.name === "AbortError")) tellProblem(error);
      });
    };
    const text = `${layer.facts.title} was being segmented when this page was left: ${done} of ${total} blocks are done.`;
    workspace.status.value = { kind: "info", text, action: { title: "Go on", run } };
  }

  const resume = (entry: ImageEntry, layer: SlideLayer): Promise<void> => run(entry, layer, needCommand(library(), "segment"));

  async function begin(entry: ImageEntry, command: RegisteredCommand, parameters: Parameters, region?: Box): Promise<SlideLayer> {
    const { width, height } = entry.source;
    if (!shelf.isThere) {
      const reason = "this page may not use them";
      const text = `Images of more than ${Math.floor(largestInMemoryPx / 1e6)} million pixels are segmented into this browser's private files; ${reason} (they need https or localhost). Segment a part (View, Box), or use "overtile segment" in a terminal.`;
      throw new Problem("StorageUnavailable", text, { reason });
    }
    const asked: SlideFacts = {
      id: createId(),
      name: "",
      title: entry.title.peek(),
      ...{ width, height, parameters },
      plane: entry.planeIndex.peek(),
      command: command.command.id,
      ...(region && { region }),
    };
    const facts: SlideFacts = { ...asked, name: nameSlide(entry, asked) };
    const layer = createSlideLayer(facts, await shelf.make(facts), "running");
    batch(() => {
      entry.slides.value = [layer, ...entry.slides.peek()];
      chooseSlide(entry, layer);
    });
    return layer;
  }

  /** Segments what is left of a layer, as a job. */
  async function run(entry: ImageEntry, layer: SlideLayer, command: RegisteredCommand): Promise<void> {
    const { title, parameters, region } = layer.facts;
    const { id, promise } = host().jobs.add({
      title: region ? `${command.name} (part)` : `${command.name}: ${title}`,
      run: ({ onProgress, ...context }) =>
        runSlide(follow(entry, layer), onProgress, (more) => command.handler(entry.image, parameters, { ...context, ...more })),
    });
    jobs.set(layer, id);
    await promise;
  }

  async function remove(entry: ImageEntry, layer: SlideLayer): Promise<void> {
    batch(() => {
      entry.slides.value = entry.slides.peek().filter((other) => other !== layer);
      if (entry.activeSlide.peek() === layer) {
        entry.activeSlide.value = undefined;
        entry.activeLayer.value = entry.layers.peek()[0];
      }
    });
    layer.tiles.peek()?.dispose();
    const job = jobs.get(layer);
    if (job !== undefined) host().jobs.cancel(job);
    await ends.get(layer); // its files are open until then
    await shelf.remove(layer.facts.id);
  }

  return {
    async find({ image, command, parameters, job }) {
      const entry = workspace.images.peek().find((one) => one.image === image.image);
      if (!entry || !isTooLarge(wholeOf(entry)) || !pluginOf(library(), command)?.api?.exportSlide) return undefined;
      const layer = await begin(entry, command, parameters);
      jobs.set(layer, job);
      return follow(entry, layer);
    },
    canSegmentBox: (box, command) => isTooLarge(box) && pluginOf(library(), command)?.api?.exportSlide !== undefined,
    async segmentBox(entry, box, command, parameters) {
      await run(entry, await begin(entry, command, command.check(parameters), box), command);
    },
    resume,
    remove,
    async removeAll(entry) {
      for (const layer of [...entry.slides.peek(), ...replacer.replacedOf(entry)]) await remove(entry, layer);
    },
    async attach(entry) {
      const { width, height } = entry.source;
      const known = new Set(entry.slides.peek().map(({ facts }) => facts.id));
      for (const { facts, folder } of await shelf.list()) {
        const isOurs = facts.title === entry.title.peek() && facts.width === width && facts.height === height;
        if (!isOurs || known.has(facts.id) || !(await isOf(entry, folder))) continue;
        const layer = createSlideLayer(facts, folder, "unfinished");
        if (await shelf.isDone(folder)) await showResult(layer);
        else {
          const growing = showGrowing(layer, "unfinished");
          growing.addWritten(await shelf.listWritten(folder, facts));
          showBlocks(layer, growing);
        }
        batch(() => {
          entry.slides.value = [...entry.slides.peek(), layer];
          if (!entry.activeLayer.peek() && !entry.activeSlide.peek()) entry.activeSlide.value = layer;
        });
        if (layer.state.peek() === "unfinished") offer(entry, layer);
      }
    },
    async export(entry, { folder, facts }, what, file) {
      const { api } = pluginOf(library(), needCommand(library(), "segment"))!;
      const { promise } = host().jobs.add({
        title: `Export ${facts.title}`,
        run: (context) => api!.exportSlide(folder, { ...what, image: entry.image }, file, context),
      });
      await promise;
    },
  };
}

/** Makes a slide's layer, or none, what the panels show: label layers are left then. */
export function chooseSlide(entry: ImageEntry, layer: SlideLayer | undefined): void {
  batch(() => {
    entry.activeLayer.value = undefined;
    entry.activeSlide.value = layer;
  });
}

function countBlocks({ width, height, region }: SlideFacts): number {
  const { y0, x0, y1, x1 } = region ?? { y0: 0, x0: 0, y1: height, x1: width };
  const along = (start: number, end: number): number => Math.ceil(end / blockPx) - Math.floor(start / blockPx);
  return along(y0, y1) * along(x0, x1);
}

/** The plugin of a command, as it was activated. */
function pluginOf({ plugins }: Library, { plugin }: RegisteredCommand): { readonly api?: Overtile } | undefined {
  return plugins.peek().find(({ manifest }) => manifest?.name === plugin);
}

function needSource(opened: Awaited<ReturnType<Reader["open"]>>): ImageSource {
  if ("read" in opened) return opened;
  throw new Problem("InvalidData", "Expected a pyramid; got a picture. Segment again.", { reason: "no pyramid" });
}
