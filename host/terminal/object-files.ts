// What saveAs writes of the objects of a label image in a terminal: outlines as GeoJSON or ImageJ ROIs, measurements as a table.

import type { LabelImage } from "../../core/array/raster.ts";
import { relabelInOrder } from "../../core/label/clean.ts";
import type { CountedLabels } from "../../core/label/components.ts";
import { listColumns } from "../../core/label/format/columns.ts";
import { createGeoJsonEncoder } from "../../core/label/format/geojson.ts";
import { encodeAll } from "../../core/label/format/outline-encoder.ts";
import { encodeTable } from "../../core/label/format/table.ts";
import type { ObjectTable } from "../../core/label/object-table.ts";
import { listObjects } from "../../core/label/objects.ts";
import { runsOf } from "../../core/label/run-band.ts";
import { createMeasurer, type Measurement } from "../../core/label/shape/measure.ts";
import { traceOutlines } from "../../core/label/shape/trace-outlines.ts";
import { concatBytes } from "../../core/source/inflate.ts";
import { createRoiZipEncoder } from "../../core/source/roi-zip.ts";

export type ObjectFile = "GeoJSON" | "ROI" | "CSV";

/** The bytes of the file. Objects are numbered in reading order, as Overtile's own labels are. */
export function writeObjects(kind: ObjectFile, labels: LabelImage, pixelSizeUm?: number): Uint8Array {
  const numbered = relabelInOrder(labels);
  if (kind === "ROI") return join(encodeAll(traceOutlines(numbered), createRoiZipEncoder({ largestId: numbered.count })));
  const { height, width } = labels;
  const table = tabulate(numbered);
  const measurer = createMeasurer(table);
  measurer.add(runsOf(numbered));
  const columns = listColumns({ pixelSizeUm });
  const measurementOf = (id: number): Measurement => measurer.of(id);
  if (kind === "CSV") return join([...encodeTable(table, { columns, measurementOf })]);
  return join(encodeAll(traceOutlines(numbered), createGeoJsonEncoder({ height, width, columns, measurementOf })));
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(
    parts,
    parts.reduce((sum, { length }) => sum + length, 0),
  );
}

/** The table of objects that are in memory: all of class 1, and never walked over again. */
function tabulate(labels: CountedLabels): ObjectTable {
  const { height, width, count } = labels;
  const column = (): Uint32Array => new Uint32Array(count + 1);
  const [y0, x0, y1, x1] = [column(), column(), column(), column()] as const;
  const areasPx = new Float64Array(count + 1);
  for (const { id, areaPx, box } of listObjects(labels)) {
    areasPx[id] = areaPx;
    [y0[id], x0[id], y1[id], x1[id]] = [box.y0, box.x0, box.y1, box.x1];
  }
  const sets = { ids: new Uint32Array(0), background: false, checksum: 0 };
  return {
    height,
    width,
    count,
    classes: new Uint8Array(count + 1).fill(1),
    areasPx,
    y0,
    x0,
    y1,
    x1,
    sets,
    dropped: { count: 0, largestPx: 0 },
  };
}
