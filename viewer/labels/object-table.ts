// The table of a slide's objects as a plugin wrote it (CSV): columns of numbers by name, a million rows at hand.

import type { Box } from "../../core/array/raster.ts";

export interface ObjectTable {
  readonly count: number;
  /** Of each row. */
  readonly ids: Float64Array;
  /** Names of the classes that occur; `classOf[row]` is an index into them. */
  readonly classNames: readonly string[];
  readonly classOf: Uint8Array;
  /** The measurements, by their names in the table. An empty cell is NaN. */
  readonly measurements: ReadonlyMap<string, Float64Array>;
  boxOf(row: number): Box;
  /** The row of an object; undefined when there is none. */
  rowOf(id: number): number | undefined;
}

const boxColumns = ["y0", "x0", "y1", "x1"];
const knownColumns = ["id", "class", "at_border", ...boxColumns];

/** Reads a table as it comes: some hundred thousand rows a second, a piece at a time, so that the page stays alive. */
export async function readObjectTable(file: Blob): Promise<ObjectTable> {
  let columns: ReturnType<typeof createColumn>[] = [];
  let names: readonly string[] = [];
  const classNumbers = new Map<string, number>();
  let rest = "";
  let count = 0;
  const addLine = (line: string): void => {
    if (names.length === 0) {
      names = splitLine(line);
      columns = names.map(createColumn);
      return;
    }
    const cells = line.includes('"') ? splitLine(line) : line.split(",");
    for (const [i, name] of names.entries()) {
      const cell = cells[i] ?? "";
      if (name !== "class") columns[i]!.add(cell === "" ? Number.NaN : Number(cell));
      else {
        if (!classNumbers.has(cell)) classNumbers.set(cell, classNumbers.size);
        columns[i]!.add(classNumbers.get(cell)!);
      }
    }
    count++;
  };
  const decoder = new TextDecoder();
  for (let at = 0; at < file.size; at += pieceBytes) {
    const bytes = await file.slice(at, at + pieceBytes).arrayBuffer();
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) addLine(line);
  }
  if (rest !== "") addLine(rest);

  const column = (name: string): Float64Array => columns[names.indexOf(name)]?.finish() ?? new Float64Array(count);
  const ids = column("id");
  const [y0, x0, y1, x1] = boxColumns.map(column) as [Float64Array, Float64Array, Float64Array, Float64Array];
  return {
    count,
    ids,
    classNames: [...classNumbers.keys()],
    classOf: Uint8Array.from(column("class")),
    measurements: new Map(names.filter((name) => !knownColumns.includes(name)).map((name) => [name, column(name)])),
    boxOf: (row) => ({ y0: y0[row]!, x0: x0[row]!, y1: y1[row]!, x1: x1[row]! }),
    rowOf(id) {
      // Ids are 1, 2, 3... in a whole table.
      if (ids[id - 1] === id) return id - 1;
      const row = ids.indexOf(id);
      return row < 0 ? undefined : row;
    },
  };
}

const pieceBytes = 2 ** 20;

function createColumn(): { add(value: number): void; finish(): Float64Array } {
  let values = new Float64Array(1024);
  let count = 0;
  return {
    add(value) {
      if (count === values.length) {
        const larger = new Float64Array(2 * count);
        larger.set(values);
        values = larger;
      }
      values[count++] = value;
    },
    finish: () => values.slice(0, count),
  };
}

/** The cells of a line (RFC 4180); a cell holds no line's end. */
function splitLine(line: string): string[] {
  const cells: string[] = [];
  for (const [, quoted, plain] of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g))
    cells.push(quoted?.replaceAll('""', '"') ?? plain!);
  return cells;
}

/** Rows in the order of a column, those alone whose `filter` value lies in the range. NaN comes last. */
export function orderRows(
  { count }: Pick<ObjectTable, "count">,
  values: ArrayLike<number>,
  down: boolean,
  filter?: { readonly values: ArrayLike<number>; readonly from: number; readonly to: number },
): Uint32Array {
  const rows = new Uint32Array(count);
  let kept = 0;
  for (let row = 0; row < count; row++) {
    const value = filter?.values[row];
    if (filter === undefined || (value! >= filter.from && value! <= filter.to)) rows[kept++] = row;
  }
  const sign = down ? -1 : 1;
  return rows.subarray(0, kept).sort((a, b) => {
    const [left, right] = [values[a]!, values[b]!];
    if (left === right) return a - b;
    if (Number.isNaN(left)) return Number.isNaN(right) ? a - b : 1;
    return Number.isNaN(right) || left < right ? (Number.isNaN(right) ? -1 : -sign) : sign;
  });
}

/** How many values lie in each of `bins` equal parts from the least to the largest. */
export function countBins(
  values: ArrayLike<number>,
  bins: number,
): { readonly from: number; readonly to: number; readonly counts: number[] } {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    if (values[i]! < from) from = values[i]!;
    if (values[i]! > to) to = values[i]!;
  }
  const counts = new Array<number>(bins).fill(0);
  const scale = to > from ? bins / (to - from) : 0;
  for (let i = 0; i < values.length; i++)
    if (!Number.isNaN(values[i]!)) counts[Math.min(bins - 1, Math.floor((values[i]! - from) * scale))]!++;
  return { from, to, counts };
}
