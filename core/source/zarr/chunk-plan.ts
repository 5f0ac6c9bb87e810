// What reading a plane will take, known from the metadata: every chunk costs a request and its unpacking, however small it is, and is
// unpacked whole. Images in millions of tiny chunks would be read for hours; they are refused before the first.

import { Problem } from "../../problem.ts";
import type { Level } from "./read-level.ts";

/** Chunks with fewer pixels of a plane take longer to find than to use: 0.07 to 0.09 ms each from a disk, measured. */
const tinyPx = 256;
/** Tiny chunks of a plane: more are told, since they take seconds from a disk and far longer from a server. */
const manyChunks = 2 ** 15;
/** More are refused: they take more than a minute even from a disk. */
const mostChunks = 2 ** 20;
/** A plane that unpacks to more than this, and to many times its own size, is refused. */
const mostBytes = 2 ** 33;
const mostTimes = 64;

export interface ChunkPlan {
  /** Chunks of one plane, all channels: as many requests. */
  readonly chunks: number;
  /** Bytes that they unpack to. */
  readonly bytes: number;
  /** Rows and columns of a chunk. */
  readonly side: { readonly y: number; readonly x: number };
}

/** Plans the reading of one plane of a level with all channels, numbers of `numberBytes`. */
export function planChunks({ array, axes }: Pick<Level, "array" | "axes">, numberBytes: number): ChunkPlan {
  const across = (axis: number | undefined): number => (axis === undefined ? 1 : Math.ceil(array.shape[axis]! / array.chunkShape[axis]!));
  const chunks = across(axes.y) * across(axes.x) * across(axes.c);
  const bytes = chunks * array.chunkShape.reduce((product, side) => product * side, numberBytes);
  return { chunks, bytes, side: { y: array.chunkShape[axes.y]!, x: array.chunkShape[axes.x]! } };
}

/**
 * The sentence for an image that will be read for long; undefined for others. Throws Problem UnsupportedImage for one that would be read
 * for hours. `planeBytes`: of the plane itself.
 */
export function describeSlowReading(name: string, { chunks, bytes, side }: ChunkPlan, planeBytes: number): string | undefined {
  const count = chunks.toLocaleString("en");
  const shape = `${side.y} x ${side.x} pixels`;
  const isTiny = side.y * side.x < tinyPx;
  const refuse = (reason: string): Problem =>
    new Problem(
      "UnsupportedImage",
      `${name} cannot be read in reasonable time: ${reason}. Write it again in chunks of 256 x 256 pixels of one plane.`,
      {
        path: name,
        reason,
      },
    );
  if (isTiny && chunks > mostChunks)
    throw refuse(`a plane is in ${count} chunks of ${shape}, at most ${mostChunks.toLocaleString("en")} of that size are read`);
  if (bytes > mostBytes && bytes > mostTimes * planeBytes)
    throw refuse(`a plane of ${toMegabytes(planeBytes)} MB is in chunks that unpack to ${toMegabytes(bytes)} MB`);
  if (!isTiny || chunks <= manyChunks) return undefined;
  return `${name} is in ${count} chunks of ${shape}: each is read by itself, so reading takes long. Chunks of 256 x 256 pixels are read fast.`;
}

const toMegabytes = (bytes: number): string => Math.ceil(bytes / 1e6).toLocaleString("en");
