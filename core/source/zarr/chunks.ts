// One array of a hierarchy, read chunk by chunk through zarrita. What zarrita does not tell is found out here: whether a chunk
// is there at all.

import type { GetOptions, Readable } from "zarrita";
import { isZarritaError, Array as ZarrArray } from "zarrita";
import { createTypedArray, type DType, type TypedArray } from "../../array/raster.ts";
import { lookUp } from "../../json.ts";
import type { ArrayMetadata, KeyEncoding } from "./array-metadata.ts";
import { bytesOfNumber } from "./codecs.ts";
import type { ByteStore, KeyRange } from "./store.ts";

/** A decoded chunk. Without data: it is not there, and means the fill value. */
export interface Chunk {
  readonly byteLength: number;
  readonly data?: TypedArray;
  /** How far apart neighbours lie in `data`, for each axis. */
  readonly stride: readonly number[];
}

export interface ChunkReader {
  readonly dtype: DType;
  /** Reads and unpacks the chunk at these indices. Throws Error for one that is damaged, Problem for a server that fails. */
  read(indices: readonly number[], signal: AbortSignal): Promise<Chunk>;
  /** Where an absent chunk lies by another separator than the one that counts; undefined where it does not. */
  findElsewhere(indices: readonly number[], signal: AbortSignal | undefined): Promise<Misnamed | undefined>;
}

export interface Misnamed {
  /** True where the names differ in kind ("c/0/0" and "0/0"), not in their separator alone. */
  readonly isNamed: boolean;
  /** Keys of the chunk: as it lies there, and as the metadata say. */
  readonly other: string;
  readonly own: string;
  /** What the metadata should say. */
  readonly declare: string;
}

/** Handed through zarrita with each read: `isThere` becomes true when bytes of the chunk were found. */
interface Trace extends GetOptions {
  isThere: boolean;
}

/** Numbers of 64 bits are kept in 32: nothing here has more. */
const dtypes: Readonly<Record<string, DType>> = { bool: "uint8", int64: "int32", uint64: "uint32" };

export function createChunkReader(store: ByteStore, path: string, metadata: ArrayMetadata): ChunkReader {
  const { dataType, chunkShape, document } = metadata;
  const array = new ZarrArray(traceStore(store, largestPacked(metadata)), `/${path}`, document as never);
  const dtype = lookUp(dtypes, dataType) ?? (dataType as DType);
  const count = chunkShape.reduce((product, side) => product * side, 1);
  return {
    dtype,
    async read(indices, signal) {
      const trace: Trace = { signal, isThere: false };
      const { data, stride } = await array.getChunk([...indices], trace).catch((cause: unknown) => {
        throw unwrap(cause);
      });
      if (!trace.isThere) return { byteLength: 0, stride };
      const numbers = toNumbers(data as unknown, dataType);
      if (numbers.length !== count) throw new Error(`it has ${numbers.length} numbers in place of ${count}`);
      return { byteLength: numbers.byteLength, data: numbers, stride };
    },
    async findElsewhere(indices, signal) {
      const { keys, gridShape } = metadata;
      const key = (name: KeyEncoding["name"], separator: string): string => {
        const places = indices.map((index, axis) => Math.floor((index * chunkShape[axis]!) / gridShape[axis]!));
        return [path, [...(name === "default" ? ["c"] : []), ...places].join(separator)].filter((part) => part !== "").join("/");
      };
      const own = key(keys.name, keys.configuration.separator);
      const turned = keys.configuration.separator === "/" ? "." : "/";
      const named = keys.name === "v2" ? "default" : "v2";
      const field = keys.name === "v2" ? '"dimension_separator"' : '"separator"';
      const declareName = (separator: string): string =>
        `"chunk_key_encoding": {"name": "${named}", "configuration": {"separator": "${separator}"}}`;
      for (const [other, declare] of [
        [key(keys.name, turned), `${field}: "${turned}"`],
        [key(named, "/"), declareName("/")],
        [key(named, "."), declareName(".")],
      ] as const) {
        if (other === own) continue;
        if ((await store.getRange(other, { offset: 0, length: 1 }, signal).catch(() => undefined)) !== undefined)
          return { other, own, declare, isNamed: other.split(/[/.]/).length !== own.split(/[/.]/).length };
      }
      return undefined;
    },
  };
}

/** Bytes of a chunk in its store: packing may make it larger, but not by half. */
function largestPacked({ dataType, chunkShape }: ArrayMetadata): number {
  return chunkShape.reduce((product, side) => product * side, 1.5 * bytesOfNumber(dataType)) + 2 ** 16;
}

/** The store as zarrita sees it. The index of a shard is read for all chunks in it, so no single reader's signal ends that. */
function traceStore(store: ByteStore, most: number): Readable {
  const keyOf = (path: string): string => path.slice(1);
  return {
    async get(path, options) {
      const found = await store.get(keyOf(path), options?.signal, most);
      if (found && options) (options as Trace).isThere = true;
      return found;
    },
    async getRange(path, range, options) {
      const isIndex = "suffixLength" in range;
      if (!isIndex && range.length > most) throw new Error(`it claims ${range.length} bytes of its shard; the most is ${most}`);
      const found = await store.getRange(keyOf(path), range as KeyRange, isIndex ? undefined : options?.signal);
      if (found && options && !isIndex) (options as Trace).isThere = true;
      return found;
    },
  };
}

/** zarrita wraps what a codec throws. */
function unwrap(cause: unknown): unknown {
  return isZarritaError(cause, "CodecPipelineError") && cause.cause instanceof Error ? cause.cause : cause;
}

function toNumbers(data: unknown, dataType: string): TypedArray {
  if (dataType === "bool") return Uint8Array.from(data as Iterable<boolean>, Number);
  if (!dataType.endsWith("int64")) return data as TypedArray;
  const wide = data as BigInt64Array;
  const out = createTypedArray(dtypes[dataType]!, wide.length);
  for (let at = 0; at < wide.length; at++) {
    out[at] = Number(wide[at]);
    if (BigInt(out[at]!) !== wide[at]) throw new Error(`it has the number ${wide[at]}, beyond 32 bits`);
  }
  return out;
}
