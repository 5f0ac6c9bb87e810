// The story of a slide, second half: from the store of classes to objects. Two walks from top to bottom: the first joins what
// touches, across blocks and machines; the second gives every pixel its id, and hands it all to whoever measures, traces and
// writes. Memory: a row of blocks, and some numbers an object.

import type { Band } from "../array/band.ts";
import type { TypedArray } from "../array/raster.ts";
import { createClock, type Job, takeTurn } from "../job.ts";
import type { CutObjects } from "../label/cut-objects.ts";
import { findObjects } from "../label/find-objects.ts";
import { labelRuns } from "../label/label-bands.ts";
import type { ObjectRule } from "../label/object-rule.ts";
import type { ObjectTable } from "../label/object-table.ts";
import type { Region } from "../label/region/region.ts";
import type { RunBand } from "../label/run-band.ts";
import type { ColumnsBand } from "../label/shape/measure.ts";
import { describeTooLarge, splitObjects } from "../label/split-objects.ts";
import type { BlockStore } from "../sink/block-store.ts";
import type { ImageSource } from "../source/source.ts";
import type { ObjectBand } from "./object-files.ts";

export interface ObjectConsumer {
  /** The next rows. */
  add(band: ObjectBand): Promise<void>;
  /** After the last row. */
  end(): Promise<void>;
}

export interface JoinOptions extends Omit<ObjectRule, "threshold"> {
  /** Default: that of the run. */
  readonly threshold?: number | undefined;
  /** Only pixels inside of these count. */
  readonly inside?: readonly Region[] | undefined;
  /** Who cuts; default: this thread. */
  readonly cut?: CutObjects | undefined;
  /** Rows come with grey values of `source`, where there is one, and with probabilities, where they were kept. */
  readonly measures: boolean;
  readonly source?: ImageSource | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Joins the objects of a run whose blocks are all there. Throws Problem InvalidData for a missing block, AbortError, and what consumers throw. */
export async function* joinObjects(
  blocks: BlockStore,
  options: JoinOptions,
  open: (table: ObjectTable) => Promise<readonly ObjectConsumer[]>,
): Job<ObjectTable> {
  const { record } = blocks;
  const { height, width, probabilityType } = record;
  const { minSizePx, splitDepthPx, smoothPx, threshold, cut, measures, source, signal } = options;
  const readClasses = () => blocks.readClasses(threshold);
  yield { kind: "phase", name: "joining objects", done: 0 };
  let table: ObjectTable = { ...(await findObjects(readClasses, { height, width, ...options })), extent: record.region };
  if (splitDepthPx > 0) {
    yield { kind: "phase", name: "cutting merged objects apart", done: 0 };
    const cutting = { minDepthPx: splitDepthPx, smoothPx, minSizePx, signal, ...(cut && { cut }) };
    const split = await splitObjects(readClasses, table, cutting);
    table = split.table;
    if (split.tooLarge.length > 0) yield { kind: "notice", done: 0, message: describeTooLarge(split.tooLarge) };
  }

  const consumers = await open(table);
  const planes = measures && probabilityType ? readOwnProbabilities(blocks, threshold) : undefined;
  const secondsLeft = createClock(height);
  for await (const runs of labelRuns(readClasses, table, signal)) {
    const isRead = measures && source !== undefined && runs.ids.length > 0;
    const pixels = isRead ? await readRows(source, runs, record.plane, signal) : undefined;
    const { value: probabilities } = (await planes?.next()) ?? {};
    for (const consumer of consumers) await consumer.add({ runs, pixels, probabilities });
    const done = runs.y0 + runs.height;
    yield { kind: "phase", name: "writing objects", done, total: height, secondsLeft: secondsLeft(done)! };
    await takeTurn(signal);
  }
  for (const consumer of consumers) await consumer.end();
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
async function* readOwnProbabilities(blocks: BlockStore, threshold: number | undefined): AsyncGenerator<Band<TypedArray>, undefined> {
  const planes = blocks.record.classNames.map((_, c) => blocks.readProbabilities(c));
  for await (const { y0, height, width, data } of blocks.readClasses(threshold)) {
    const bands: TypedArray[] = [];
    for (const plane of planes) bands.push((await plane.next()).value!.data);
    const own = bands[0]!.slice() as TypedArray;
    for (let i = 0; i < own.length; i++) own[i] = bands[data[i]!]![i]!;
    yield { y0, height, width, data: own };
  }
  return undefined;
}
