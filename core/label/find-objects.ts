// Objects of images of any size: two walks over bands of classes. The first (here) joins runs of equal class into objects and
// keeps one row of runs and a few numbers an object; the second (label-bands.ts) gives every pixel its id.
// Together they are `cleanLabels(labelComponents(classes))` of the whole image, whatever the height of the bands.

import { type ReadBands, walkBands } from "../array/band.ts";
import { createObjectForest, type ObjectForest } from "./object-forest.ts";
import type { ObjectTable } from "./object-table.ts";
import type { Region } from "./region/region.ts";
import { createRegionMask } from "./region/region-mask.ts";
import { assertFillable } from "./region/region-plan.ts";
import { clearRow, createRunRow, forEachContact, linkRuns, type RunRow, readMaskedRuns, readRuns, sumRuns } from "./row.ts";

export interface FindOptions {
  readonly height: number;
  readonly width: number;
  /** Smaller objects go, after holes were filled. */
  readonly minSizePx?: number;
  readonly fillHoles?: boolean;
  /** Only pixels in these regions count; what lies outside is background, and no hole. */
  readonly inside?: readonly Region[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The objects of a class map, 0 = background: 4-connected components of equal class, in reading order. With `fillHoles`, a
 * part of the background (8-connected) that reaches no edge and touches one object only becomes a part of that object.
 * Throws Problem InvalidData for bands that do not cover the image.
 */
export async function findObjects(
  read: ReadBands,
  { height, width, minSizePx = 0, fillHoles = false, inside, signal }: FindOptions,
): Promise<ObjectTable> {
  const forest = createObjectForest();
  if (inside) assertFillable(inside, { height, width }, { isPainted: false });
  const mask = inside && createRegionMask(inside, width);
  const areasPx = new Float64Array((inside?.length ?? 0) + 1);
  let regions: Uint32Array | undefined;
  const plant = (value: number, start: number) => forest.plant(value, regions?.[start] ?? 0);
  const how = { plant, unite: forest.unite, background: fillHoles };
  let above = createRunRow(width);
  let row = createRunRow(width);
  let checksum = 0;
  for await (const band of walkBands(read(), { height, width, signal })) {
    for (let y = band.y0; y < band.y0 + band.height; y++) {
      regions = mask?.readRow(y);
      if (band.isZero) clearRow(width, row);
      else if (regions === undefined) readRuns(band.data, (y - band.y0) * width, width, row);
      else readMaskedRuns(band.data, (y - band.y0) * width, regions, row);
      if (regions !== undefined) for (const region of regions) areasPx[region]!++;
      checksum = sumRuns(checksum, row);
      linkRuns(above, row, how);
      for (let run = 0; run < row.count; run++) {
        if (row.nodes[run] !== 0) forest.addRun(row.nodes[run]!, y, row.starts[run]!, row.starts[run + 1]!);
      }
      if (fillHoles) {
        openAtEdge(row, y === 0 || y === height - 1, regions, forest);
        forEachContact(above, row, forest.claimHole);
      }
      [above, row] = [row, above];
    }
  }
  const { regionOf, ...table } = forest.finish({ height, width, minSizePx, background: fillHoles, checksum });
  return inside === undefined ? table : { ...table, regions: { regions: inside, ofObject: regionOf, areasPx } };
}

function openAtEdge(
  { count, starts, values, nodes }: RunRow,
  isEdge: boolean,
  regions: Uint32Array | undefined,
  forest: ObjectForest,
): void {
  for (let run = 0; run < count; run++) {
    if (values[run] !== 0) continue;
    const isOpen = isEdge || run === 0 || run === count - 1 || regions?.subarray(starts[run]!, starts[run + 1]!).includes(0);
    if (isOpen) forest.openHole(nodes[run]!);
  }
}
