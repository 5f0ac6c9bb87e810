// The second walk over a class map (find-objects.ts is the first): bands of ids, as runs or as pixels.

import { type Band, type ReadBands, walkBands } from "../array/band.ts";
import { Problem } from "../problem.ts";
import type { ObjectTable, Splits } from "./object-table.ts";
import { createRegionMask } from "./region/region-mask.ts";
import { clearRow, createRunRow, linkRuns, readMaskedRuns, readRuns, sumRuns } from "./row.ts";
import { createRunWriter, paintRuns, type RunBand } from "./run-band.ts";

/** Bands of object ids, 0 = none, as high as those that `read` gives: the same classes that `table` was made from. */
export async function* labelBands(read: ReadBands, table: ObjectTable, signal?: AbortSignal): AsyncGenerator<Band<Uint32Array>> {
  for await (const runs of labelRuns(read, table, signal)) yield paintRuns(runs);
}

/** What `labelBands` gives as runs of equal ids: all that outlines and shapes need. Throws Problem InvalidData where the classes are not those of `table`. */
export async function* labelRuns(read: ReadBands, table: ObjectTable, signal?: AbortSignal): AsyncGenerator<RunBand> {
  const { height, width } = table;
  const { ids, background } = table.sets;
  let planted = 1;
  let checksum = 0;
  const how = { plant: () => planted++, unite: (node: number) => node, background };
  let above = createRunRow(width);
  let row = createRunRow(width);
  const writer = createRunWriter();
  const add = table.splits === undefined ? writer.add : createSplitter(table.splits, writer.add);
  const mask = table.regions && createRegionMask(table.regions.regions, width);
  for await (const band of walkBands(read(), { height, width, signal })) {
    writer.begin(band);
    for (let y = 0; y < band.height; y++) {
      const regions = mask?.readRow(band.y0 + y);
      if (band.isZero) clearRow(width, row);
      else if (regions === undefined) readRuns(band.data, y * width, width, row);
      else readMaskedRuns(band.data, y * width, regions, row);
      checksum = sumRuns(checksum, row);
      linkRuns(above, row, how);
      for (let run = 0; run < row.count; run++) add(ids[row.nodes[run]!] ?? 0, row.starts[run]!, row.starts[run + 1]!);
      writer.endRow();
      [above, row] = [row, above];
    }
    yield writer.finish();
  }
  if (checksum === table.sets.checksum) return;
  const reason = "the classes changed between two readings";
  throw new Problem("InvalidData", `Both walks over an image must read the same classes; ${reason}. Segment again.`, { reason });
}

/** Adds runs of objects as they were found with the ids of their pieces. Runs must come in reading order. */
function createSplitter({ ids, parts }: Splits, add: (id: number, start: number, end: number) => void): typeof add {
  const lists = [...parts.values()];
  const numbers = new Int32Array(ids.length).fill(-1); // of each object its list
  for (const [i, found] of [...parts.keys()].entries()) numbers[found] = i;
  const places = new Uint32Array(lists.length);
  return (found, start, end) => {
    const number = numbers[found]!;
    if (number < 0) return add(ids[found]!, start, end);
    const ofObject = lists[number]!;
    let place = places[number]!;
    for (let x = start; x < end; ) {
      const partEnd = ofObject[place]!;
      add(ofObject[place + 1]!, x, Math.min(partEnd, end));
      x = partEnd;
      // A run with a filled hole beside it comes in several; its part then goes on.
      if (partEnd <= end) place += 2;
    }
    places[number] = place;
  };
}
