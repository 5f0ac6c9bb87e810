// The record of a slide's run, run.json: read with its checksum and the kinds of its fields looked at, since everything that goes on
// with the run believes it.

import type { Range } from "../array/normalize.ts";
import type { Box, DType } from "../array/raster.ts";
import { describeError, Problem } from "../problem.ts";
import { crc32 } from "../source/crc32.ts";
import type { ChunkStore } from "./store.ts";
import { readJson, writeJson } from "./zarr.ts";

const recordName = "run.json";

export type ProbabilityType = "uint8" | "float32";

/** Everything that the numbers of a run depend on, and what is needed to make something of them later. Plain JSON. */
export interface SlideRecord {
  /** Where the image was found: another machine may call it otherwise. */
  readonly path: string;
  /** The file's own name. */
  readonly name: string;
  readonly height: number;
  readonly width: number;
  readonly dtype: DType;
  readonly plane: { readonly z: number; readonly t: number; readonly channels: readonly number[] };
  readonly model: string;
  /** SHA-256. */
  readonly weights: string;
  /** One a class, background first. */
  readonly classNames: readonly string[];
  readonly levels: number;
  readonly tile: number;
  readonly blockPx: number;
  readonly gridHeight: number;
  readonly gridWidth: number;
  readonly region?: Box;
  /** Absent: probabilities are not kept. */
  readonly probabilityType?: ProbabilityType;
  readonly pixelSizeUm?: number;
  readonly skipEmpty: boolean;
  /** What computes, and its build: others round otherwise. */
  readonly backend: string;
  /** What grey values are normalised by. */
  readonly ranges: readonly Range[];
  /** Half of the smallest objects that the model learnt. */
  readonly minSizePx: number;
  /** At which depth the model's objects are best cut apart. */
  readonly splitDepthPx: number;
  /** What tells the image from others of its name and size. Absent in runs of older builds. */
  readonly source?: string;
  /** The rest of the model's rule for objects (`ObjectRule`). Absent in runs of older builds, and then that of `plainRule`. */
  readonly smoothPx?: number;
  readonly fillHoles?: boolean;
  /** Above which probability a pixel was called an object. Absent: 0.5. */
  readonly threshold?: number;
  /** Over which views of a tile probabilities are averaged. Absent: none. */
  readonly symmetry?: "flips" | "eight";
  /** True: blocks keep the probability of the second of two classes, too, as a byte. Absent in runs of older builds and of more classes. */
  readonly keepsBytes?: boolean;
}

type Json = Readonly<Record<string, unknown>>;

/** Writes the record with its checksum. */
export function writeRecord(store: Pick<ChunkStore, "write">, record: SlideRecord): Promise<void> {
  return writeJson(store, recordName, { ...record, checksum: sumOf({ ...record }) });
}

/** The record of the run in a store; undefined where there is none. Throws Problem InvalidData for one that is damaged. */
export async function readRecord(store: ChunkStore, path?: string): Promise<SlideRecord | undefined> {
  try {
    const json = await readJson(store, recordName);
    return json === undefined ? undefined : checkRecord(json);
  } catch (cause) {
    const reason =
      cause instanceof Problem && cause.kind === "InvalidData" ? (cause.details as { reason: string }).reason : describeError(cause);
    const where = path === undefined ? recordName : `${path}/${recordName}`;
    const message = `Expected the record of a run at ${where}; it is damaged: ${reason}. Begin the run anew: with --overwrite, or, for shards and elsewhere, in another folder.`;
    throw new Problem("InvalidData", message, { path: where, reason }, { cause });
  }
}

const isText = (value: unknown): boolean => typeof value === "string";
const isSize = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0;
const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);
const isMissing = (value: unknown): boolean => value === undefined;

/** Kinds of the fields that every run has. */
const fields: Readonly<Record<string, (value: unknown) => boolean>> = {
  ...{ path: isText, name: isText, dtype: isText, model: isText, weights: isText, backend: isText },
  ...{ height: isSize, width: isSize, levels: isSize, tile: isSize, blockPx: isSize, gridHeight: isSize, gridWidth: isSize },
  ...{ minSizePx: Number.isFinite, splitDepthPx: Number.isFinite, skipEmpty: (value) => typeof value === "boolean" },
  classNames: (value) => Array.isArray(value) && value.length >= 2 && value.every(isText),
  ranges: (value) => Array.isArray(value) && value.length > 0 && value.every(isObject),
  plane: (value) => isObject(value) && Array.isArray((value as Json)["channels"]),
  region: (value) => isMissing(value) || (isObject(value) && Object.values(value as Json).every(Number.isSafeInteger)),
  probabilityType: (value) => isMissing(value) || value === "uint8" || value === "float32",
  source: (value) => isMissing(value) || isText(value),
  smoothPx: (value) => isMissing(value) || Number.isFinite(value),
  fillHoles: (value) => isMissing(value) || typeof value === "boolean",
  threshold: (value) => isMissing(value) || Number.isFinite(value),
  symmetry: (value) => isMissing(value) || value === "flips" || value === "eight",
  keepsBytes: (value) => isMissing(value) || typeof value === "boolean",
  pixelSizeUm: (value) => isMissing(value) || Number.isFinite(value),
};

/** Runs of earlier versions have no checksum, and these fields only. */
function checkRecord(json: unknown): SlideRecord {
  if (!isObject(json)) throw new Error("it is no record");
  const { checksum, ...record } = json as Json;
  if (checksum !== undefined && checksum !== sumOf(record)) throw new Error("its checksum is wrong");
  const unknown = checksum === undefined ? Object.keys(record).find((key) => !Object.hasOwn(fields, key)) : undefined;
  if (unknown !== undefined) throw new Error(`it has a field ${JSON.stringify(unknown.slice(0, 40))}`);
  for (const [key, isGood] of Object.entries(fields))
    if (!isGood(Object.hasOwn(record, key) ? record[key] : undefined)) throw new Error(`its "${key}" is missing or cannot be`);
  return record as unknown as SlideRecord;
}

/** Checksum of the record as JSON: fields keep their order when it is written and read. */
function sumOf(record: Json): number {
  return crc32(new TextEncoder().encode(JSON.stringify(record)));
}
