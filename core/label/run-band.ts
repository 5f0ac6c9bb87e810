// A band of labels as runs of equal ids: a tenth of its pixels' size or less, and what outlines and measurements are made from.

import type { Band } from "../array/band.ts";
import type { LabelImage } from "../array/raster.ts";
import { createRunRow, readRuns } from "./row.ts";

/** Rows of labels: run k has `ids[k]` in columns `starts[k]` to `ends[k]`; background has no runs, and runs of one id do not touch. */
export interface RunBand {
  readonly y0: number;
  readonly height: number;
  readonly width: number;
  /** Row y has the runs `rows[y - y0]` to `rows[y - y0 + 1]`. */
  readonly rows: Uint32Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly ids: Uint32Array;
}

/** The pixels of a band of runs, 0 where there are none. `out`: zeros, as many as the band has pixels. */
export function paintRuns(runs: RunBand): Band<Uint32Array>;
export function paintRuns<T extends Uint16Array | Uint32Array>(runs: RunBand, out: T): Band<T>;
export function paintRuns(
  { y0, height, width, rows, starts, ends, ids }: RunBand,
  data: Uint16Array | Uint32Array = new Uint32Array(height * width),
): Band<Uint16Array | Uint32Array> {
  for (let y = 0; y < height; y++) {
    const base = y * width;
    for (let run = rows[y]!; run < rows[y + 1]!; run++) data.fill(ids[run]!, base + starts[run]!, base + ends[run]!);
  }
  return { y0, height, width, data };
}

/** The runs of a band of labels. */
export function findRuns(band: Band<Uint32Array>): RunBand {
  const row = createRunRow(band.width);
  const writer = createRunWriter();
  writer.begin(band);
  for (let y = 0; y < band.height; y++) {
    readRuns(band.data, y * band.width, band.width, row);
    for (let run = 0; run < row.count; run++) writer.add(row.values[run]!, row.starts[run]!, row.starts[run + 1]!);
    writer.endRow();
  }
  return writer.finish();
}

/** A label image in memory as one band of runs. */
export function runsOf({ height, width, data }: LabelImage): RunBand {
  return findRuns({ y0: 0, height, width, data });
}

export interface RunWriter {
  begin(band: { y0: number; height: number; width: number }): void;
  /** The next run of the row; 0 is passed over, and runs of one id that touch become one. */
  add(id: number, start: number, end: number): void;
  endRow(): void;
  finish(): RunBand;
}

export function createRunWriter(): RunWriter {
  let size = { y0: 0, height: 0, width: 0 };
  let rows = new Uint32Array(1);
  let starts = new Uint32Array(1024);
  let ends = new Uint32Array(1024);
  let ids = new Uint32Array(1024);
  let row = 0;
  let count = 0;
  return {
    begin: ({ y0, height, width }) => {
      size = { y0, height, width };
      rows = new Uint32Array(height + 1);
      row = count = 0;
    },
    add: (id, start, end) => {
      if (id === 0) return;
      if (count > rows[row]! && ids[count - 1] === id && ends[count - 1] === start) {
        ends[count - 1] = end;
        return;
      }
      if (count === ids.length) {
        starts = enlarge(starts);
        ends = enlarge(ends);
        ids = enlarge(ids);
      }
      starts[count] = start;
      ends[count] = end;
      ids[count++] = id;
    },
    endRow: () => {
      rows[++row] = count;
    },
    finish: () => ({ ...size, rows, starts: starts.slice(0, count), ends: ends.slice(0, count), ids: ids.slice(0, count) }),
  };
}

function enlarge(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * column.length);
  larger.set(column);
  return larger;
}
