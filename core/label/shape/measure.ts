// Sizes, shapes and grey values of objects, summed up while their rows come in; a few numbers an object stay in memory.

import type { Band } from "../../array/band.ts";
import type { TypedArray } from "../../array/raster.ts";
import type { ObjectColumns } from "../object-table.ts";
import type { RunBand } from "../run-band.ts";

/** What is measured of one object, in pixels. The upper left corner of the first pixel is at (0, 0), as in ImageJ and QuPath. */
export interface Measurement {
  readonly areaPx: number;
  /**
   * Crofton's formula over four directions, outlines of holes included: Legland, Kiêu, Devaux, "Computation of Minkowski
   * measures on 2D and 3D binary images", Image Anal Stereol 26 (2007), as MorphoLibJ measures it.
   */
  readonly perimeterPx: number;
  readonly centroid: { readonly y: number; readonly x: number };
  /** 4 pi area / perimeter², at most 1: 1 for a disc. */
  readonly circularity: number;
  /** Of the ellipse with the same second moments, each pixel a unit square: 0 for a disc, towards 1 for a line. */
  readonly eccentricity: number;
  readonly channels: readonly Intensity[];
  /** The mean of the probabilities that came along; absent where none did. */
  readonly probability?: number;
}

/** Grey values of one channel within an object. */
export interface Intensity {
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** Of the sample (n - 1), as ImageJ gives it; 0 for one pixel. */
  readonly sd: number;
}

/** A band that may begin at column `x0` of the image. */
export interface ColumnsBand extends Band<TypedArray> {
  readonly x0?: number;
}

export interface Measurer {
  /**
   * Takes the next rows: with pixels `[(y - y0) * width + x - x0) * channels + c]`, those of all runs among them, where channels
   * were asked for, and one probability a pixel, in units of `probabilityScale`, where that was.
   */
  add(runs: RunBand, pixels?: ColumnsBand, probabilities?: Band<TypedArray>): void;
  /** What is known of object `id`: everything once the row after its last one was added. */
  of(id: number): Measurement;
}

export interface MeasureOptions {
  readonly channels?: number;
  /** What a probability of 1 is in the bands: 255 for bytes. Without it there are none. */
  readonly probabilityScale?: number | undefined;
}

/** Measures the objects of `table` from bands of their labels. */
export function createMeasurer(table: ObjectColumns, { channels = 0, probabilityScale }: MeasureOptions = {}): Measurer {
  const { count, x0, y0, areasPx } = table;
  const shape = createShapeSums(table);
  const grey = Array.from({ length: channels }, () => createGreySums(count));
  const sure = probabilityScale === undefined ? undefined : createGreySums(count);
  return {
    add: (runs, pixels, probabilities) => {
      shape.add(runs);
      for (let c = 0; c < channels; c++) if (pixels !== undefined) addGrey(grey[c]!, runs, pixels, channels, c);
      if (sure !== undefined && probabilities !== undefined) addGrey(sure, runs, probabilities, 1, 0);
    },
    of: (id) => {
      const area = areasPx[id]!;
      const { meanX, meanY, xx, yy, xy, perimeterPx } = shape.of(id);
      const spread = Math.sqrt((xx - yy) ** 2 + 4 * xy * xy);
      const measurement = {
        areaPx: area,
        perimeterPx,
        centroid: { y: y0[id]! + meanY + 0.5, x: x0[id]! + meanX + 0.5 },
        circularity: Math.min(1, (4 * Math.PI * area) / perimeterPx ** 2),
        eccentricity: Math.sqrt((2 * spread) / (xx + yy + spread)),
        channels: grey.map((sums) => toIntensity(sums, id, area)),
      };
      if (sure === undefined) return measurement;
      return { ...measurement, probability: toIntensity(sure, id, area).mean / probabilityScale! };
    },
  };
}

/** Sums over pixels, with positions taken from the corner of the object's box so that they stay small whole numbers. */
function createShapeSums({ count, x0, y0, areasPx }: ObjectColumns) {
  const sumX = new Float64Array(count + 1);
  const sumY = new Float64Array(count + 1);
  const sumXX = new Float64Array(count + 1);
  const sumYY = new Float64Array(count + 1);
  const sumXY = new Float64Array(count + 1);
  /** How often lines along rows and columns enter the object; and lines along both diagonals. */
  const straight = new Float64Array(count + 1);
  const diagonal = new Float64Array(count + 1);
  let above = noRow;

  const addRun = (id: number, y: number, start: number, end: number) => {
    const n = end - start;
    const from = start - x0[id]!;
    const to = from + n;
    const row = y - y0[id]!;
    const sum = (n * (from + to - 1)) / 2;
    sumX[id]! += sum;
    sumY[id]! += n * row;
    sumXX[id]! += sumOfSquares(to) - sumOfSquares(from);
    sumYY[id]! += n * row * row;
    sumXY[id]! += row * sum;
    // A line enters at each pixel that has no pixel of the object before it: one of the run along the row, and all of it along
    // a column or diagonal, less those that have one in the row above.
    straight[id]! += 1 + n;
    diagonal[id]! += 2 * n;
  };
  const addContact = (id: number, start: number, end: number, aboveStart: number, aboveEnd: number) => {
    straight[id]! -= overlap(start, end, aboveStart, aboveEnd);
    diagonal[id]! -= overlap(start, end, aboveStart - 1, aboveEnd - 1) + overlap(start, end, aboveStart + 1, aboveEnd + 1);
  };

  return {
    add: (runs: RunBand) => {
      for (let y = 0; y < runs.height; y++) {
        const row = { runs, from: runs.rows[y]!, to: runs.rows[y + 1]! };
        let first = above.from;
        for (let run = row.from; run < row.to; run++) {
          const start = runs.starts[run]!;
          const end = runs.ends[run]!;
          addRun(runs.ids[run]!, runs.y0 + y, start, end);
          while (first < above.to && above.runs.ends[first]! < start) first++;
          for (let other = first; other < above.to && above.runs.starts[other]! <= end; other++) {
            if (above.runs.ids[other] === runs.ids[run]) {
              addContact(runs.ids[run]!, start, end, above.runs.starts[other]!, above.runs.ends[other]!);
            }
          }
        }
        above = row;
      }
    },
    of: (id: number) => {
      const area = areasPx[id]!;
      const meanX = sumX[id]! / area;
      const meanY = sumY[id]! / area;
      return {
        meanX,
        meanY,
        // A pixel is a unit square, whose own second moment is 1/12.
        xx: sumXX[id]! / area - meanX * meanX + 1 / 12,
        yy: sumYY[id]! / area - meanY * meanY + 1 / 12,
        xy: sumXY[id]! / area - meanX * meanY,
        perimeterPx: (Math.PI / 4) * (straight[id]! + diagonal[id]! / Math.SQRT2),
      };
    },
  };
}

interface RowRuns {
  readonly runs: RunBand;
  readonly from: number;
  readonly to: number;
}

const empty = new Uint32Array(0);
const noRow: RowRuns = { runs: { y0: 0, height: 0, width: 0, rows: empty, starts: empty, ends: empty, ids: empty }, from: 0, to: 0 };

/** Of 0², 1², ... (n - 1)². */
function sumOfSquares(n: number): number {
  return ((n - 1) * n * (2 * n - 1)) / 6;
}

function overlap(start: number, end: number, otherStart: number, otherEnd: number): number {
  return Math.max(0, Math.min(end, otherEnd) - Math.max(start, otherStart));
}

/** Sums of values less the first one of each object, so that no digits are lost. */
interface GreySums {
  readonly origin: Float64Array;
  readonly sum: Float64Array;
  readonly squares: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
}

function createGreySums(count: number): GreySums {
  const column = () => new Float64Array(count + 1);
  return {
    origin: column().fill(Number.NaN),
    sum: column(),
    squares: column(),
    min: column().fill(Number.POSITIVE_INFINITY),
    max: column().fill(Number.NEGATIVE_INFINITY),
  };
}

function addGrey(
  { origin, sum, squares, min, max }: GreySums,
  runs: RunBand,
  { x0 = 0, width, data }: ColumnsBand,
  step: number,
  channel: number,
): void {
  for (let y = 0; y < runs.height; y++) {
    for (let run = runs.rows[y]!; run < runs.rows[y + 1]!; run++) {
      const id = runs.ids[run]!;
      const from = (y * width + runs.starts[run]! - x0) * step + channel;
      const to = (y * width + runs.ends[run]! - x0) * step;
      if (Number.isNaN(origin[id])) origin[id] = data[from]!;
      const first = origin[id]!;
      let s = 0;
      let s2 = 0;
      let low = min[id]!;
      let high = max[id]!;
      for (let i = from; i < to; i += step) {
        const value = data[i]!;
        const d = value - first;
        s += d;
        s2 += d * d;
        if (value < low) low = value;
        if (value > high) high = value;
      }
      sum[id]! += s;
      squares[id]! += s2;
      min[id] = low;
      max[id] = high;
    }
  }
}

function toIntensity({ origin, sum, squares, min, max }: GreySums, id: number, n: number): Intensity {
  const mean = sum[id]! / n;
  const variance = n > 1 ? Math.max(0, squares[id]! - n * mean * mean) / (n - 1) : 0;
  return { mean: origin[id]! + mean, min: min[id]!, max: max[id]!, sd: Math.sqrt(variance) };
}
