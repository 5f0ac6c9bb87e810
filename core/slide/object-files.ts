// Objects as files: their runs in, band by band, and the bytes of outlines and tables out. Plain data on both sides, so that it can
// be done in another thread while this one reads and labels the next rows.

import type { Band } from "../array/band.ts";
import type { TypedArray } from "../array/raster.ts";
import { createCocoEncoder } from "../label/format/coco.ts";
import { listColumns } from "../label/format/columns.ts";
import { createGeoJsonEncoder } from "../label/format/geojson.ts";
import type { OutlineEncoder } from "../label/format/outline-encoder.ts";
import { encodeTable } from "../label/format/table.ts";
import type { ObjectColumns } from "../label/object-table.ts";
import type { RunBand } from "../label/run-band.ts";
import { type ColumnsBand, createMeasurer } from "../label/shape/measure.ts";
import type { Outline } from "../label/shape/outline.ts";
import { simplifyOutline } from "../label/shape/simplify.ts";
import { createOutlineTracer } from "../label/shape/trace-outlines.ts";
import { createRoiZipEncoder } from "../source/roi-zip.ts";

export const objectFileKinds = ["geojson", "rois", "coco", "table"] as const;
export type ObjectFileKind = (typeof objectFileKinds)[number];

/** What the files tell. Plain data. */
export interface ObjectFilesOptions {
  readonly kinds: readonly ObjectFileKind[];
  readonly table: ObjectColumns;
  /** Of the image. */
  readonly name: string;
  /** One a class, background first. */
  readonly classNames: readonly string[];
  readonly pixelSizeUm?: number | undefined;
  /** Names of the channels whose grey values come along. */
  readonly channels: readonly string[];
  /** What a probability of 1 is in the bands; absent: none come. */
  readonly probabilityScale?: number | undefined;
  /** The regions that objects count for, where there are any: of each object its number from 1 on, and their names. */
  readonly regions?: { readonly names: readonly string[]; readonly ofObject: Uint32Array } | undefined;
  /** Corners of outlines may be left out where none lies farther than this from what remains, pixels. */
  readonly tolerancePx: number;
}

/** Some rows of objects. Plain data. */
export interface ObjectBand {
  readonly runs: RunBand;
  /** Grey values of all runs at least. */
  readonly pixels?: ColumnsBand | undefined;
  /** Of each pixel, that of its own class. */
  readonly probabilities?: Band<TypedArray> | undefined;
}

export interface FileBytes {
  readonly kind: ObjectFileKind;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface ObjectFiles {
  /** Takes the next rows. Gives what they add to the files. */
  add(band: ObjectBand): readonly FileBytes[];
  /** After the last row: what is left, piece by piece; nothing once all is told. */
  rest(): readonly FileBytes[];
}

/** Throws Problem InvalidData for an image that is too large for a kind of file. */
export function createObjectFiles(options: ObjectFilesOptions): ObjectFiles {
  const { kinds, table, classNames, pixelSizeUm, channels, probabilityScale, regions, tolerancePx } = options;
  const isMeasured = kinds.includes("geojson") || kinds.includes("table");
  const measurer = isMeasured ? createMeasurer(table, { channels: channels.length, probabilityScale }) : undefined;
  const columns = listColumns({ pixelSizeUm, channels, probability: probabilityScale !== undefined });
  const regionOf = regions && ((id: number) => regions.names[regions.ofObject[id]! - 1]!);
  const told = { columns, regionOf, measurementOf: (id: number) => measurer!.of(id) };
  const encoders = kinds.flatMap((kind) => {
    const encoder = createEncoder(kind, options, told);
    return encoder === undefined ? [] : [{ kind, encoder }];
  });
  const tracer = encoders.length > 0 ? createOutlineTracer() : undefined;
  let heads: readonly FileBytes[] = encoders.map(({ kind, encoder }) => ({ kind, bytes: encoder.head() }));
  const encode = (outlines: readonly Outline[]): readonly FileBytes[] => {
    const before = heads;
    heads = [];
    if (outlines.length === 0) return before;
    const simple = outlines.map((outline) => simplifyOutline(outline, tolerancePx));
    return [...before, ...encoders.map(({ kind, encoder }) => ({ kind, bytes: encoder.encode(simple) }))];
  };
  const tell = function* (): Generator<readonly FileBytes[], undefined> {
    if (tracer !== undefined) {
      const last = encode(tracer.finish());
      yield [...last, ...encoders.map(({ kind, encoder }) => ({ kind, bytes: encoder.tail() }))];
    }
    if (!kinds.includes("table")) return;
    const rows = encodeTable(table, { ...told, classNames: classNames.slice(1) });
    for (const bytes of rows) yield [{ kind: "table", bytes }];
  };
  const left = tell();
  return {
    add: ({ runs, pixels, probabilities }) => {
      measurer?.add(runs, pixels, probabilities);
      return tracer === undefined ? [] : encode(tracer.add(runs));
    },
    rest: () => left.next().value ?? [],
  };
}

type Told = Pick<Parameters<typeof encodeTable>[1], "columns" | "regionOf" | "measurementOf">;

function createEncoder(kind: ObjectFileKind, options: ObjectFilesOptions, told: Told): OutlineEncoder | undefined {
  const { table, name, classNames } = options;
  const { height, width, count, classes } = table;
  const styles = classNames.map((className) => ({ name: className }));
  const classOf = (id: number) => styles[classes[id]!];
  switch (kind) {
    case "geojson":
      return createGeoJsonEncoder({ height, width, classOf, ...told });
    case "rois":
      return createRoiZipEncoder({ largestId: count, classOf });
    case "coco":
      return createCocoEncoder({ fileName: name, height, width, classNames: classNames.slice(1), classOf: (id) => classes[id]! });
    case "table":
      return undefined;
  }
}
