// What is written of a slide: label, class and probability pyramids, outlines, a table; all of them in one walk. Where they are
// written is the caller's: files beside the slide in a terminal, the browser's own or a chosen file in a page.

import type { Band } from "../array/band.ts";
import type { DType, TypedArray } from "../array/raster.ts";
import type { Job } from "../job.ts";
import { assertCocoSize } from "../label/format/coco.ts";
import type { ObjectRule } from "../label/object-rule.ts";
import { countByRegion, type DroppedPieces, type ObjectRegions, type ObjectTable } from "../label/object-table.ts";
import type { Region } from "../label/region/region.ts";
import { paintRuns } from "../label/run-band.ts";
import type { BlockStore } from "../sink/block-store.ts";
import { createOrder } from "../sink/in-order.ts";
import { type GrowingFile, openOmeTiff } from "../sink/ome-tiff.ts";
import { packings } from "../sink/packing.ts";
import { createPyramidWriter, pyramidSizes, type WriteChunk } from "../sink/pyramid.ts";
import type { GrowingFolder } from "../sink/store.ts";
import { type NgffVersion, openZarrWriter, writeOmeGroup, writeZarrMetadata, type ZarrLayout } from "../sink/zarr.ts";
import type { ImageSource } from "../source/source.ts";
import { createLocalCrew, type ObjectCrew } from "./object-crew.ts";
import { type FileBytes, type ObjectFileKind, objectFileKinds } from "./object-files.ts";
import { joinObjects, type ObjectConsumer } from "./slide-objects.ts";

export const slideKinds = ["labels", "classes", "probabilities", ...objectFileKinds] as const;
export type SlideKind = (typeof slideKinds)[number];
export type SlideFormat = "ome-zarr" | "ome-zarr-0.5" | "ome-tiff";

/** Where results go. */
export interface ResultPlace {
  openFile(kind: SlideKind): Promise<GrowingFile>;
  openFolder(kind: SlideKind): Promise<GrowingFolder>;
  /** Gives all that was finished its name. Absent: `finish` did. */
  publish?(): Promise<void>;
}

export interface ResultOptions extends Omit<ObjectRule, "threshold"> {
  /** Default: that of the run. */
  readonly threshold?: number | undefined;
  readonly place: ResultPlace;
  readonly kinds: readonly SlideKind[];
  readonly format: SlideFormat;
  /** Labels lie in the group of their image, whose pyramid has so many levels; only with OME-Zarr. */
  readonly levelsOfImage?: number | undefined;
  /** Only pixels inside of these count. */
  readonly inside?: readonly Region[] | undefined;
  /** Corners of outlines may be left out where none lies farther than this from what remains, pixels. */
  readonly tolerancePx: number;
  /** For grey values in tables. */
  readonly source?: ImageSource | undefined;
  /** Who cuts and describes objects; default: this thread. */
  readonly crew?: ObjectCrew | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SlideCounts {
  readonly objects: number;
  /** Where there is none: what was found and is too small. */
  readonly dropped?: DroppedPieces;
  /** Objects of each region, where there are regions. */
  readonly byRegion?: readonly { readonly name: string; readonly objects: number }[];
  /** Ids of objects that were too large to be cut apart, where there are any. */
  readonly tooLarge?: readonly number[];
}

/** Joins the objects of a finished run and writes what was asked for: all of it or, after a failure, nothing. */
export async function* writeSlideResults(blocks: BlockStore, given: ResultOptions): Job<SlideCounts> {
  const { place, abandon } = rememberOpened(given.place);
  try {
    const counts = yield* writeResults(blocks, { ...given, place });
    await given.place.publish?.();
    return counts;
  } catch (error) {
    await abandon();
    throw error;
  }
}

async function* writeResults(blocks: BlockStore, options: ResultOptions): Job<SlideCounts> {
  const { kinds, signal } = options;
  const has = (...some: readonly SlideKind[]): boolean => some.some((kind) => kinds.includes(kind));
  if (has("coco")) assertCocoSize(blocks.record);
  for (const kind of (["classes", "probabilities"] as const).filter((one) => has(one))) {
    yield { kind: "phase", name: `writing ${kind}`, done: 0 };
    await (kind === "classes" ? writeClasses(blocks, options) : writeProbabilities(blocks, options));
    signal?.throwIfAborted();
  }
  if (!has("labels", "geojson", "rois", "coco", "table")) return { objects: 0 };
  const crew = options.crew ?? createLocalCrew();
  const measures = has("geojson", "table");
  const joining = { ...options, cut: crew.cut, measures };
  const table = yield* joinObjects(blocks, joining, async (found) => {
    const consumers: ObjectConsumer[] = [];
    // Files first: another thread may describe a band while this one packs its labels.
    const files = objectFileKinds.filter((kind) => has(kind));
    if (files.length > 0) consumers.push(await openFiles(files, blocks, found, { ...options, crew }));
    if (has("labels")) consumers.push(await openLabels(blocks, found, options));
    return consumers;
  });
  return countObjects(table);
}

/** The place, and a way to leave nothing of what was opened there. */
function rememberOpened(place: ResultPlace): { readonly place: ResultPlace; abandon(): Promise<void> } {
  const opened: Pick<GrowingFile, "abandon">[] = [];
  const remember = async <T extends Pick<GrowingFile, "abandon">>(opening: Promise<T>): Promise<T> => {
    const one = await opening;
    opened.push(one);
    return one;
  };
  return {
    place: { openFile: (kind) => remember(place.openFile(kind)), openFolder: (kind) => remember(place.openFolder(kind)) },
    async abandon() {
      for (const one of opened) await one.abandon();
    },
  };
}

function countObjects({ count, regions, splits, dropped }: ObjectTable): SlideCounts {
  const whole = {
    objects: count,
    ...(count === 0 && { dropped }),
    ...(splits && splits.tooLarge.length > 0 && { tooLarge: splits.tooLarge }),
  };
  if (regions === undefined) return whole;
  const counts = countByRegion(regions);
  return { ...whole, byRegion: regions.regions.map((_, i) => ({ name: nameRegion(regions, i + 1), objects: counts[i + 1]! })) };
}

/** Of the region with this number, from 1 on as ids are. */
function nameRegion({ regions }: ObjectRegions, number: number): string {
  return regions[number - 1]?.name ?? `region ${number}`;
}

// Bands that are described beside this thread while it goes on.
const bandsAtOnce = 4;

/** Outlines and tables, appended to their files in the order of the bands. */
async function openFiles(
  kinds: readonly ObjectFileKind[],
  { record }: BlockStore,
  { sets, splits, regions, ...table }: ObjectTable,
  { place, crew, source, tolerancePx, signal }: ResultOptions & { readonly crew: ObjectCrew },
): Promise<ObjectConsumer> {
  const { name, classNames, pixelSizeUm, plane, probabilityType } = record;
  const names = regions?.regions.map((_, i) => nameRegion(regions, i + 1));
  const describer = await crew.describe({
    ...{ kinds, table, name, classNames, pixelSizeUm, tolerancePx },
    channels: source === undefined ? [] : plane.channels.map((c) => source.channels[c]!.name),
    probabilityScale: probabilityType && (probabilityType === "uint8" ? 255 : 1),
    regions: regions && { names: names!, ofObject: regions.ofObject },
  });
  const files = new Map<ObjectFileKind, GrowingFile>();
  for (const kind of kinds) files.set(kind, await place.openFile(kind));
  const write = async (pieces: readonly FileBytes[]): Promise<void> => {
    signal?.throwIfAborted(); // what a thread still sends is not written to files that are being abandoned
    for (const { kind, bytes } of pieces) await files.get(kind)!.append(bytes);
  };
  const inOrder = createOrder();
  const running: Promise<void>[] = [];
  return {
    async add(band) {
      const written = inOrder(describer.add(band), write);
      written.catch(() => {}); // it is told when its turn comes
      running.push(written);
      if (running.length > bandsAtOnce) await running.shift();
    },
    async end() {
      await Promise.all(running);
      for (let pieces = await describer.rest(); pieces.length > 0; pieces = await describer.rest()) await write(pieces);
      for (const file of files.values()) await file.finish();
    },
  };
}

async function openLabels(blocks: BlockStore, { count }: ObjectTable, options: ResultOptions): Promise<ObjectConsumer> {
  const dtype = count > 65535 ? "uint32" : "uint16";
  const writer = await openPyramid(blocks, { kind: "labels", dtype, planes: [""], reduce: "first" }, options);
  let pixels: Uint16Array | Uint32Array = new Uint16Array(0);
  return {
    async add({ runs }) {
      const size = runs.height * runs.width;
      if (pixels.length === size) pixels.fill(0);
      else pixels = dtype === "uint32" ? new Uint32Array(size) : new Uint16Array(size);
      await writer.add(0, paintRuns(runs, pixels));
    },
    end: () => writer.end(),
  };
}

async function writeClasses(blocks: BlockStore, options: ResultOptions): Promise<void> {
  const writer = await openPyramid(blocks, { kind: "classes", dtype: "uint8", planes: [""], reduce: "first" }, options);
  for await (const band of blocks.readClasses(options.threshold)) await writer.add(0, band);
  await writer.end();
}

async function writeProbabilities(blocks: BlockStore, options: ResultOptions): Promise<void> {
  const { classNames, probabilityType = "uint8" } = blocks.record;
  const writer = await openPyramid(blocks, { kind: "probabilities", dtype: probabilityType, planes: classNames, reduce: "mean" }, options);
  for (const c of classNames.keys()) for await (const band of blocks.readProbabilities(c)) await writer.add(c, band);
  await writer.end();
}

interface PlaneWriter {
  add(plane: number, band: Band<TypedArray>): Promise<void>;
  end(): Promise<void>;
}

interface PyramidPlan {
  readonly kind: "labels" | "classes" | "probabilities";
  readonly dtype: DType;
  readonly planes: readonly string[];
  readonly reduce: "first" | "mean";
}

// Small enough to be looked at over a network, a multiple of 16 as TIFF wants it.
const chunkPx = 512;

/** A pyramid of one or more planes in the format asked for, under a temporary name until its end. */
async function openPyramid(
  { record }: BlockStore,
  { kind, dtype, planes, reduce }: PyramidPlan,
  options: ResultOptions,
): Promise<PlaneWriter> {
  const { height, width, name, pixelSizeUm } = record;
  const packing = packings[kind];
  const isInImage = kind === "labels" && options.levelsOfImage !== undefined;
  const sizes = pyramidSizes(height, width, chunkPx, isInImage ? options.levelsOfImage : undefined);
  const levelsOf = (write: (plane: number) => WriteChunk) =>
    planes.map((_, plane) => createPyramidWriter({ sizes, chunkPx, dtype, reduce, write: write(plane) }));
  const join = (writers: ReturnType<typeof levelsOf>, finish: () => Promise<void>): PlaneWriter => ({
    add: (plane, band) => writers[plane]!.add(band),
    async end() {
      for (const writer of writers) await writer.end();
      await finish();
    },
  });
  if (options.format === "ome-tiff") {
    const file = await options.place.openFile(kind);
    const channels = planes.map((plane) => plane || kind);
    const tiff = await openOmeTiff(file, { name: `${name}.${kind}`, sizes, tilePx: chunkPx, dtype, channels, pixelSizeUm, packing });
    return join(
      levelsOf((channel) => (chunk) => tiff.write({ channel, ...chunk })),
      tiff.end,
    );
  }
  const version: NgffVersion = options.format === "ome-zarr" ? "0.4" : "0.5";
  const isStack = planes.length > 1;
  const { store, finish } = await options.place.openFolder(kind);
  const axes = isStack ? (["c", "y", "x"] as const) : (["y", "x"] as const);
  const layouts: ZarrLayout[] = sizes.map((size) => ({
    shape: [...(isStack ? [planes.length] : []), size.height, size.width],
    chunks: [...(isStack ? [1] : []), chunkPx, chunkPx],
    dtype,
    version,
    axes,
    packing,
  }));
  const shapes = layouts.map(({ shape }) => shape);
  const channels = isStack ? planes : undefined;
  await writeOmeGroup(store, "", {
    version,
    name: `${name}.${kind}`,
    axes,
    shapes,
    pixelSizeUm,
    isLabels: kind !== "probabilities",
    labelled: isInImage ? "../../" : undefined,
    channels,
    white: dtype === "uint8" ? 255 : 1,
  });
  const inOrder = createOrder(); // in a zip, the same chunks give the same bytes
  const writers = await Promise.all(
    layouts.map(async (layout, level) => {
      await writeZarrMetadata(store, String(level), layout);
      return openZarrWriter(store, String(level), layout, inOrder);
    }),
  );
  const write =
    (plane: number): WriteChunk =>
    async ({ level, row, column, data, isEmpty }) => {
      // The fill value stands for a chunk of zeros.
      if (!isEmpty) await writers[level]!([...(isStack ? [plane] : []), row, column], data);
    };
  return join(levelsOf(write), finish);
}
