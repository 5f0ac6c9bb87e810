// Bands of rows to the chunks of a pyramid: level 0 as it comes, each further level half as large. Labels keep one pixel of four,
// intensities their mean. Memory: one row of chunks a level.

import type { Band } from "../array/band.ts";
import { createTypedArray, type DType, type TypedArray } from "../array/raster.ts";

export interface LevelSize {
  readonly height: number;
  readonly width: number;
}

/** Sizes from full to the first that fits one chunk, or of so many levels. */
export function pyramidSizes(height: number, width: number, chunkPx: number, levels?: number): readonly LevelSize[] {
  const sizes = [{ height, width }];
  for (;;) {
    const { height: h, width: w } = sizes.at(-1)!;
    if (levels === undefined ? Math.max(h, w) <= chunkPx : sizes.length >= levels) return sizes;
    sizes.push({ height: Math.ceil(h / 2), width: Math.ceil(w / 2) });
  }
}

/** Takes a chunk of `chunkPx` x `chunkPx`, zeros beyond the level's end. `isEmpty`: nothing but zeros. The array is used again afterwards. */
export type WriteChunk = (chunk: {
  readonly level: number;
  readonly row: number;
  readonly column: number;
  readonly data: TypedArray;
  readonly isEmpty: boolean;
}) => Promise<void>;

export interface PyramidOptions {
  readonly sizes: readonly LevelSize[];
  readonly chunkPx: number;
  readonly dtype: DType;
  /** Of 2 x 2 pixels: the first, or the mean. */
  readonly reduce: "first" | "mean";
  readonly write: WriteChunk;
}

export interface PyramidWriter {
  /** Bands from top to bottom. */
  add(band: Band<TypedArray>): Promise<void>;
  end(): Promise<void>;
}

export function createPyramidWriter({ sizes, chunkPx, dtype, reduce, write }: PyramidOptions): PyramidWriter {
  const levels = sizes.map((size, level) => createLevel({ ...size, chunkPx, dtype, level, write }));
  const addRow = async (level: number, row: TypedArray): Promise<void> => {
    const here = levels[level]!;
    const next = levels[level + 1];
    const y = here.rows();
    await here.add(row);
    if (next === undefined) return;
    if (reduce === "first") {
      if (y % 2 === 0) await addRow(level + 1, everySecond(row, next.width, dtype));
    } else if (y % 2 === 1) await addRow(level + 1, meanOf(here.kept!, row, next.width, dtype));
    else if (y === here.height - 1) await addRow(level + 1, meanOf(row, row, next.width, dtype));
    else here.kept = row.slice() as TypedArray;
  };
  return {
    async add({ height, width, data }) {
      for (let y = 0; y < height; y++) await addRow(0, data.subarray(y * width, (y + 1) * width) as TypedArray);
    },
    async end() {
      for (const level of levels) await level.flush();
    },
  };
}

interface Level {
  readonly height: number;
  readonly width: number;
  kept: TypedArray | undefined;
  rows(): number;
  add(row: TypedArray): Promise<void>;
  flush(): Promise<void>;
}

// Chunks that are packed and written at once.
const atOnce = 8;

function createLevel(options: LevelSize & Pick<PyramidOptions, "chunkPx" | "dtype" | "write"> & { readonly level: number }): Level {
  const { height, width, chunkPx, dtype, level, write } = options;
  const rowsHeld = Math.min(chunkPx, height);
  const held = createTypedArray(dtype, rowsHeld * width);
  const spare = Array.from({ length: atOnce }, () => createTypedArray(dtype, chunkPx * chunkPx));
  let count = 0;
  let written = 0;
  const flush = async (): Promise<void> => {
    const rows = count - written * chunkPx;
    if (rows === 0) return;
    const columns = Math.ceil(width / chunkPx);
    for (let first = 0; first < columns; first += atOnce) {
      const some = spare.slice(0, Math.min(atOnce, columns - first));
      await Promise.all(
        some.map((data, i) => {
          const x0 = (first + i) * chunkPx;
          const x1 = Math.min(width, x0 + chunkPx);
          data.fill(0);
          for (let y = 0; y < rows; y++) data.set(held.subarray(y * width + x0, y * width + x1), y * chunkPx);
          return write({ level, row: written, column: first + i, data, isEmpty: isZero(data) });
        }),
      );
    }
    written++;
  };
  return {
    height,
    width,
    kept: undefined,
    rows: () => count,
    async add(row) {
      held.set(row, (count - written * chunkPx) * width);
      count++;
      if (count - written * chunkPx === chunkPx) await flush();
    },
    flush,
  };
}

/** True when all bytes are 0, looked at four at a time. */
function isZero({ buffer, byteOffset, byteLength }: TypedArray): boolean {
  const whole = byteLength >> 2;
  const words = new Uint32Array(buffer, byteOffset, whole);
  for (let i = 0; i < whole; i++) if (words[i] !== 0) return false;
  return new Uint8Array(buffer, byteOffset + 4 * whole, byteLength % 4).every((value) => value === 0);
}

function everySecond(row: TypedArray, width: number, dtype: DType): TypedArray {
  const out = createTypedArray(dtype, width);
  for (let x = 0; x < width; x++) out[x] = row[2 * x]!;
  return out;
}

/** The mean of 2 x 2; of fewer at the right edge. Whole numbers are rounded. */
function meanOf(above: TypedArray, below: TypedArray, width: number, dtype: DType): TypedArray {
  const out = createTypedArray(dtype, width);
  const isFloat = dtype.startsWith("float");
  for (let x = 0; x < width; x++) {
    const left = 2 * x;
    const right = Math.min(left + 1, above.length - 1);
    const mean = (above[left]! + above[right]! + below[left]! + below[right]!) / 4;
    out[x] = isFloat ? mean : Math.round(mean);
  }
  return out;
}
