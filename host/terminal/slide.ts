// `overtile segment` of what does not fit in memory, and `overtile merge`: a folder NAME.overtile beside the results holds what is
// done, block by block, so that a run that was ended goes on, and several machines share a slide.

import { join, relative } from "node:path";
import { compareScales } from "../../core/image/object-scale.ts";
import { assertCocoSize } from "../../core/label/format/coco.ts";
import type { Model } from "../../core/model/model.ts";
import { Problem } from "../../core/problem.ts";
import { findBlockStore } from "../../core/sink/block-store.ts";
import type { ChunkStore } from "../../core/sink/store.ts";
import { readJson, writeJson } from "../../core/sink/zarr.ts";
import type { SlideKind } from "../../core/slide/slide-results.ts";
import { describeGaps } from "../../core/source/gaps.ts";
import { openSource } from "../../core/source/open.ts";
import type { ImageSource } from "../../core/source/source.ts";
import type { Parameters } from "../../plugin/contract.ts";
import { resolveParameters } from "../../plugin/parameter/parameters.ts";
import { finishSlide } from "../../plugin/segment/finish-slide.ts";
import { classifySlide, type SlideOptions } from "../../plugin/segment/slide-action.ts";
import type { Workspace } from "../../plugin/workspace.ts";
import { createChunkFolder } from "./chunk-folder.ts";
import { removeLeftovers, removeWhole } from "./growing-file.ts";
import { findImageGroup, labelsPath } from "./image-group.ts";
import { assertFree, assertWritable, baseName, exists, makeFolder, print, tellLine } from "./output.ts";
import { runInTerminal } from "./run-job.ts";
import { gapsOf, joinGaps, openGapLedger, type RunGaps, readGaps, reportGaps } from "./slide-gaps.ts";
import {
  parseFormat,
  parseKinds,
  parsePositive,
  parseRegion,
  parseShard,
  parseTolerance,
  readRoi,
  type SlideFlags,
  wrong,
} from "./slide-options.ts";
import { createSlidePlace, type PlaceOptions, slidePath } from "./slide-place.ts";
import { lockFolder, openThreads } from "./workspace.ts";

// Images of more pixels than these are segmented block by block whatever was asked.
const largestInMemoryPx = 2 ** 26;

/** True where an image must go, or was asked to go, block by block: what is resampled to the model's pixels goes so, too. */
export function isSlideRun(
  flags: SlideFlags,
  source: Pick<ImageSource, "height" | "width" | "pixelSizeUm">,
  model: Pick<Model, "pixelSizeUm">,
): boolean {
  const asked = [flags.format, flags.inImage, flags.region, flags.roi, flags.pixelSize, flags.shard].some((value) => value !== undefined);
  const switched = [flags.skipEmpty, flags.skipBad, flags.resume, flags.keepRun, flags.floats].some((value) => value === true);
  const isLarge = source.height * source.width > largestInMemoryPx;
  return asked || switched || slideOnlyKinds(flags.output).length > 0 || isLarge || (compareScales(model, source.pixelSizeUm) ?? 1) !== 1;
}

/** Of `--output`, what only a run by blocks can give. */
export function slideOnlyKinds(output = ""): readonly string[] {
  return output.split(",").filter((word) => ["geojson", "rois", "coco", "table"].includes(word));
}

export interface SlideReport {
  readonly image: string;
  readonly files: readonly string[];
  readonly objects?: number;
  readonly note?: string;
  readonly [more: string]: unknown;
}

/** Segments one slide. Returns what `--json` prints. */
export async function segmentSlideFile(image: string, given: Parameters, flags: SlideFlags, workspace: Workspace): Promise<SlideReport> {
  const folder = flags.out!;
  const base = baseName(image);
  const kinds = parseKinds(flags.output ?? "labels");
  const { format, inImage } = await choosePlace(image, kinds, flags);
  const shard = flags.shard === undefined ? undefined : parseShard(flags.shard);
  const place = { folder, base, format, inImage };
  await prepareFolders(place);
  const release = shard === undefined ? await takeSlide(folder, base) : () => {};
  try {
    return await segmentIntoPlace(image, given, { flags, workspace, kinds, place, shard, release });
  } finally {
    release();
  }
}

interface SlidePlace {
  readonly flags: SlideFlags;
  readonly workspace: Workspace;
  readonly kinds: readonly SlideKind[];
  readonly place: PlaceOptions;
  readonly shard: ReturnType<typeof parseShard> | undefined;
  /** Lets the results go. */
  readonly release: () => void;
}

async function segmentIntoPlace(
  image: string,
  given: Parameters,
  { flags, workspace, kinds, place, shard, release }: SlidePlace,
): Promise<SlideReport> {
  const { folder, base, format, inImage } = place;
  const work = join(folder, `${base}.overtile`);
  const store = createChunkFolder(work);
  const results = kinds.map((kind) => slidePath(place, kind));
  if (shard === undefined && (await isFinished(work, results, flags))) return { image, files: results, note: finishedNote(results) };
  await assertFreshOrResumed(work, flags, shard !== undefined);
  const ours = await readNamed(store, work);
  if (shard === undefined)
    for (const path of results) await assertFree(path, flags.overwrite === true || ours.has(path), formOf(path, inImage));
  const inside = await readRoi(flags.roi);
  const skipBad = flags.skipBad === true;
  const source = await openSource(image, { skipBad });
  try {
    if (kinds.includes("coco")) assertCocoSize(source);
    const gapsNow = (): RunGaps => gapsOf(source, skipBad);
    const ledger = await openGapLedger(work, gapsNow, flags.shard);
    const options: SlideOptions = {
      path: image,
      region: flags.region === undefined ? undefined : parseRegion(flags.region, source),
      pixelSizeUm: flags.pixelSize === undefined ? undefined : parsePositive("pixel_size", flags.pixelSize),
      skipEmpty: flags.skipEmpty === true,
      shard,
      keepProbabilities: kinds.includes("probabilities") ? (flags.floats === true ? "float32" : "uint8") : undefined,
      beforeBlock: ledger.save,
    };
    const { run, record, backend, describeNothing } = await runInTerminal((signals) =>
      classifySlide(source, store, given, options, workspace, signals),
    );
    const report = { image, work, ...run, model: record.model, backend, tile: record.tile };
    if (shard !== undefined) {
      for (const line of describeGaps({ name: source.name, gaps: gapsNow() })) tellLine(line);
      const note = `This was shard ${flags.shard}; "overtile merge ${work}" joins them.`;
      return { ...report, files: [], ...reportGaps(gapsNow()), note };
    }
    const blocks = await findBlockStore(store, work);
    if (flags.keepRun === true) await writeJson(store, keptFile, true);
    const isKept = await store.has(keptFile);
    const output = createSlidePlace(place, () => writeNamed(store, work, results));
    const findGaps = async (): Promise<RunGaps> => joinGaps([await readGaps(work), gapsNow()]);
    const shaping = { inside, tolerancePx: parseTolerance(flags.tolerance), levelsOfImage: inImage?.group.levels };
    const finishing = { parameters: given, place: output, kinds, format, ...shaping, source, gaps: findGaps, describeNothing };
    const { counts, nothing, gaps } = await runInTerminal(({ signal }) => finishSlide(blocks, { ...finishing, signal }, workspace));
    const told = { ...counts, ...(nothing !== undefined && { nothing }), ...reportGaps(gaps) };
    if (isKept) return { ...report, files: results, ...told, note: keptNote(work) };
    release(); // a run that is killed from here on has nothing to go on with, and nobody to clear up after it
    await removeWhole(work);
    return { ...report, work: undefined, files: results, ...told };
  } finally {
    source.dispose?.();
  }
}

/** Tries the folders before the work, and makes that of the results. */
async function prepareFolders({ folder, inImage }: PlaceOptions): Promise<void> {
  for (const target of inImage === undefined ? [folder] : [folder, inImage.group.path]) await assertWritable(target);
  await makeFolder(folder);
}

/** Pyramids of OME-Zarr are folders, those in the image's own group, too. */
function formOf(path: string, inImage: PlaceOptions["inImage"]): "file" | "folder" {
  return path.endsWith(".zarr") || (inImage !== undefined && path === labelsPath(inImage.group, inImage.name)) ? "folder" : "file";
}

/** Keeps a slide's results for this run; shards take no lock. Throws Problem CannotWrite, which says who is at it. */
async function takeSlide(folder: string, base: string): Promise<() => void> {
  const lock = lockFolder(folder);
  const release = await lock(`slide ${base}`);
  if (release !== undefined) return release;
  const path = join(folder, base);
  const reason = `${(await lock.holderOf?.(`slide ${base}`)) ?? "another process"}, is at it`;
  const message = `A slide is segmented by one run at a time; ${path}: ${reason}. Wait, end that one, or choose another folder.`;
  throw new Problem("CannotWrite", message, { path, reason });
}

/** True for a run that is to be gone on with, has all of its results, and nothing left to do. */
async function isFinished(work: string, results: readonly string[], { resume, overwrite }: SlideFlags): Promise<boolean> {
  if (resume !== true || overwrite === true || (await exists(work))) return false;
  return (await Promise.all(results.map(exists))).every((isThere) => isThere);
}

function finishedNote(results: readonly string[]): string {
  return `It is finished already: ${results.join(", ")}. There is nothing to go on with; --overwrite begins anew.`;
}

/** Says that the run's folder stays when its results are whole. */
const keptFile = "kept.json";

function keptNote(work: string): string {
  return `${work} is kept: --resume with another --threshold, --split, --min-size or --fill-holes makes the objects anew. Delete it when that is done.`;
}

const namedFile = "named.json";

/** Notes which results are about to take their names: a run that ends meanwhile may write over these when it goes on. */
function writeNamed(store: ChunkStore, work: string, results: readonly string[]): Promise<void> {
  return writeJson(
    store,
    namedFile,
    results.map((path) => relative(work, path)),
  );
}

async function readNamed(store: ChunkStore, work: string): Promise<ReadonlySet<string>> {
  const names = (await readJson(store, namedFile)) ?? [];
  return new Set((Array.isArray(names) ? names : []).map((name) => join(work, String(name))));
}

interface MergeFlags {
  readonly threshold?: string;
  readonly minSize?: string;
  readonly fillHoles?: boolean;
  readonly split?: string;
  readonly json?: boolean;
}

/** `overtile merge`: objects across the borders of shards, and everything that is written of them. */
export async function mergeCommand(work: string, options: SlideFlags & MergeFlags): Promise<void> {
  const blocks = await findBlockStore(createChunkFolder(work), work);
  const { record } = blocks;
  const folder = options.out ?? join(work, "..");
  const base = baseName(record.path);
  const kinds = parseKinds(options.output ?? "labels");
  const { format, inImage } = await choosePlace(record.path, kinds, options);
  const place = { folder, base, format, inImage };
  const results = kinds.map((kind) => slidePath(place, kind));
  for (const path of results) await assertFree(path, options.overwrite === true, formOf(path, inImage));
  const parameters = {
    min_size: options.minSize ?? "auto",
    split: options.split ?? "auto",
    threshold: options.threshold ?? "auto",
    ...(options.fillHoles !== undefined && { fill_holes: options.fillHoles }),
  };
  resolveParameters("segment", parameters);
  await prepareFolders(place);
  const known = await readGaps(work);
  const { skipBad } = known;
  const release = await takeSlide(folder, base);
  const source = kinds.some((kind) => kind === "geojson" || kind === "table")
    ? await openSource(record.path, { skipBad }).catch(() => undefined)
    : undefined;
  if (source === undefined && kinds.includes("table")) tellLine(`${record.path} cannot be read here: the table has no grey values.`);
  try {
    const shaping = {
      inside: await readRoi(options.roi),
      tolerancePx: parseTolerance(options.tolerance),
      levelsOfImage: inImage?.group.levels,
    };
    const findGaps = async (): Promise<RunGaps> => joinGaps([known, gapsOf(source, skipBad)]);
    const output = { place: createSlidePlace(place), kinds, format, ...shaping };
    const { counts, gaps } = await runInTerminal(({ signal }) =>
      finishSlide(blocks, { parameters, ...output, source, gaps: findGaps, signal }, openThreads()),
    );
    if (options.json === true) print(JSON.stringify({ work, ...counts, ...reportGaps(gaps), files: results }, null, 2));
    else print(`${counts.objects} objects -> ${results.join(", ")}`);
  } finally {
    source?.dispose?.();
    release();
  }
}

/** A run that was begun is gone on with when that is asked for, and never begun anew unasked. */
async function assertFreshOrResumed(work: string, { resume, overwrite }: SlideFlags, isShard: boolean): Promise<void> {
  await removeLeftovers(work);
  if (!(await exists(work)) || resume === true) return;
  if (overwrite === true && !isShard) return removeWhole(work);
  if (isShard) return; // the others write there, too
  throw new Problem(
    "CannotWrite",
    `There must be no ended run of this slide yet; there is one, ${work}. Add --resume to go on with it, or --overwrite to begin anew.`,
    {
      path: work,
      reason: "exists",
    },
  );
}

/** The format of images, and the image's own group where labels are to lie there: it then says the format. */
async function choosePlace(
  image: string,
  kinds: readonly SlideKind[],
  { format, inImage: name }: SlideFlags,
): Promise<Pick<PlaceOptions, "format" | "inImage">> {
  if (name === undefined) return { format: parseFormat(format ?? "ome-tiff") };
  if (!kinds.includes("labels"))
    throw wrong("in_image", `given together with the output labels; got ${kinds.join()}`, "--output labels", name);
  const group = await findImageGroup(image);
  const own = group.version === "0.4" ? "ome-zarr" : "ome-zarr-0.5";
  if (format !== undefined && format !== own) throw wrong("format", `what the image is, ${own}; got "${format}"`, own, format);
  labelsPath(group, name);
  return { format: own, inImage: { group, name } };
}
