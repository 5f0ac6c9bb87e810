// `overtile segment` of what does not fit in memory, and `overtile merge`: a folder NAME.overtile beside the results holds what is
// done, block by block, so that a run that was ended goes on, and several machines share a slide.

import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Box } from "../../core/array/raster.ts";
import { assertCocoSize } from "../../core/label/format/coco.ts";
import type { Region } from "../../core/label/region/region.ts";
import type { Model } from "../../core/model/model.ts";
import { describeError, Problem } from "../../core/problem.ts";
import { findBlockStore } from "../../core/sink/block-store.ts";
import type { ChunkStore } from "../../core/sink/store.ts";
import { readJson, writeJson } from "../../core/sink/zarr.ts";
import { type SlideFormat, type SlideKind, slideKinds, writeSlideResults } from "../../core/slide-results.ts";
import { openSource } from "../../core/source/open.ts";
import { readRegions } from "../../core/source/read-regions.ts";
import type { ImageSource } from "../../core/source/source.ts";
import type { Parameters } from "../../plugin/contract.ts";
import { describeNoneLeft } from "../../plugin/nothing-found.ts";
import { openObjectThreads } from "../../plugin/object-threads.ts";
import { resolveParameters } from "../../plugin/parameters.ts";
import { compareScales } from "../../plugin/segment-crew.ts";
import { classifySlide, type SlideOptions } from "../../plugin/slide-action.ts";
import type { Workspace } from "../../plugin/workspace.ts";
import { createChunkFolder } from "./chunk-folder.ts";
import { removeLeftovers, removeWhole } from "./growing-file.ts";
import { findImageGroup, labelsPath } from "./image-group.ts";
import { assertFree, assertWritable, baseName, exists, makeFolder, print } from "./output.ts";
import { ownProcess } from "./process.ts";
import { runInTerminal } from "./run-job.ts";
import { describeGaps, gapsOf, joinGaps, type KnownGaps, openGapLedger, readGaps } from "./slide-gaps.ts";
import { createSlidePlace, type PlaceOptions, slidePath } from "./slide-place.ts";
import { openThreads } from "./workspace.ts";

/** The options of a slide, as commander gives them. */
export interface SlideFlags {
  readonly out?: string;
  readonly output?: string;
  readonly format?: string;
  readonly inImage?: string;
  readonly region?: string;
  readonly roi?: string;
  readonly pixelSize?: string;
  readonly skipEmpty?: boolean;
  readonly skipBad?: boolean;
  readonly resume?: boolean;
  readonly shard?: string;
  readonly floats?: boolean;
  readonly tolerance?: string;
  readonly overwrite?: boolean;
}

// Images of more pixels than these are segmented block by block whatever was asked.
const largestInMemoryPx = 2 ** 26;

/** True where an image must go, or was asked to go, block by block: what is resampled to the model's pixels goes so, too. */
export function isSlideRun(
  flags: SlideFlags,
  source: Pick<ImageSource, "height" | "width" | "pixelSizeUm">,
  model: Pick<Model, "pixelSizeUm">,
): boolean {
  const asked = [flags.format, flags.inImage, flags.region, flags.roi, flags.pixelSize, flags.shard].some((value) => value !== undefined);
  const switched = [flags.skipEmpty, flags.skipBad, flags.resume, flags.floats].some((value) => value === true);
  const isLarge = source.height * source.width > largestInMemoryPx;
  return asked || switched || slideOnlyKinds(flags.output).length > 0 || isLarge || compareScales(model, source.pixelSizeUm) !== 1;
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
  const work = join(folder, `${base}.overtile`);
  const store = createChunkFolder(work);
  const place = { folder, base, format, inImage };
  const results = kinds.map((kind) => slidePath(place, kind));
  await assertFreshOrResumed(work, flags, shard !== undefined);
  const ours = await readNamed(store, work);
  if (shard === undefined) for (const path of results) await assertFree(path, flags.overwrite === true || ours.has(path));
  for (const target of inImage === undefined ? [folder] : [folder, inImage.group.path]) await assertWritable(target);
  await makeFolder(folder);
  const inside = await readRoi(flags.roi);
  const skipBad = flags.skipBad === true;
  const source = await openSource(image, { skipBad });
  try {
    if (kinds.includes("coco")) assertCocoSize(source);
    const gapsNow = (): KnownGaps => gapsOf(source, skipBad);
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
      const note = `This was shard ${flags.shard}; "overtile merge ${work}" joins them.`;
      return { ...report, files: [], ...describeGaps(source.name, gapsNow()), note };
    }
    const { min_size: givenSize, fill_holes: fillHoles, split, workers } = resolveParameters("segment", given);
    const minSizePx = givenSize === "auto" ? record.minSizePx : givenSize;
    const splitDepthPx = split === "auto" ? record.splitDepthPx : split;
    const blocks = await findBlockStore(store, work);
    const tolerancePx = parseTolerance(flags.tolerance);
    const levelsOfImage = inImage?.group.levels;
    const shaping = { minSizePx, fillHoles, tolerancePx, splitDepthPx, inside, levelsOfImage };
    const output = createSlidePlace(place, () => writeNamed(store, work, results));
    const crew = openObjectThreads(workspace, workers);
    const counts = await runInTerminal(({ signal }) =>
      writeSlideResults(blocks, { place: output, kinds, format, ...shaping, source, crew, signal }),
    ).finally(crew.dispose);
    const gaps = joinGaps([await readGaps(work), gapsNow()]);
    await removeWhole(work);
    const nothing = counts.dropped && describeNothing(counts.dropped, minSizePx);
    if (nothing !== undefined) ownProcess().stderr.write(`${nothing}\n`);
    const { dropped: _, ...told } = counts;
    return {
      ...report,
      work: undefined,
      files: results,
      ...told,
      ...(nothing !== undefined && { nothing }),
      ...describeGaps(source.name, gaps),
    };
  } finally {
    source.dispose?.();
  }
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
  const names = ((await readJson(store, namedFile)) ?? []) as readonly string[];
  return new Set(names.map((name) => join(work, name)));
}

/** `overtile merge`: objects across the borders of shards, and everything that is written of them. */
export async function mergeCommand(
  work: string,
  options: SlideFlags & { readonly minSize?: string; readonly fillHoles?: boolean; readonly split?: string; readonly json?: boolean },
): Promise<void> {
  const blocks = await findBlockStore(createChunkFolder(work), work);
  const { record } = blocks;
  const folder = options.out ?? join(work, "..");
  const base = baseName(record.path);
  const kinds = parseKinds(options.output ?? "labels");
  const { format, inImage } = await choosePlace(record.path, kinds, options);
  const place = { folder, base, format, inImage };
  const results = kinds.map((kind) => slidePath(place, kind));
  for (const path of results) await assertFree(path, options.overwrite === true);
  for (const target of inImage === undefined ? [folder] : [folder, inImage.group.path]) await assertWritable(target);
  await makeFolder(folder);
  const given = resolveParameters("segment", { min_size: options.minSize ?? "auto", split: options.split ?? "auto" });
  const minSizePx = given.min_size === "auto" ? record.minSizePx : given.min_size;
  const splitDepthPx = given.split === "auto" ? record.splitDepthPx : given.split;
  const known = await readGaps(work);
  const { skipBad } = known;
  const source = kinds.some((kind) => kind === "geojson" || kind === "table")
    ? await openSource(record.path, { skipBad }).catch(() => undefined)
    : undefined;
  if (source === undefined && kinds.includes("table"))
    ownProcess().stderr.write(`${record.path} cannot be read here: the table has no grey values.\n`);
  try {
    const tolerancePx = parseTolerance(options.tolerance);
    const fillHoles = options.fillHoles === true;
    const inside = await readRoi(options.roi);
    const levelsOfImage = inImage?.group.levels;
    const shaping = { minSizePx, fillHoles, tolerancePx, splitDepthPx, inside, levelsOfImage };
    const crew = openObjectThreads(openThreads(), "auto");
    const counts = await runInTerminal(({ signal }) =>
      writeSlideResults(blocks, { place: createSlidePlace(place), kinds, format, ...shaping, source, crew, signal }),
    ).finally(crew.dispose);
    const gaps = describeGaps(record.name, joinGaps([known, gapsOf(source, skipBad)]));
    if (options.json === true) print(JSON.stringify({ work, ...counts, ...gaps, files: results }, null, 2));
    else print(`${counts.objects} objects -> ${results.join(", ")}`);
    if (counts.dropped) ownProcess().stderr.write(`${describeNoneLeft(record.name, counts.dropped, minSizePx)}\n`);
  } finally {
    source?.dispose?.();
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

function parseKinds(output: string): readonly SlideKind[] {
  const words = output.split(",").map((word) => word.trim());
  const unknown = words.find((word) => !(slideKinds as readonly string[]).includes(word));
  if (unknown === undefined) return [...new Set(words)] as SlideKind[];
  throw wrong("output", `words of ${slideKinds.join(", ")}, joined by commas; got "${unknown}"`, "labels,geojson", unknown);
}

function parseFormat(format: string): SlideFormat {
  if (format === "ome-zarr" || format === "ome-zarr-0.5" || format === "ome-tiff") return format;
  throw wrong("format", `ome-tiff, ome-zarr or ome-zarr-0.5; got "${format}"`, "ome-tiff", format);
}

function parseShard(shard: string): { readonly index: number; readonly count: number } {
  const found = /^(\d+)\/(\d+)$/.exec(shard);
  const [number, count] = [Number(found?.[1]), Number(found?.[2])];
  if (found !== null && number >= 1 && number <= count) return { index: number - 1, count };
  throw wrong("shard", `I/N with I from 1 to N; got "${shard}"`, "1/4", shard);
}

function parseRegion(region: string, { height, width }: Pick<ImageSource, "height" | "width">): Box {
  const numbers = region.split(",").map(Number);
  const [x, y, w, h] = numbers as [number, number, number, number];
  const fits =
    numbers.length === 4 && numbers.every(Number.isInteger) && x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= width && y + h <= height;
  if (fits) return { y0: y, x0: x, y1: y + h, x1: x + w };
  throw wrong("region", `x,y,width,height in pixels, inside ${width} x ${height}; got "${region}"`, `0,0,${width},${height}`, region);
}

/** The regions of a file of ROIs or GeoJSON. Throws Problem MissingFile, InvalidData. */
async function readRoi(path: string | undefined): Promise<readonly Region[] | undefined> {
  if (path === undefined) return undefined;
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new Problem(
      "MissingFile",
      `There must be a file of regions at ${path}; it cannot be read (${describeError(error)}). Check the path.`,
      { path },
    );
  });
  return readRegions(new Uint8Array(bytes), path);
}

function parseTolerance(value: string | undefined): number {
  return value === undefined ? 0 : parsePositive("tolerance", value, 0);
}

function parsePositive(parameter: string, value: string, least = Number.MIN_VALUE): number {
  const number = Number(value);
  if (Number.isFinite(number) && number >= least) return number;
  throw wrong(parameter, `a positive number; got "${value}"`, "0.5", value);
}

function wrong(parameter: string, expected: string, example: string, value: unknown): Problem<"InvalidParameter"> {
  return new Problem("InvalidParameter", `"${parameter}" must be ${expected}. Write for example ${example}.`, { parameter, value });
}
