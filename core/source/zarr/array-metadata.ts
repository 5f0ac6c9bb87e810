// The metadata of an array, version 2 or 3, checked and brought into the one form that zarrita takes. Everything that could make it
// allocate without end is bounded here: chunks, shards, their indices. https://zarr-specs.readthedocs.io

import { lookUp } from "../../json.ts";
import { bytesOfNumber, codecNames } from "./codecs.ts";

export interface CodecMetadata {
  readonly name: string;
  readonly configuration: Readonly<Record<string, unknown>>;
}

/** How the keys of chunks are made of their numbers: "c/1/2" (default), "1/2" or "1.2". */
export interface KeyEncoding {
  readonly name: "default" | "v2";
  readonly configuration: { readonly separator: "." | "/" };
}

/** An array's metadata as version 3 has it. */
export interface ArrayMetadata {
  readonly shape: readonly number[];
  readonly dataType: string;
  /** What is read at a time: an inner chunk of a shard, where there are shards. */
  readonly chunkShape: readonly number[];
  /** What lies under one key: a chunk, or a shard of them. */
  readonly gridShape: readonly number[];
  readonly keys: KeyEncoding;
  readonly fill: number;
  readonly dimensionNames?: readonly string[];
  /** For zarrita. */
  readonly document: object;
}

/** Decoded chunks above this are refused. */
const largestChunkBytes = 2 ** 28;
/** Bytes of a shard's index. */
const largestIndexBytes = 2 ** 26;
const mostDimensions = 8;

const namesOfV2: Readonly<Record<string, string>> = {
  ...{ b1: "bool", i1: "int8", u1: "uint8", i2: "int16", u2: "uint16", i4: "int32", u4: "uint32", i8: "int64", u8: "uint64" },
  ...{ f4: "float32", f8: "float64" },
};

type Json = Readonly<Record<string, unknown>>;

/** The metadata of a parsed `zarr.json` of an array. Throws Error with what is wrong or not read. */
export function readArrayV3(json: Json): ArrayMetadata {
  const grid = json["chunk_grid"] as { name?: string; configuration?: Json } | undefined;
  if (grid?.name !== "regular") throw new Error(`its chunks lie in a grid of kind ${JSON.stringify(grid?.name ?? null)}`);
  const encoding = json["chunk_key_encoding"] as { name?: string; configuration?: Json } | undefined;
  if (encoding?.name !== "default" && encoding?.name !== "v2") throw new Error("its names of chunks are of an unknown kind");
  const separator = encoding.configuration?.["separator"] ?? (encoding.name === "v2" ? "." : "/");
  if (separator !== "." && separator !== "/") throw new Error("its names of chunks are of an unknown kind");
  const names = json["dimension_names"];
  const dimensionNames = Array.isArray(names) && names.every((name) => typeof name === "string") ? (names as string[]) : undefined;
  return checkArray({
    shape: readShape(json["shape"], 0),
    dataType: typeof json["data_type"] === "string" ? json["data_type"] : JSON.stringify(json["data_type"] ?? null).slice(0, 60),
    gridShape: readShape(grid.configuration?.["chunk_shape"], 1),
    keys: { name: encoding.name, configuration: { separator } },
    codecs: readCodecs(json["codecs"]),
    fill: readFill(json["fill_value"]),
    ...(dimensionNames ? { dimensionNames } : {}),
  });
}

/** The metadata of a parsed `.zarray`. */
export function readArrayV2(json: Json): ArrayMetadata {
  const [, endian, kind] = /^([<>|])(\w+)$/.exec(String(json["dtype"])) ?? [];
  const dataType = lookUp(namesOfV2, kind);
  if (!dataType) throw new Error(`its numbers are ${JSON.stringify(json["dtype"] ?? null)}`);
  const filters = json["filters"];
  if (Array.isArray(filters) && filters.length > 0)
    throw new Error(`it has the filter ${JSON.stringify((filters[0] as Json | null)?.["id"] ?? null)}`);
  const shape = readShape(json["shape"], 0);
  const compressor = json["compressor"] as (Json & { id?: string }) | null | undefined;
  const codecs: CodecMetadata[] = [{ name: "bytes", configuration: { endian: endian === ">" ? "big" : "little" } }];
  if (json["order"] === "F")
    codecs.unshift({ name: "transpose", configuration: { order: shape.map((_, axis) => shape.length - 1 - axis) } });
  if (compressor) codecs.push({ name: compressor.id as string, configuration: compressor });
  const separator = json["dimension_separator"] ?? ".";
  if (separator !== "." && separator !== "/") throw new Error("its names of chunks are of an unknown kind");
  return checkArray({
    ...{ shape, dataType, codecs: readCodecs(codecs), fill: readFill(json["fill_value"]) },
    gridShape: readShape(json["chunks"], 1),
    keys: { name: "v2", configuration: { separator } },
  });
}

interface RawArray {
  readonly shape: readonly number[];
  readonly dataType: string;
  readonly gridShape: readonly number[];
  readonly keys: KeyEncoding;
  readonly codecs: readonly CodecMetadata[];
  readonly fill: number;
  readonly dimensionNames?: readonly string[];
}

function checkArray({ shape, dataType, gridShape, keys, codecs, fill, dimensionNames }: RawArray): ArrayMetadata {
  const size = bytesOfNumber(dataType);
  if (gridShape.length !== shape.length) throw new Error(`its chunks have ${gridShape.length} sides, the image ${shape.length}`);
  const sharding = codecs.find(({ name }) => name === "sharding_indexed");
  let chunkShape = gridShape;
  if (sharding) {
    if (codecs.length > 1) throw new Error("its shards are packed again");
    chunkShape = readShape(sharding.configuration["chunk_shape"], 1);
    const inner = readCodecs(sharding.configuration["codecs"]);
    const index = readCodecs(sharding.configuration["index_codecs"]);
    if (inner.some(({ name }) => name === "sharding_indexed")) throw new Error("its shards hold shards");
    if (index.some(({ name }) => name !== "bytes" && name !== "crc32c")) throw new Error("the index of its shards is packed");
    if ((sharding.configuration["index_location"] ?? "end") !== "end") throw new Error("the index of its shards lies at their beginning");
    if (chunkShape.length !== shape.length || gridShape.some((side, axis) => side % chunkShape[axis]! !== 0))
      throw new Error("the chunks of its shards do not fill them");
    const parts = gridShape.reduce((product, side, axis) => product * (side / chunkShape[axis]!), 1);
    if (16 * parts > largestIndexBytes) throw new Error(`its shards have ${parts} chunks each`);
  }
  const bytes = chunkShape.reduce((product, side) => product * side, size);
  if (bytes > largestChunkBytes) throw new Error(`its chunks have ${bytes} bytes each, more than 256 MiB`);
  const document = {
    ...{ zarr_format: 3, node_type: "array", shape, data_type: dataType, codecs, attributes: {} },
    chunk_grid: { name: "regular", configuration: { chunk_shape: gridShape } },
    chunk_key_encoding: keys,
    fill_value: dataType.endsWith("int64") ? BigInt(Math.trunc(fill)) : dataType === "bool" ? fill !== 0 : fill,
  };
  return { shape, dataType, chunkShape, gridShape, keys, fill, document, ...(dimensionNames ? { dimensionNames } : {}) };
}

function readShape(value: unknown, least: number): readonly number[] {
  const good =
    Array.isArray(value) &&
    value.length >= 1 &&
    value.length <= mostDimensions &&
    value.every((side) => Number.isSafeInteger(side) && (side as number) >= least && (side as number) < 2 ** 31);
  if (!good) throw new Error(`its shape is ${JSON.stringify(value ?? null).slice(0, 100)}`);
  return value as number[];
}

function readCodecs(value: unknown): readonly CodecMetadata[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > 16) throw new Error("its list of codecs is broken");
  return value.map((codec: unknown) => {
    const { name, configuration = {} } = (typeof codec === "string" ? { name: codec } : (codec ?? {})) as Partial<CodecMetadata>;
    if (typeof name !== "string" || !codecNames.includes(name))
      throw new Error(`it is packed with ${JSON.stringify(name ?? null).slice(0, 60)}`);
    if (typeof configuration !== "object" || configuration === null) throw new Error(`the settings of its codec ${name} are broken`);
    return { name, configuration };
  });
}

/** Numbers, and the words that JSON has no number for. */
function readFill(value: unknown): number {
  if (value === null || value === undefined) return 0;
  if (typeof value === "boolean") return value ? 1 : 0;
  const number = value === "-Infinity" ? Number.NEGATIVE_INFINITY : Number(value);
  if (Number.isNaN(number) && value !== "NaN") throw new Error(`its fill value is ${JSON.stringify(value).slice(0, 40)}`);
  return number;
}
