// Class images as `evaluate` compares them: numbers read as a training reads them, all truths together and all predictions together;
// their connected parts are the objects. What the truth marks as void counts for nothing.

import type { Raster } from "../../core/array/raster.ts";
import { toClassMap } from "../../core/label/check.ts";
import { type ClassReading, readClassNumbers } from "../../core/label/class-numbers.ts";
import { labelComponents } from "../../core/label/components.ts";
import { type Compared, type Measures, measureClass, measureImage } from "../../core/label/metrics.ts";

/** How the numbers of both sides are read. */
export interface PairReading {
  readonly truth: ClassReading;
  readonly predicted: ClassReading;
  /** Classes with background. */
  readonly count: number;
}

export interface RasterPair {
  readonly truth: Raster;
  readonly predicted: Raster;
  /** What the two images are called. */
  readonly files: { readonly truth: string; readonly predicted: string };
}

/** Counts of one pair of class images: all classes together, and each by itself. */
export interface ClassMeasures {
  readonly all: Measures;
  /** Of class 1 and the following. */
  readonly byClass: readonly Measures[];
}

/** Whole numbers from 0 in an image; others are refused with their place when it is compared. */
export function listNumbers({ data }: Raster): ReadonlySet<number> {
  const numbers = new Set<number>();
  for (const value of data) if (value >= 0 && Number.isInteger(value)) numbers.add(value);
  return numbers;
}

/** Throws Problem InvalidData for numbers that can be read in several ways. */
export function readPairNumbers(
  truths: readonly ReadonlySet<number>[],
  predictions: readonly ReadonlySet<number>[],
  wanted: number | "auto",
): PairReading {
  const truth = readClassNumbers(truths, wanted);
  const predicted = readClassNumbers(predictions, wanted);
  return { truth, predicted, count: Math.max(truth.count, predicted.count) };
}

/** Counts what the measures of one pair need. Throws Problem InvalidData. */
export function measureClassPair({ truth, predicted, files }: RasterPair, reading: PairReading): ClassMeasures {
  const wanted = toCompared(truth, reading.truth, reading.count, files.truth);
  const found = toCompared(predicted, reading.predicted, reading.count, files.predicted);
  const { voids } = reading.truth;
  const ignore = voids.size === 0 ? undefined : Uint8Array.from(truth.data, (value) => (voids.has(value) ? 1 : 0));
  const options = { ignore, isThinned: true };
  return {
    all: measureImage(wanted, found, { ...options, classCount: reading.count }),
    byClass: Array.from({ length: reading.count - 1 }, (_, c) => measureClass(wanted, found, c + 1, options)),
  };
}

function toCompared(raster: Raster, { classOf, voids }: ClassReading, count: number, name: string): Required<Compared> {
  const read = (value: number): number => (voids.has(value) ? 0 : (classOf.get(value) ?? value));
  const classes = toClassMap({ ...raster, data: Float64Array.from(raster.data, read) }, count, name);
  return { labels: labelComponents(classes), classes: classes.data };
}
