// The story of a slide, second half: from the store of classes to objects. Two walks from top to bottom: the first joins what
// touches, across blocks and machines; the second gives every pixel its id, measures, traces, and hands it all to whoever
// writes. Memory: a row of blocks, and some numbers an object.

import type { Band } from "./array/band.ts";
import type { TypedArray } from "./array/raster.ts";
import { createClock, type Job, takeTurn } from "./job.ts";
import { findObjects } from "./label/find-objects.ts";
import { labelRuns } from "./label/label-bands.ts";
import type { ObjectTable } from "./label/object-table.ts";
import type { Region } from "./label/region/region.ts";
import type { RunBand } from "./label/run-band.ts";
import { type ColumnsBand, createMeasurer, type Measurement } from "./label/shape/measure.ts";
import type { Outline } from "./label/shape/outline.ts";
import { createOutlineTracer } from "./label/shape/trace-outlines.ts";
import { describeTooLarge, splitObjects } from "./label/split-objects.ts";
import type { BlockStore } from "./sink/block-store.ts";
import type { ImageSource } from "./source/source.ts";

/** What was joined, before any of it is written. */
export interface FoundObjects {
  readonly table: ObjectTable;
  /** Of an object whose last row has come. */
  readonly measurementOf: (id: number) => Measurement;
}

export interface ObjectConsumer {
  /** The next rows, and the outlines that they complete (none where outlines were not asked for). */
  add(runs: RunBand, outlines: readonly Outline[]): Promise<void>;
  /** After the last row; with the outlines that were left. */
  end(outlines: readonly Outline[]): Promise<void>;
}

export interface JoinOptions {
  readonly minSizePx: number;
  readonly fillHoles: boolean;
  /** Only pixels inside of these count. */
  readonly inside?: readonly Region[] | undefined;
  /** Cuts merged objects apart where their distance to the background has peaks that stand out by so much, pixels. */
  readonly splitDepthPx: number;
  readonly traces: boolean;
  readonly measures: boolean;
  /** For grey values; absent: none are measured. */
  readonly source?: ImageSource | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Joins the objects of a run whose blocks are all there. Throws Problem InvalidData for a missing block, AbortError, and what consumers throw. */
export async function* joinObjects(
  blocks: BlockStore,
  options: JoinOptions,
  open: (found: FoundObjects) => Promise<readonly ObjectConsumer[]>,
): Job<ObjectTable> {
  const { record } = blocks;
  const { height, width, probabilityType } = record;
  const { signal, source } = options;
  yield { kind: "phase", name: "joining objects", done: 0 };
  let table: ObjectTable = { ...(await findObjects(blocks.readClasses, { height, width, ...options })), extent: record.region };
  if (options.splitDepthPx > 0) {
    yield { kind: "phase", name: "cutting merged objects apart", done: 0 };
    const split = await splitObjects(blocks.readClasses, table, { minDepthPx: options.splitDepthPx, minSizePx: options.minSizePx, signal });
    table = split.table;
    if (split.tooLarge.length > 0) yield { kind: "notice", done: 0, message: describeTooLarge(split.tooLarge) };
  }

  const channels = source === undefined ? 0 : record.plane.channels.length;
  const probabilityScale = probabilityType && (probabilityType === "uint8" ? 255 : 1);
  const measurer = options.measures ? createMeasurer(table, { channels, probabilityScale }) : undefined;
  const tracer = options.traces ? createOutlineTracer() : undefined;
  const consumers = await open({ table, measurementOf: (id) => measurer!.of(id) });
  const probabilities = measurer && probabilityType ? readOwnProbabilities(blocks) : undefined;
  const secondsLeft = createClock(height);
  for await (const runs of labelRuns(blocks.readClasses, table, signal)) {
    if (measurer !== undefined) {
      const pixels = channels > 0 && runs.ids.length > 0 ? await readRows(source!, runs, record.plane, signal) : undefined;
      const { value } = (await probabilities?.next()) ?? {};
      measurer.add(runs, pixels, value ?? undefined);
    }
    const outlines = tracer?.add(runs) ?? [];
    for (const consumer of consumers) await consumer.add(runs, outlines);
    const done = runs.y0 + runs.height;
    yield { kind: "phase", name: "writing objects", done, total: height, secondsLeft: secondsLeft(done)! };
    await takeTurn(signal);
  }
  const left = tracer?.finish() ?? [];
  for (const consumer of consumers) await consumer.end(left);
  return table;
}

/** The columns between the first and the last pixel of any object. */
async function readRows(
  source: ImageSource,
  { y0, height, starts, ends }: RunBand,
  plane: { readonly z: number; readonly t: number; readonly channels: readonly number[] },
  signal: AbortSignal | undefined,
): Promise<ColumnsBand> {
  let [x0, x1] = [starts[0]!, ends[0]!];
  for (let run = 1; run < starts.length; run++) {
    x0 = Math.min(x0, starts[run]!);
    x1 = Math.max(x1, ends[run]!);
  }
  const { data } = await source.read({ y0, x0, y1: y0 + height, x1, ...plane, signal });
  return { y0, x0, height, width: x1 - x0, data };
}

/** The probability of each pixel's own class. */
async function* readOwnProbabilities(blocks: BlockStore): AsyncGenerator<Band<TypedArray>, undefined> {
  const planes = blocks.record.classNames.map((_, c) => blocks.readProbabilities(c));
  for await (const { y0, height, width, data } of blocks.readClasses()) {
    const bands: TypedArray[] = [];
    for (const plane of planes) bands.push((await plane.next()).value!.data);
    const own = bands[0]!.slice() as TypedArray;
    for (let i = 0; i < own.length; i++) own[i] = bands[data[i]!]![i]!;
    yield { y0, height, width, data: own };
  }
  return undefined;
}
