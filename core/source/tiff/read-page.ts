// A box of one page: the strips or tiles that it meets, read a few at a time, and their samples put where they belong. Uncompressed
// rows are read where they lie; what was unpacked is kept in the source's cache.

import { createTypedArray, type Raster, type TypedArray } from "../../array/raster.ts";
import { describeError, Problem } from "../../problem.ts";
import type { ChunkCache } from "../chunk-cache.ts";
import { type BadChunk, describeChunk, type GapRecorder } from "../gaps.ts";
import { inParallel } from "../in-parallel.ts";
import type { ReadRequest } from "../source.ts";
import { decodeBlock, invertInPlace } from "./block.ts";
import type { BlockTable } from "./block-table.ts";
import { createDamage, type TiffFile } from "./directory.ts";
import { blockRows, createUnsupported, type PageLayout } from "./layout.ts";
import { UnreadData } from "./lzw.ts";

/** Blocks that are read at the same time. */
const blocksAtOnce = 8;

/** A page, and what its source shares between reads. */
export interface PageReader {
  readonly file: TiffFile;
  readonly layout: PageLayout;
  readonly table: BlockTable;
  /** Tells pages apart in the cache. */
  readonly key: string;
  /** True: a palette's colours are wanted, not its indices. */
  readonly painted: boolean;
  readonly cache: ChunkCache<TypedArray>;
  readonly gaps: GapRecorder;
  readonly skipBad: boolean;
}

/** A channel of the page, and the channel of the result that it becomes. */
export interface Wanted {
  readonly from: number;
  readonly to: number;
}

interface Block {
  readonly row: number;
  readonly column: number;
  /** The sample, where each has blocks of its own; else 0. */
  readonly sample: number;
}

/** The rows of a block that a box meets, and the numbers of the block from row `start` on. */
interface BlockPart {
  readonly rows: { readonly start: number; readonly end: number };
  readonly values: TypedArray;
  readonly start: number;
}

/** Fills the channels `to` of `out` with the samples that channels `from` of the page mean. */
export async function readPage(reader: PageReader, request: ReadRequest, wanted: readonly Wanted[], out: Raster): Promise<void> {
  const { blockWidth, blockHeight, kept, planar } = reader.layout;
  const { y0, x0, y1, x1, signal } = request;
  const samples = planar ? [...new Set(wanted.map(({ from }) => kept[from]!))] : [0];
  const blocks: Block[] = [];
  for (let row = Math.floor(y0 / blockHeight); row * blockHeight < y1; row++) {
    for (let column = Math.floor(x0 / blockWidth); column * blockWidth < x1; column++) {
      for (const sample of samples) blocks.push({ row, column, sample });
    }
  }
  await inParallel(blocks, { limit: blocksAtOnce, signal }, async (block) => {
    signal?.throwIfAborted();
    copyBlock(reader, block, await readBlock(reader, block, request), { request, wanted, out });
  });
}

function copyBlock(
  { layout, painted }: PageReader,
  { row, column, sample }: Block,
  { rows, values, start }: BlockPart,
  { request, wanted, out }: { request: ReadRequest; wanted: readonly Wanted[]; out: Raster },
): void {
  const { blockWidth, blockHeight, blockSamples, kept, planar } = layout;
  const { y0, x0, x1 } = request;
  const top = row * blockHeight;
  const left = Math.max(x0, column * blockWidth);
  const right = Math.min(x1, (column + 1) * blockWidth);
  const isAsStored =
    !planar &&
    !painted &&
    blockSamples === out.channels &&
    wanted.length === blockSamples &&
    wanted.every(({ from, to }) => kept[from] === to);
  if (isAsStored) {
    for (let y = rows.start; y < rows.end; y++) {
      const source = ((y - start) * blockWidth + left - column * blockWidth) * blockSamples;
      const target = ((top + y - y0) * out.width + left - x0) * blockSamples;
      out.data.set(values.subarray(source, source + (right - left) * blockSamples) as TypedArray, target);
    }
    return;
  }
  for (const { from, to } of wanted) {
    if (planar && kept[from] !== sample) continue;
    const offset = planar || painted ? 0 : kept[from]!;
    const paint = painted ? createPaint(layout, from) : undefined;
    for (let y = rows.start; y < rows.end; y++) {
      let source = ((y - start) * blockWidth + left - column * blockWidth) * blockSamples + offset;
      let target = ((top + y - y0) * out.width + left - x0) * out.channels + to;
      for (let x = left; x < right; x++, source += blockSamples, target += out.channels) {
        out.data[target] = paint ? paint[values[source]!]! : values[source]!;
      }
    }
  }
}

async function readBlock(reader: PageReader, block: Block, request: ReadRequest): Promise<BlockPart> {
  const { layout, table, key, cache, gaps, skipBad } = reader;
  const { row, column, sample } = block;
  const index = (sample * layout.down + row) * layout.across + column;
  const top = row * layout.blockHeight;
  const rows = { start: Math.max(request.y0 - top, 0), end: Math.min(request.y1 - top, blockRows(layout, row)) };
  const chunkKey = `${key}/${index}`;
  const zeros = (): BlockPart => ({ rows, values: createZeros(layout, rows.end - rows.start, sample), start: rows.start });
  if (table.offsets[index] === 0 && table.lengths[index] === 0) {
    gaps.addMissing(chunkKey);
    return zeros();
  }
  try {
    gaps.addFound();
    if (layout.compression === 1)
      return { rows, values: await readRows(reader, index, rows, { sample, signal: request.signal }), start: rows.start };
    const values = await cache.get(chunkKey, (signal) => unpackBlock(reader, index, block, signal), request.signal);
    return { rows, values, start: 0 };
  } catch (cause) {
    request.signal?.throwIfAborted();
    if (cause instanceof UnreadData) throw createUnsupported(reader.file, cause.message);
    if (cause instanceof Problem && cause.kind !== "InvalidData") throw cause;
    const reason = cause instanceof Problem ? String((cause.details as { reason?: string }).reason) : describeError(cause);
    const where = placeBlock(layout, block, request);
    if (!skipBad) throw createDamage(reader.file.name, `the block at ${describeChunk(where)}: ${reason}`, cause);
    gaps.addBad(chunkKey, { ...where, reason });
    return zeros();
  }
}

/** Uncompressed: the wanted rows alone. */
async function readRows(
  { file, layout, table }: PageReader,
  index: number,
  { start, end }: { start: number; end: number },
  { sample, signal }: { readonly sample: number; readonly signal: AbortSignal | undefined },
): Promise<TypedArray> {
  const offset = table.offsets[index]! + start * layout.rowBytes;
  const packed = await file.reader.read(offset, (end - start) * layout.rowBytes, signal);
  const values = await decodeBlock(packed, layout, end - start, file.littleEndian);
  invertInPlace(values, layout, sample);
  return values;
}

async function unpackBlock(
  { file, layout, table }: PageReader,
  index: number,
  { row, sample }: Block,
  signal: AbortSignal,
): Promise<TypedArray> {
  const packed = await file.reader.read(table.offsets[index]!, table.lengths[index]!, signal);
  const values = await decodeBlock(packed, layout, blockRows(layout, row), file.littleEndian);
  invertInPlace(values, layout, sample);
  return values;
}

/** A block that is stored as zeros. */
function createZeros(layout: PageLayout, rows: number, sample: number): TypedArray {
  const values = createTypedArray(layout.dtype, rows * layout.blockWidth * layout.blockSamples);
  invertInPlace(values, layout, sample);
  return values;
}

function placeBlock(layout: PageLayout, { row, column, sample }: Block, request: ReadRequest): Omit<BadChunk, "reason"> {
  const { blockWidth, blockHeight, width, height, planar } = layout;
  return {
    ...{ level: request.level ?? 0, z: request.z ?? 0, t: request.t ?? 0 },
    ...(planar ? { channel: sample } : {}),
    ...{ y0: row * blockHeight, x0: column * blockWidth },
    ...{ y1: Math.min(height, (row + 1) * blockHeight), x1: Math.min(width, (column + 1) * blockWidth) },
  };
}

/** Colours of one channel as bytes. Maps are 16-bit; some writers left them at 8. */
function createPaint({ colourMap = [], bits }: PageLayout, channel: number): Uint8Array {
  const size = 2 ** bits;
  const wide = colourMap.some((value) => value > 255);
  return Uint8Array.from({ length: size }, (_, index) => colourMap[channel * size + index]! >> (wide ? 8 : 0));
}
