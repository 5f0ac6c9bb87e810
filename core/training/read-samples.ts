// From annotated images to what training draws from: pixels normalised, annotation checked, objects cut apart, weight maps
// made. Each image is measured by itself, as `segment` will measure the images to come.

import { hideIgnored } from "../array/ignore.ts";
import type { LabelImage, Raster, TypedArray } from "../array/raster.ts";
import { pickNearest, rescaleTo } from "../array/rescale.ts";
import { gatherNotices, type NamedNotice } from "../gather-notices.ts";
import { gridSize } from "../image/object-scale.ts";
import { openGrid, readWhole } from "../image/read-grid.ts";
import type { Plane } from "../image/read-image.ts";
import { type Job, takeTurn } from "../job.ts";
import {
  assertOneChannel,
  assertSamePlanes,
  assertSameSize,
  checkClasses,
  checkLabels,
  toClassMap,
  toLabelImage,
  toMask,
} from "../label/check.ts";
import { type ClassReading, readClassNumbers } from "../label/class-numbers.ts";
import { labelComponents } from "../label/components.ts";
import { assertExact, assertNotSmoothed } from "../label/smoothing.ts";
import { Problem } from "../problem.ts";
import { prepareImage } from "../sample/prepare.ts";
import type { WeightOptions } from "../sample/weight-map.ts";
import type { ImageSource } from "../source/source.ts";
import type { ValidationImage } from "./validate.ts";

/** An annotated image, still closed. At least one of labels and classes is there. */
export interface SampleSource {
  readonly name: string;
  readonly image: ImageSource;
  readonly labels?: ImageSource;
  readonly classes?: ImageSource;
  readonly ignore?: ImageSource;
}

export interface ReadSamplesOptions {
  /** Which planes of each image are samples of their own. */
  readonly planesOf: (source: ImageSource) => readonly Plane[];
  readonly channels: number;
  /** Number of classes with background; `auto`: as many as are annotated, 2 at least. */
  readonly classes: number | "auto";
  /** Of the model to go on from: with `auto`, there are as many at least. */
  readonly knownClasses?: number | undefined;
  /** How pixels are weighted, where so many objects are drawn (counted up to `countedObjects`). */
  readonly weightsFor: (objects: number) => WeightOptions;
  /** How images are magnified, with what is drawn on them, where objects of these areas are drawn; default: not at all. */
  readonly scaleFor?: ((areasPx: readonly number[]) => number) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One plane of a sample. */
export interface SamplePlane extends ValidationImage {
  /** Which of the samples it belongs to. */
  readonly sample: number;
}

export interface ReadSamples {
  readonly images: readonly SamplePlane[];
  readonly classes: number;
  /** As their pixels were weighted. */
  readonly weights: WeightOptions;
  /** As they were magnified. */
  readonly scale: number;
}

/** Reads all samples. Yields a notice for each that is suspicious. Throws Problem InvalidData, UnsupportedImage, InvalidParameter. */
export async function* readSamples(samples: readonly SampleSource[], options: ReadSamplesOptions): Job<ReadSamples> {
  const read: Drawn[] = [];
  for (const [i, sample] of samples.entries()) {
    yield { kind: "phase", name: "reading samples", done: i, total: samples.length };
    try {
      for (const plane of options.planesOf(sample.image)) read.push({ ...(await readDrawn(sample, plane, options)), sample: i });
    } finally {
      for (const source of [sample.image, sample.labels, sample.classes, sample.ignore]) source?.dispose?.();
    }
    await takeTurn(options.signal);
  }
  const { classes: wanted, knownClasses } = options;
  const mayGrow = wanted === "auto" && knownClasses !== undefined;
  const reading = readClassNumbers(read.flatMap(listNumbers), mayGrow ? knownClasses : wanted, mayGrow);
  for (const message of reading.notices) yield { kind: "notice", done: 0, message };
  const classes = reading.count;

  const own = read.map((drawn) => renumber(drawn, reading));
  const scale = options.scaleFor?.(own.flatMap((drawn) => listAreas(drawn, classes))) ?? 1;
  const numbered = scale === 1 ? own : own.map((drawn) => magnify(drawn, scale));
  const weights = options.weightsFor(countDrawn(numbered, classes));
  const images: SamplePlane[] = [];
  const told: NamedNotice[] = [];
  for (const drawn of numbered) {
    yield { kind: "phase", name: "making weight maps", done: images.length, total: read.length };
    const { image, notices } = prepare(drawn, classes, weights);
    told.push(...notices.map((message) => ({ name: drawn.name, message })));
    images.push({ ...image, sample: drawn.sample });
    await takeTurn(options.signal);
  }
  for (const message of gatherNotices(told)) yield { kind: "notice", done: images.length, message };
  assertTeaches(images);
  return { images, classes, weights, scale };
}

/** Drawn objects are counted up to here: so many are no longer few. */
export const countedObjects = 20;

/** The number of objects in all drawings together, or `countedObjects` where there are as many or more. */
function countDrawn(read: readonly Drawn[], classCount: number): number {
  let count = 0;
  for (const { name, labels, classes } of read) {
    const ids = new Set(labels?.data ?? (classes && labelComponents(toClassMap(classes, classCount, name)).data));
    ids.delete(0);
    count += ids.size;
    if (count >= countedObjects) return countedObjects;
  }
  return count;
}

/** Pixels of one sample, as they came, but the image normalised. */
interface Drawn {
  readonly sample: number;
  readonly name: string;
  readonly image: Raster<Float32Array>;
  /** 0 where ignored: what is written there changes nothing, not even the number of classes. */
  readonly labels?: Raster;
  readonly classes?: Raster;
  /** Non-zero = ignored. */
  readonly ignore?: Mask;
}

type Mask = ReturnType<typeof toMask>;

async function readDrawn(sample: SampleSource, plane: Plane, { channels, signal }: ReadSamplesOptions): Promise<Omit<Drawn, "sample">> {
  const image = await readWhole(await openGrid(sample.image, { plane, channels, signal }), signal);
  const ignore = sample.ignore && toMask(await readDrawing(sample.name, sample.image, "ignore", sample.ignore, plane, signal));
  const drawing = async (kind: "labels" | "classes"): Promise<{ [K in typeof kind]?: Raster }> => {
    const source = sample[kind];
    if (source === undefined) return {};
    const raster = await readDrawing(sample.name, sample.image, kind, source, plane, signal);
    return { [kind]: { ...raster, data: hideIgnored(raster.data, ignore?.data) } };
  };
  const drawn = { ...(await drawing("labels")), ...(await drawing("classes")) };
  for (const [kind, raster] of Object.entries(drawn)) assertNotSmoothed(kind, raster, sample.name);
  return { name: sample.name, image, ...drawn, ...(ignore && { ignore }) };
}

/** The plane of a drawing that belongs to the plane of its image; along an axis where it has one only, that one stands for all. */
async function readDrawing(
  name: string,
  image: ImageSource,
  kind: string,
  source: ImageSource,
  plane: Plane,
  signal: AbortSignal | undefined,
): Promise<Raster> {
  const { height, width, sizeZ, sizeT } = source;
  assertExact(kind, source, name);
  assertSameSize("image", image, kind, source, name);
  const planes = { sizeZ: sizeZ === 1 ? image.sizeZ : sizeZ, sizeT: sizeT === 1 ? image.sizeT : sizeT };
  assertSamePlanes("image", image, kind, planes, name);
  if (kind !== "ignore") assertOneChannel(kind, source.channels.length, name);
  const z = sizeZ === 1 ? 0 : plane.z;
  const t = sizeT === 1 ? 0 : plane.t;
  return source.read({ y0: 0, x0: 0, y1: height, x1: width, z, t, channels: [0], signal });
}

/** The whole numbers in a drawing of classes; others are refused with their place later. */
function listNumbers({ classes }: Drawn): readonly ReadonlySet<number>[] {
  if (classes === undefined) return [];
  const numbers = new Set<number>();
  for (const value of classes.data) if (value >= 0 && Number.isInteger(value)) numbers.add(value);
  return [numbers];
}

/** The drawing with its classes numbered from 0, and what is void ignored. */
function renumber(drawn: Drawn, { classOf, voids }: ClassReading): Drawn {
  const { classes, labels, ignore } = drawn;
  if (classes === undefined || classOf.size + voids.size === 0) return drawn;
  const { height, width } = classes;
  const data = classes.data.map((value) => (voids.has(value) ? 0 : (classOf.get(value) ?? value))) as TypedArray;
  const numbered = { ...drawn, classes: { ...classes, data } };
  if (voids.size === 0) return numbered;
  const hidden = Uint8Array.from(classes.data, (value, i) => (voids.has(value) || ignore?.data[i] ? 1 : 0));
  return {
    ...numbered,
    ...(labels && { labels: { ...labels, data: hideIgnored(labels.data, hidden) } }),
    ignore: { height, width, data: hidden },
  };
}

/** The areas of what is drawn. */
function listAreas({ labels, classes, name }: Drawn, classCount: number): readonly number[] {
  const areas = new Map<number, number>();
  const ids = labels?.data ?? (classes ? labelComponents(toClassMap(classes, classCount, name)).data : []);
  for (const id of ids) if (id > 0) areas.set(id, (areas.get(id) ?? 0) + 1);
  return [...areas.values()];
}

/** Image and drawing on another grid: grey values by area or linear, drawings by the nearest pixel. */
function magnify(drawn: Drawn, scale: number): Drawn {
  const size = gridSize(drawn.image, 1 / scale);
  const { labels, classes, ignore } = drawn;
  return {
    ...drawn,
    image: rescaleTo(drawn.image, size),
    ...(labels && { labels: pickNearest(labels, size) }),
    ...(classes && { classes: pickNearest(classes, size) }),
    ...(ignore && { ignore: pickNearest(ignore, size) }),
  };
}

function prepare(
  { name, image, labels: labelPixels, classes: classPixels, ignore }: Drawn,
  classCount: number,
  weights: WeightOptions,
): { readonly image: ValidationImage; readonly notices: readonly string[] } {
  const classes = classPixels && toClassMap(classPixels, classCount, name);
  const drawnLabels = labelPixels && toLabelImage(labelPixels, name);
  const prepared = prepareImage({ image, labels: drawnLabels, classes, ignore }, { classCount, weights, path: name });
  const labels: LabelImage = drawnLabels ?? labelComponents(classes!);
  const notices = drawnLabels ? checkLabels(drawnLabels, ignore?.data) : checkClasses(classes!, ignore?.data);
  return { image: { name, prepared, labels, classes: classes?.data, ignore: ignore?.data }, notices };
}

/** Throws Problem InvalidData when nothing at all can be learnt: no pixel counts, or all that count are of one class. */
function assertTeaches(images: readonly ValidationImage[]): void {
  const seen = new Set<number>();
  for (const { prepared } of images) {
    prepared.target.forEach((value, i) => {
      if (prepared.weight[i]! > 0) seen.add(value);
    });
  }
  if (seen.size > 1) return;
  const came =
    seen.size === 0
      ? "every pixel is ignored"
      : seen.has(0)
        ? "all labels are empty"
        : "every pixel belongs to an object, there is no background";
  throw new Problem(
    "InvalidData",
    `Training needs objects and background; in these ${images.length} samples ${came}. Draw a few objects, and leave some background around them.`,
    { reason: came },
  );
}
