// The working store of a slide: classes, of two classes the probability of the second as a byte, from which objects are made by
// another rule, and all probabilities where they are wanted: OME-Zarr arrays whose chunks are the blocks of the plan. A block whose chunks are all there is done: this is the ledger of a run, of one that goes on, and of machines that share a slide.

import type { Band } from "../array/band.ts";
import { type Box, createTypedArray, type TypedArray } from "../array/raster.ts";
import { plainRule } from "../label/object-rule.ts";
import { leastByte, writeClassesOfBytes } from "../label/probability-bytes.ts";
import { Problem } from "../problem.ts";
import { inParallel } from "../source/in-parallel.ts";
import type { Block } from "../tile/slide-plan.ts";
import { briefPacking, classPacking } from "./packing.ts";
import { type ProbabilityType, readRecord, type SlideRecord, writeRecord } from "./slide-record.ts";
import type { ChunkStore } from "./store.ts";
import { openWorkingArray, writeOmeGroup, writeZarrMetadata, type ZarrArray, type ZarrLayout } from "./zarr.ts";

/** The pixels of a block; `probabilities` [height, width, classes]. */
interface BlockPixels {
  readonly classes: Uint8Array;
  /** The probability of the second of two classes (probability-bytes.ts). */
  readonly bytes?: Uint8Array | undefined;
  readonly probabilities?: Float32Array | undefined;
}

export interface BlockStore {
  readonly record: SlideRecord;
  has(block: BlockAt): Promise<boolean>;
  write(block: Block, pixels: BlockPixels): Promise<void>;
  /**
   * Class numbers from top to bottom; 0 outside of the region. A band holds until the next is asked for. `threshold`: instead of
   * the record's, where bytes are kept. Throws Problem InvalidData for a block that is missing, InvalidParameter for another threshold without bytes.
   */
  readClasses(threshold?: number): AsyncGenerator<Band<Uint8Array>>;
  /** Probabilities of one class, as they were kept; alike. */
  readProbabilities(index: number): AsyncGenerator<Band<TypedArray>>;
}

type BlockAt = Pick<Block, "row" | "column">;

/**
 * The store of a run, begun where it is new; a run that was begun keeps its own record. Throws Problem InvalidParameter where another
 * run was begun there.
 */
export async function openBlockStore(store: ChunkStore, wanted: SlideRecord): Promise<BlockStore> {
  const record = await beginRun(store, wanted);
  const { name, pixelSizeUm, probabilityType, keepsBytes } = record;
  const { classes, bytes, probabilities } = layOut(record);
  const group = { version: "0.4", name, pixelSizeUm } as const;
  await writeOmeGroup(store, "classes", { ...group, axes: ["y", "x"], shapes: [classes.shape], isLabels: true });
  await writeZarrMetadata(store, "classes/0", classes);
  if (keepsBytes === true) {
    await writeOmeGroup(store, "probability", { ...group, axes: ["y", "x"], shapes: [bytes.shape], isLabels: false });
    await writeZarrMetadata(store, "probability/0", bytes);
  }
  if (probabilityType !== undefined) {
    await writeOmeGroup(store, "probabilities", { ...group, axes: ["c", "y", "x"], shapes: [probabilities.shape], isLabels: false });
    await writeZarrMetadata(store, "probabilities/0", probabilities);
  }
  return createBlockStore(store, record);
}

/** The store of a run that was begun. Throws Problem MissingFile where there is none. */
export async function findBlockStore(store: ChunkStore, path: string): Promise<BlockStore> {
  const record = await readRecord(store, path);
  if (record === undefined)
    throw new Problem("MissingFile", `There must be a run's folder at ${path}; there is none. It ends in .overtile.`, { path });
  return createBlockStore(store, record);
}

function layOut({ height, width, blockPx, classNames, probabilityType = "uint8" }: SlideRecord): {
  readonly classes: ZarrLayout;
  readonly bytes: ZarrLayout;
  readonly probabilities: ZarrLayout;
} {
  const plane = { shape: [height, width], chunks: [blockPx, blockPx], dtype: "uint8", version: "0.4", axes: ["y", "x"] } as const;
  return {
    classes: { ...plane, packing: classPacking },
    bytes: { ...plane, packing: briefPacking },
    probabilities: {
      shape: [classNames.length, height, width],
      chunks: [1, blockPx, blockPx],
      dtype: probabilityType,
      version: "0.4",
      axes: ["c", "y", "x"],
      packing: briefPacking,
    },
  };
}

function createBlockStore(store: ChunkStore, record: SlideRecord): BlockStore {
  const { probabilityType = "uint8", region, classNames, blockPx, keepsBytes = false } = record;
  const threshold = record.threshold ?? plainRule.threshold;
  const layout = layOut(record);
  const classArray = openWorkingArray(store, "classes/0", layout.classes);
  const byteArray = openWorkingArray(store, "probability/0", layout.bytes);
  const probabilityArray = openWorkingArray(store, "probabilities/0", layout.probabilities);
  const whole = { count: 1, index: 0, type: "uint8", factor: 1, blockPx } as const;
  return {
    record,
    async has({ row, column }) {
      const planes = record.probabilityType === undefined ? [] : classNames.map((_, c) => [c, row, column]);
      const own = keepsBytes ? [classArray, byteArray] : [classArray];
      const found = await Promise.all([...own.map((array) => array.has([row, column])), ...planes.map((at) => probabilityArray.has(at))]);
      return found.every((isThere) => isThere);
    },
    async write({ box, row, column }, { classes, bytes, probabilities }) {
      for (let c = 0; probabilities !== undefined && c < classNames.length; c++) {
        const how = { count: classNames.length, index: c, type: probabilityType, blockPx };
        await probabilityArray.write([c, row, column], padPlane(probabilities, box, how));
      }
      if (keepsBytes && bytes !== undefined) await byteArray.write([row, column], padPlane(bytes, box, whole));
      await classArray.write([row, column], padPlane(classes, box, whole));
    },
    readClasses(asked = threshold) {
      if (leastByte(asked) === leastByte(threshold)) return readBands(classArray, record, { region }) as AsyncGenerator<Band<Uint8Array>>;
      if (!keepsBytes) throw noBytes(asked, threshold);
      return parted(readBands(byteArray, record, { region }) as AsyncGenerator<Band<Uint8Array>>, asked);
    },
    readProbabilities: (index) => readBands(probabilityArray, record, { region, prefix: [index], type: probabilityType }),
  };
}

/** Bands of bytes as classes. */
async function* parted(bands: AsyncIterable<Band<Uint8Array>>, threshold: number): AsyncGenerator<Band<Uint8Array>> {
  let room = new Uint8Array(0);
  for await (const band of bands) {
    if (room.length < band.data.length) room = new Uint8Array(band.data.length);
    const data = room.subarray(0, band.data.length);
    writeClassesOfBytes(band.data, threshold, data);
    yield { ...band, data };
  }
}

function noBytes(asked: number, threshold: number): Problem {
  const message = `"threshold" must be ${threshold} here: the run was begun without probabilities, so its pixels are decided; got ${asked}. Leave it out, or segment again: ${anew}.`;
  return new Problem("InvalidParameter", message, { parameter: "threshold", value: asked });
}

/** The record of the run that is in the store, which is begun with `record` where there is none. */
async function beginRun(store: ChunkStore, record: SlideRecord): Promise<SlideRecord> {
  const begun = await readRecord(store);
  if (begun === undefined) {
    await writeRecord(store, record);
    return record;
  }
  const before: Partial<Record<string, unknown>> = { ...begun };
  const now: Partial<Record<string, unknown>> = { ...record };
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])].filter((key) => !isFree(key, begun));
  const different = keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(now[key]));
  assertSameSource(before as Partial<SlideRecord>, record.source); // grey values and the like differ with the image
  if (different.length === 0) return begun;
  const named = different.map((key) => `${key} (${JSON.stringify(now[key])}, not ${JSON.stringify(before[key])})`).join(", ");
  throw new Problem(
    "InvalidParameter",
    `"resume" must go on with what the run was begun with; different are ${named}. Use the same, or begin anew: ${anew}.`,
    { parameter: "resume", value: different },
  );
}

// Shards write into one folder, which none of them may empty.
const anew = "with --overwrite, or, for shards and elsewhere, in another folder";

/** Throws Problem InvalidParameter where a run was begun with another image of the same name and size. Older builds did not note which. */
export function assertSameSource({ name, source: before }: Partial<Pick<SlideRecord, "name" | "source">>, now: string | undefined): void {
  if (before === undefined || now === undefined || before === now) return;
  throw new Problem(
    "InvalidParameter",
    `"resume" must go on with the image that the run was begun with; the one of that name, ${name}, has other bytes now. Use that image, or begin anew: ${anew}.`,
    { parameter: "resume", value: name },
  );
}

/** True for fields that may differ: the image's place, fields that follow from the model, those compared elsewhere, and those that the bytes of probability leave free. */
function isFree(key: string, { keepsBytes = false }: SlideRecord): boolean {
  if (key === "threshold") return keepsBytes;
  return ["path", "minSizePx", "splitDepthPx", "smoothPx", "fillHoles", "source", "keepsBytes"].includes(key);
}

interface PadOptions {
  readonly count: number;
  readonly index: number;
  readonly type: ProbabilityType;
  readonly blockPx: number;
  readonly factor?: number;
}

/** One of `count` interleaved planes as a whole chunk; probabilities 0 to 1 become 0 to 255 where bytes are kept. */
function padPlane(
  data: Uint8Array | Float32Array,
  { y0, x0, y1, x1 }: Box,
  { count, index, type, blockPx, factor = type === "uint8" ? 255 : 1 }: PadOptions,
): TypedArray {
  const width = x1 - x0;
  const isAsItIs = count === 1 && factor === 1;
  if (isAsItIs && data.length === blockPx * blockPx) return data;
  const out = createTypedArray(type, blockPx * blockPx);
  if (isAsItIs) {
    for (let y = 0; y < y1 - y0; y++) out.set(data.subarray(y * width, (y + 1) * width), y * blockPx);
    return out;
  }
  for (let y = 0; y < y1 - y0; y++) {
    for (let x = 0; x < width; x++) {
      const value = factor * data[(y * width + x) * count + index]!;
      out[y * blockPx + x] = type === "uint8" ? Math.round(value) : value;
    }
  }
  return out;
}

const readAtOnce = 4;

// Rows of a band. The chunks of a row of blocks are held as bytes; a band made of them may be lower.
const bandRows = 128;

async function* readBands(
  array: ZarrArray,
  { height, width, blockPx }: SlideRecord,
  { region, prefix = [], type = "uint8" }: { region?: Box | undefined; prefix?: readonly number[]; type?: ProbabilityType },
): AsyncGenerator<Band<TypedArray>> {
  const wanted = region ?? { y0: 0, x0: 0, y1: height, x1: width };
  const zeros = createTypedArray(type, bandRows * width);
  const held = createTypedArray(type, Math.min(blockPx, height) * width); // filled anew for each row of blocks
  for (let y0 = 0; y0 < height; y0 += blockPx) {
    const y1 = Math.min(height, y0 + blockPx);
    if (y1 <= wanted.y0 || y0 >= wanted.y1) {
      for (let y = y0; y < y1; y += bandRows) {
        const rows = Math.min(y1 - y, bandRows);
        yield { y0: y, height: rows, width, data: zeros.subarray(0, rows * width) as TypedArray, isZero: true };
      }
      continue;
    }
    const data = held.length === (y1 - y0) * width ? held : createTypedArray(type, (y1 - y0) * width);
    if (region !== undefined) data.fill(0);
    const row = y0 / blockPx;
    const last = Math.ceil(wanted.x1 / blockPx);
    const first = Math.floor(wanted.x0 / blockPx);
    const columns = Array.from({ length: last - first }, (_, i) => first + i);
    await inParallel(columns, { limit: readAtOnce }, async (column) => {
      const chunk = await array.read([...prefix, row, column]);
      if (chunk === undefined) throw missingBlock({ row, column });
      const box = { y0, x0: column * blockPx, y1, x1: Math.min(width, (column + 1) * blockPx) };
      pasteInside(chunk, box, wanted, { y0, width, data, blockPx });
    });
    for (let y = y0; y < y1; y += bandRows) {
      const end = Math.min(y1, y + bandRows);
      yield { y0: y, height: end - y, width, data: data.subarray((y - y0) * width, (end - y0) * width) as TypedArray };
    }
  }
}

/** The chunk's pixels that lie inside both boxes. */
function pasteInside(
  chunk: TypedArray,
  box: Box,
  region: Box,
  to: { readonly y0: number; readonly width: number; readonly data: TypedArray; readonly blockPx: number },
): void {
  const x0 = Math.max(box.x0, region.x0);
  const x1 = Math.min(box.x1, region.x1);
  if (x1 <= x0) return;
  for (let y = Math.max(box.y0, region.y0); y < Math.min(box.y1, region.y1); y++) {
    const from = (y - box.y0) * to.blockPx - box.x0;
    to.data.set(chunk.subarray(from + x0, from + x1), (y - to.y0) * to.width + x0);
  }
}

function missingBlock({ row, column }: BlockAt): Problem {
  const reason = `block ${row}, ${column} is missing`;
  return new Problem("InvalidData", `Objects are joined once every block is there; ${reason}. Run the shards that are left, or --resume.`, {
    reason,
  });
}
