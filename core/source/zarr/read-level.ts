// A box of one level: the chunks that it meets, a few at a time, and their numbers put where they belong.

import type { Raster, TypedArray } from "../../array/raster.ts";
import { describeError, Problem } from "../../problem.ts";
import type { ChunkCache } from "../chunk-cache.ts";
import { type BadChunk, describeChunk, type GapRecorder } from "../gaps.ts";
import { inParallel } from "../in-parallel.ts";
import type { ReadRequest } from "../source.ts";
import type { ArrayMetadata } from "./array-metadata.ts";
import type { Chunk, ChunkReader } from "./chunks.ts";
import type { AxisName } from "./multiscales.ts";

const chunksAtOnce = 8;

/** Which axis of the array is which; x and y are always there. Others have one entry only. */
export type Axes = Readonly<Partial<Record<AxisName, number>>> & { readonly y: number; readonly x: number };

export interface Level {
  readonly array: ArrayMetadata;
  readonly axes: Axes;
  readonly chunks: ChunkReader;
}

export interface LevelReader extends Level {
  readonly name: string;
  /** The level's number, for messages. */
  readonly number: number;
  readonly cache: ChunkCache<Chunk>;
  readonly gaps: GapRecorder;
  readonly skipBad: boolean;
}

export type FullRequest = ReadRequest & Required<Pick<ReadRequest, "z" | "t" | "channels">>;

const order: readonly AxisName[] = ["t", "c", "z", "y", "x"];

/** Places of the axes by name; without names t, c, z, y, x counted from the last. Throws what `fail` makes. */
export function placeAxes(names: readonly string[] | undefined, rank: number, fail: (reason: string) => Error): Axes {
  if (rank > order.length || rank < 2) throw fail(`an array of ${rank} dimensions`);
  const isKnown = names?.every((name) => (order as readonly string[]).includes(name)) && names.includes("y") && names.includes("x");
  if (names && !isKnown) throw fail(`an array with the axes ${names.join(", ")}`);
  const used = names ?? order.slice(-rank);
  if (used.length !== rank) throw fail(`an array of ${rank} dimensions with ${used.length} axes`);
  return Object.fromEntries(used.map((name, axis) => [name, axis])) as unknown as Axes;
}

/** Fills `out` with the box. Throws Problem InvalidData naming a chunk that is damaged, unless bad ones are skipped. */
export async function readLevel(level: LevelReader, request: FullRequest, out: Raster): Promise<void> {
  const { axes, array } = level;
  const side = (axis: number): number => array.chunkShape[axis]!;
  const rows = range(Math.floor(request.y0 / side(axes.y)), Math.ceil(request.y1 / side(axes.y)));
  const columns = range(Math.floor(request.x0 / side(axes.x)), Math.ceil(request.x1 / side(axes.x)));
  const depths = new Set(request.channels.map((channel) => (axes.c === undefined ? 0 : Math.floor(channel / side(axes.c)))));
  const wanted = rows.flatMap((row) => columns.flatMap((column) => [...depths].map((depth) => ({ row, column, depth }))));
  await inParallel(wanted, { limit: chunksAtOnce, signal: request.signal }, async ({ row, column, depth }) => {
    const indices = array.shape.map(() => 0);
    indices[axes.y] = row;
    indices[axes.x] = column;
    if (axes.c !== undefined) indices[axes.c] = depth;
    if (axes.z !== undefined) indices[axes.z] = Math.floor(request.z / side(axes.z));
    if (axes.t !== undefined) indices[axes.t] = Math.floor(request.t / side(axes.t));
    copyChunk(level, indices, await readChunk(level, indices, request), request, out);
  });
}

async function readChunk(level: LevelReader, indices: readonly number[], request: FullRequest): Promise<Chunk> {
  const { cache, gaps, chunks, number, name, skipBad } = level;
  const key = `${number}/${indices.join("/")}`;
  try {
    const chunk = await cache.get(key, (signal) => chunks.read(indices, signal), request.signal);
    if (chunk.data) gaps.addFound();
    else await noteMissing(level, indices, key, request.signal);
    return chunk;
  } catch (cause) {
    request.signal?.throwIfAborted();
    if (cause instanceof MisnamedChunk) throw cause.problem;
    const where = placeChunk(level, indices, request);
    const reason = describeError(cause);
    const place = `chunk ${indices.join("/")} (${describeChunk(where)})`;
    if (cause instanceof Problem && cause.kind !== "InvalidData") throw nameChunk(cause, place);
    if (!skipBad) {
      const message = `Expected a whole chunk; in ${name}, ${place}: ${reason}. Get or write the image again, or go on with "skip_bad".`;
      throw new Problem("InvalidData", message, { path: name, reason: `${place}: ${reason}` }, { cause });
    }
    gaps.addBad(key, { ...where, reason });
    return { byteLength: 0, stride: [] };
  }
}

/** A chunk that lies under another name than the metadata say. */
class MisnamedChunk extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** Most absent chunks that are looked for under other names, as long as none was found under its own. */
const mostSought = 64;

/** Counts an absent chunk. Throws MisnamedChunk where it lies under another separator: then all of them do, and read as nothing. */
async function noteMissing(
  { gaps, chunks, name }: LevelReader,
  indices: readonly number[],
  key: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const isSought = !gaps.foundAny && gaps.missingChunks < mostSought;
  gaps.addMissing(key);
  const found = isSought ? await chunks.findElsewhere(indices, signal) : undefined;
  if (found === undefined) return;
  const reason = `all chunks that were read are absent; they lie under ${found.isNamed ? "names of the other kind" : "the other separator"}, as "${found.other}" in place of "${found.own}"`;
  const advice = `Write ${found.declare} into its metadata${found.isNamed ? " (Zarr 3)" : ""}, or write the image again.`;
  throw new MisnamedChunk(
    new Problem("InvalidData", `Expected chunks where the metadata say; of ${name} ${reason}. ${advice}`, {
      path: name,
      reason,
    }),
  );
}

/** A server's failure, with the chunk that it befell. */
function nameChunk(cause: Problem, place: string): Problem {
  return new Problem(cause.kind, `${cause.message} (It was asked for ${place}.)`, cause.details, { cause });
}

/** Copies what box and chunk share. */
function copyChunk(
  { array, axes }: LevelReader,
  indices: readonly number[],
  { data, stride }: Chunk,
  request: FullRequest,
  out: Raster,
): void {
  const { chunkShape, fill } = array;
  const first = (axis: number): number => indices[axis]! * chunkShape[axis]!;
  const [top, left] = [first(axes.y), first(axes.x)];
  const [y0, y1] = [Math.max(request.y0, top), Math.min(request.y1, top + chunkShape[axes.y]!)];
  const [x0, x1] = [Math.max(request.x0, left), Math.min(request.x1, left + chunkShape[axes.x]!)];
  const inside = (axis: number | undefined, index: number): number =>
    axis === undefined ? 0 : (index - first(axis)) * (stride[axis] ?? 0);
  const plane = inside(axes.z, request.z) + inside(axes.t, request.t);
  for (const [to, channel] of request.channels.entries()) {
    if (axes.c !== undefined && Math.floor(channel / chunkShape[axes.c]!) !== indices[axes.c]) continue;
    const offset = plane + inside(axes.c, channel);
    for (let y = y0; y < y1; y++) {
      let target = ((y - request.y0) * out.width + x0 - request.x0) * out.channels + to;
      if (!data) {
        for (let x = x0; x < x1; x++, target += out.channels) out.data[target] = fill;
        continue;
      }
      const step = stride[axes.x]!;
      let source = offset + (y - top) * stride[axes.y]! + (x0 - left) * step;
      if (step === 1 && out.channels === 1) {
        out.data.set(data.subarray(source, source + x1 - x0) as TypedArray, target);
        continue;
      }
      for (let x = x0; x < x1; x++, source += step, target += out.channels) out.data[target] = data[source]!;
    }
  }
}

function placeChunk({ array, axes, number }: LevelReader, indices: readonly number[], { z, t }: FullRequest): Omit<BadChunk, "reason"> {
  const from = (axis: number): number => indices[axis]! * array.chunkShape[axis]!;
  const to = (axis: number): number => Math.min(array.shape[axis]!, from(axis) + array.chunkShape[axis]!);
  const single = axes.c !== undefined && array.chunkShape[axes.c] === 1 && array.shape[axes.c]! > 1;
  return {
    ...{ level: number, z, t, y0: from(axes.y), x0: from(axes.x), y1: to(axes.y), x1: to(axes.x) },
    ...(single ? { channel: indices[axes.c!]! } : {}),
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
