// Segmenting what is open: an image, a part of it, all of them. Tiles show as they finish; a part comes back to its place.

import { type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { Box } from "../../core/array/raster.ts";
import { describeReadPlane } from "../../core/image/describe-planes.ts";
import { Problem } from "../../core/problem.ts";
import type { RegisteredCommand } from "../../host/commands.ts";
import type { LocalHost } from "../../host/host.ts";
import type { JobStart, JobWatch } from "../../host/run-command.ts";
import type { Parameters, Pixels, Progress, SegmentResult } from "../../plugin/contract.ts";
import { replaceBox } from "../model/edit.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import { nextObjectId } from "../model/label-layer.ts";
import { findResult, noteNothing, planeOfResult, showResultLayer, takeResultLayer } from "../model/result-layer.ts";
import type { Notice, Workspace } from "../model/workspace.ts";
import { type AskFirst, planesOf } from "./ask-first.ts";
import { hasParameter, knownValues, needCommand } from "./bound-command.ts";
import { type Computing, readComputing } from "./computing.ts";
import type { Library } from "./library.ts";
import { followTiles } from "./preview-feed.ts";
import { cropImage } from "./samples.ts";
import type { SlideRuns } from "./slide-runs.ts";
import { createTeller } from "./tell-notices.ts";

export interface Segmenting {
  /** True while a segmentation runs. */
  readonly segmenting: Signal<boolean>;
  /** Segments the image, a box of it, or all open images; `given` goes before the values of panel and settings. */
  segment(where: "image" | "all" | Box, given?: Parameters): Promise<void>;
  /** The values that the panel would run with now. */
  propose(entry: RegisteredCommand): Parameters;
  /** True while a segmentation of that image runs or waits. */
  isAtWork(entry: ImageEntry): boolean;
  /** Cancels every segmentation of that image. */
  cancelFor(entry: ImageEntry): void;
  /** For the host: shows the tiles of an open image's segmentation, also of one that a macro has started. */
  watch(start: JobStart): JobWatch | undefined;
}

interface Work {
  readonly image: ImageEntry;
  job?: string;
  cancelled?: boolean;
}

interface SegmentingParts {
  /** The name of the chosen model; undefined while none is known. */
  readonly model: ReadonlySignal<string | undefined>;
  readonly values: Signal<Readonly<Record<string, Parameters>>>;
  readonly slides: SlideRuns;
  readonly computing: Signal<Computing | undefined>;
  readonly askFirst: AskFirst;
}

/** Segments with the chosen model and the values last set in dialogs. */
export function createSegmenting(
  workspace: Workspace,
  host: LocalHost,
  library: Library,
  { model, values, slides, computing, askFirst }: SegmentingParts,
): Segmenting {
  const segmenting = signal(false);
  // What runs or waits, by its image.
  const works = new Set<Work>();

  const propose = (entry: RegisteredCommand): Parameters => ({
    ...knownValues(entry, values.value),
    ...(model.value !== undefined && hasParameter(entry, "model") && { model: model.value }),
  });

  async function segmentImage(image: ImageEntry, given?: Parameters): Promise<void> {
    const entry = needCommand(library, "segment");
    const parameters = withPlane(entry, image, given ?? propose(entry));
    if (!(await mayMeet(image, parameters))) return;
    if (host.activeImage?.image !== image.image) host.selectImage(image.title.peek());
    await host.run(entry.command.id, parameters);
  }

  function mayMeet(image: ImageEntry, parameters: Parameters): Promise<boolean> {
    const { model, channel, scale } = parameters;
    const meeting = { entry: image, planes: planesOf(image, parameters) };
    return askFirst.mayMeet(model, [meeting], { channel, scale, yes: "Segment anyway" });
  }

  // What a job tells of an image, and of the plane that it reads, is said where results are said; what was asked about is known.
  function followNotices(
    { source }: ImageEntry,
    { plane, canReadAll }: { readonly plane: { readonly z: number; readonly t: number } | undefined; readonly canReadAll: boolean },
  ): (progress: Progress) => void {
    const read = plane && describeReadPlane(source, plane, { canReadAll });
    const part = read && `${read} The slider shows one more.`;
    const say = createTeller(workspace, { known: source.notices });
    return (progress) => {
      if (part !== undefined) say(part);
      if (progress.kind === "notice" && !askFirst.wasAsked(progress.message)) say(progress.message);
    };
  }

  // A part of the image: cut out, segmented as an image of its own, and put back at its place.
  async function segmentBox(image: ImageEntry, box: Box): Promise<void> {
    const entry = needCommand(library, "segment");
    const { plane: _, ...values } = propose(entry);
    if (!(await mayMeet(image, values))) return;
    if (slides.canSegmentBox(box, entry)) return slides.segmentBox(image, box, entry, withPlane(entry, image, propose(entry)));
    const parameters = entry.check(values);
    const plane = image.planeIndex.peek();
    const pixels = await cropImage(image, plane, box);
    const feed = followTiles(workspace, image, { plane, extent: box });
    const tell = followNotices(image, { plane: image.plane.peek(), canReadAll: false });
    const { id, promise } = host.jobs.add({
      title: `${entry.name} (part)`,
      onProgress(progress) {
        feed.show(progress);
        tell(progress);
      },
      run: (context) => entry.handler(pixels, parameters, context) as Promise<SegmentResult>,
    });
    const work = { image, job: id };
    works.add(work);
    const result = await promise.finally(() => {
      works.delete(work);
      feed.end();
    });
    computing.value = readComputing(result) ?? computing.peek();
    const { labels, model: maker, nothing } = result;
    if (labels) placeLabels(workspace, image, { plane, box, labels, model: maker });
    tellNothing(nothing);
  }

  // What was told of an earlier result goes when the next one comes.
  let told: Notice | undefined;
  function tellNothing(nothing: string | undefined): void {
    const shown = workspace.status.peek();
    if (told !== undefined && shown === told) workspace.status.value = undefined;
    if (nothing === undefined) told = undefined;
    // Beside what the job has told: the plane that was read may be why.
    else told = { kind: "info", text: shown?.text.includes(nothing) ? shown.text : nothing, stays: true };
    if (told) workspace.status.value = told;
  }

  return {
    segmenting,
    propose,
    watch({ entry: command, image, parameters }) {
      const entry = workspace.images.peek().find((one) => one.image === image?.image);
      if (!entry) return undefined;
      const { width, height, sizeZ } = entry.source;
      const words = String(parameters["plane"] ?? "").trim();
      // Without words the first.
      const plane = planeOfResult(entry, words);
      const feed = followTiles(workspace, entry, { plane, extent: { y0: 0, x0: 0, y1: height, x1: width } });
      const work: Work = { image: entry };
      works.add(work);
      const isOne = /[zt]\s*=/.test(words);
      const canReadAll = !slides.canSegmentBox({ y0: 0, x0: 0, y1: height, x1: width }, command);
      const shown = isOne ? { z: plane % sizeZ, t: Math.floor(plane / sizeZ) } : undefined;
      const tell = followNotices(entry, { plane: shown, canReadAll });
      return {
        begin(job) {
          work.job = job;
          if (work.cancelled) host.cancel(job);
        },
        onProgress(progress) {
          feed.show(progress);
          tell(progress);
        },
        end(outcome) {
          works.delete(work);
          feed.end();
          if (!("result" in outcome)) return;
          const { model: maker, nothing } = (outcome.result ?? {}) as Partial<SegmentResult>;
          const layer = findResult(entry, { kind: "labels", model: maker });
          if (layer) noteNothing(layer, words === "all" ? undefined : plane, nothing);
          tellNothing(nothing);
        },
      };
    },
    isAtWork: (entry) => [...works].some(({ image }) => image === entry),
    cancelFor(entry) {
      for (const work of works) {
        if (work.image !== entry) continue;
        // One that waits has no job yet: it ends when its turn comes.
        if (work.job === undefined) work.cancelled = true;
        else host.cancel(work.job);
      }
    },
    async segment(where, given) {
      const current = workspace.current.peek();
      if (!current) throw new Problem("InvalidData", "An image must be open; there is none. Open one first.", { reason: "no image" });
      segmenting.value = true;
      try {
        if (where === "all") for (const image of workspace.images.peek()) await segmentImage(image, given);
        else if (where === "image") await segmentImage(current, given);
        else await segmentBox(current, where);
      } finally {
        segmenting.value = false;
      }
    },
  };
}

/** What is shown is what is segmented, unless a plane is named. */
function withPlane(entry: RegisteredCommand, { plane, source: { sizeZ, sizeT } }: ImageEntry, values: Parameters): Parameters {
  const isNamed = String(values["plane"] ?? "").trim() !== "";
  if (isNamed || !hasParameter(entry, "plane") || sizeZ * sizeT === 1) return values;
  const { z, t } = plane.peek();
  return { ...values, plane: `z=${z},t=${t}` };
}

/** Puts the objects of a part into the layer of the model's results, replacing what was inside the box. */
function placeLabels(
  workspace: Workspace,
  image: ImageEntry,
  { plane, box, labels, model }: { plane: number; box: Box; labels: Pixels; model: string },
): void {
  const layer = takeResultLayer(image, { kind: "labels", model });
  const first = nextObjectId(layer);
  const ids = Uint32Array.from(labels.data, (id) => (id === 0 ? 0 : first + id - 1));
  replaceBox(workspace, { layer, plane }, box, ids, "segment part");
  noteNothing(layer, plane, undefined);
  showResultLayer(image, layer);
}
