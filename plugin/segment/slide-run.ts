// A slide in a folder that the browser handed over: segmented block by block, its objects joined, labels and table written; and
// later whatever else is asked of it. What is in the folder is the ledger: a tab that was closed or ran out of room goes on.

import type { Job } from "../../core/job.ts";
import { Problem } from "../../core/problem.ts";
import { assertSameSource, findBlockStore } from "../../core/sink/block-store.ts";
import { readRecord } from "../../core/sink/slide-record.ts";
import type { ChunkStore } from "../../core/sink/store.ts";
import { readJson, writeJson } from "../../core/sink/zarr.ts";
import { createZipFolder } from "../../core/sink/zip-folder.ts";
import type { ResultPlace, SlideKind } from "../../core/slide/slide-results.ts";
import { openSource } from "../../core/source/open.ts";
import type { ImageSource } from "../../core/source/source.ts";
import type { Context, Image, Parameters, SegmentResult, SlideContext, SlideExport } from "../contract.ts";
import { chooseRule, pickRule, recordedRule, toRuleValues } from "../parameter/choose-rule.ts";
import { resolveParameters } from "../parameter/parameters.ts";
import { createFolderChunks, growFile } from "../store/handle-store.ts";
import type { Workspace } from "../workspace.ts";
import { finishSlide } from "./finish-slide.ts";
import { classifySlide } from "./slide-action.ts";

/** The parameters and the region that a run was begun with. */
interface Begun {
  readonly parameters: Parameters;
  readonly name?: string;
  readonly region?: NonNullable<SlideContext["region"]>;
}

const begunName = "begun.json";
const resultName = "result.json";
const fileNames: Partial<Record<SlideKind, string>> = { labels: "labels.ome.tif", table: "table.csv" };

/**
 * Segments a slide into its folder, or goes on with it. A run that is there keeps the parameters that it was begun with, but for those
 * that say how objects are made: with others of these, objects are made anew and nothing is predicted again. Throws Problem of many kinds, AbortError; what was
 * done is kept.
 */
export async function* segmentIntoFolder(
  image: Image,
  { folder, name, region }: SlideContext,
  given: Parameters,
  workspace: Workspace,
  context: Context = {},
): Job<SegmentResult> {
  const { signal } = context;
  const release = await takeFolder(workspace, folder);
  try {
    const store = createFolderChunks(folder);
    const finished = (await readJson(store, resultName)) as Omit<SegmentResult, "slide"> | undefined;
    if (finished !== undefined) {
      await assertSameImage(store, image, signal);
      if (!(await isOtherRule(store, given, finished.parameters))) return { ...finished, slide: { folder } };
    }
    const before = (await readJson(store, begunName)) as Begun | undefined;
    const begun: Begun = before ?? { parameters: given, ...(name !== undefined && { name }), ...(region && { region }) };
    const values = resolveParameters("segment", { ...begun.parameters, ...pickRule(given) });
    if (values.output.includes("probabilities")) {
      const message = "Of a slide, a browser writes labels and the table, and on demand classes and outlines; probabilities are not kept.";
      yield { kind: "notice", done: 0, message };
    }
    const source = await openSource(image, { signal, ...(begun.name !== undefined && { name: begun.name }) });
    try {
      const { height, width } = source;
      const path = source.name;
      const box = begun.region ?? { y0: 0, x0: 0, y1: height, x1: width };
      const options = {
        path,
        ...(isWhole(box, source) ? {} : { region: box }),
        skipEmpty: false,
        // The same backend to the end: others round otherwise.
        onStart: async (resolved: Parameters) => {
          await writeJson(store, begunName, { ...begun, parameters: before === undefined ? { ...values, ...resolved } : values });
          if (finished !== undefined) await folder.removeEntry(resultName); // until it is there anew, the run is not finished
        },
      };
      const { record, parameters, backend, describeNothing } = yield* classifySlide(source, store, values, options, workspace, context);
      const { counts, rule, nothing, gaps } = yield* finishSlide(
        await findBlockStore(store, folder.name),
        {
          parameters: values,
          kinds: ["labels", "table"],
          format: "ome-tiff",
          tolerancePx: 0,
          place: createFolderPlace(folder),
          source,
          describeNothing,
          signal,
        },
        workspace,
      );
      const resolved = { ...parameters, ...toRuleValues(rule) };
      const lacks = gaps !== undefined && gaps.missingChunks > 0 && { missingChunks: gaps.missingChunks };
      const told = { ...lacks, ...(nothing !== undefined && { nothing }) };
      const result = { objects: counts.objects, ...told, model: record.model, parameters: resolved, backend };
      await writeJson(store, resultName, result);
      return { ...result, slide: { folder } };
    } finally {
      source.dispose?.();
    }
  } finally {
    release();
  }
}

/** True where other objects are asked for than those that a finished run made. */
async function isOtherRule(store: ChunkStore, given: Parameters, before: Parameters): Promise<boolean> {
  const record = await readRecord(store);
  const ruleOf = (parameters: Parameters): string =>
    JSON.stringify(chooseRule(resolveParameters("segment", parameters), recordedRule(record!)));
  return record !== undefined && ruleOf({ ...before, ...pickRule(given) }) !== ruleOf(before);
}

/** Writes a file of what a run left in its folder. Throws Problem MissingFile, InvalidData, CannotWrite; AbortError. */
export async function* exportFromFolder(
  folder: FileSystemDirectoryHandle,
  { kind, format = "ome-tiff", tolerancePx = 0, image, parameters: other = {} }: SlideExport,
  file: FileSystemFileHandle,
  workspace: Pick<Workspace, "spawn" | "cores">,
  { signal }: Context = {},
): Job<void> {
  const store = createFolderChunks(folder);
  const result = (await readJson(store, resultName)) as SegmentResult | undefined;
  if (result === undefined) {
    const reason = "it is not segmented to its end";
    throw new Problem("InvalidData", `A slide is exported once all of it is segmented; ${reason}. Go on with it first.`, { reason });
  }
  const source = image === undefined ? undefined : await openSource(image, { signal });
  const place: ResultPlace = { openFile: () => growFile(file), openFolder: async () => createZipFolder(await growFile(file)) };
  const parameters = { ...result.parameters, ...pickRule(other), workers: "auto" };
  try {
    const options = { parameters, kinds: [kind], format, tolerancePx, place, source, signal };
    yield* finishSlide(await findBlockStore(store, folder.name), options, workspace);
  } finally {
    source?.dispose?.();
  }
}

/** Throws Problem InvalidParameter where a finished run is one of another image. */
async function assertSameImage(store: ChunkStore, image: Image, signal: AbortSignal | undefined): Promise<void> {
  const record = await readRecord(store);
  if (record?.source === undefined) return;
  const source = await openSource(image, { signal });
  try {
    assertSameSource(record, await source.fingerprint?.(signal));
  } finally {
    source.dispose?.();
  }
}

async function takeFolder({ lock }: Workspace, { name }: FileSystemDirectoryHandle): Promise<() => void> {
  const release = lock === undefined ? () => {} : await lock(`slide ${name}`);
  if (release !== undefined) return release;
  const reason = "another tab is at it";
  throw new Problem("CannotWrite", `A slide is segmented by one tab at a time; ${reason}. Wait until it has ended, or close that tab.`, {
    path: name,
    reason,
  });
}

function isWhole({ y0, x0, y1, x1 }: NonNullable<SlideContext["region"]>, { height, width }: ImageSource): boolean {
  return y0 === 0 && x0 === 0 && y1 === height && x1 === width;
}

/** Files under their own names: they count once the result is there. */
function createFolderPlace(folder: FileSystemDirectoryHandle): ResultPlace {
  const openFile: ResultPlace["openFile"] = async (kind) => {
    const name = fileNames[kind] ?? kind;
    return growFile(await folder.getFileHandle(name, { create: true }), () => folder.removeEntry(name));
  };
  return { openFile, openFolder: async (kind) => createZipFolder(await openFile(kind)) };
}
