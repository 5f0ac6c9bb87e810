// Objects as a table: comma-separated values (RFC 4180), one object a row, in the order of their ids.

import { boxOf, isAtBorder, type ObjectColumns } from "../object-table.ts";
import type { Measurement } from "../shape/measure.ts";
import { createByteWriter, toBytes } from "./byte-writer.ts";
import type { Column } from "./columns.ts";

export interface TableOptions {
  readonly columns: readonly Column[];
  readonly measurementOf: (id: number) => Measurement;
  /** Names of the classes 1, 2, 3...; without them their numbers. */
  readonly classNames?: readonly string[];
  /** The name of an object's region, where there are regions. */
  readonly regionOf?: ((id: number) => string) | undefined;
  /** The ids of objects whose numbers are not their ids. */
  readonly idOf?: (number: number) => number;
}

/** The bytes of a table of all objects, some thousand rows at a time. */
export function* encodeTable(
  table: ObjectColumns,
  { columns, measurementOf, classNames, regionOf, idOf }: TableOptions,
): Generator<Uint8Array<ArrayBuffer>> {
  const writer = createByteWriter();
  const names = Array.from({ length: 256 }, (_, kind) => toBytes(`,${quoteCell(classNames?.[kind - 1] ?? String(kind))}`));
  writer.add(
    toBytes(
      `${["id", "class", ...(regionOf ? ["region"] : []), "x0", "y0", "x1", "y1", "at_border", ...columns.map(({ key }) => quoteCell(key))].join()}\n`,
    ),
  );
  for (let id = 1; id <= table.count; id++) {
    const { x0, y0, x1, y1 } = boxOf(table, id);
    writer.integer(idOf?.(id) ?? id);
    writer.add(names[table.classes[id]!]!);
    if (regionOf) writer.add(toBytes(`,${quoteCell(regionOf(id))}`));
    for (const value of [x0, y0, x1, y1, isAtBorder(table, id) ? 1 : 0]) {
      writer.add(",");
      writer.integer(value);
    }
    const measurement = measurementOf(id);
    for (const { read } of columns) {
      const value = read(measurement);
      writer.add(",");
      if (Number.isFinite(value)) writer.number(value);
    }
    writer.add("\n");
    if (id % 4096 === 0) yield writer.take();
  }
  yield writer.take();
}

/** A cell of text. One that begins like a formula would be run by a spreadsheet, so it is marked as text. */
function quoteCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
