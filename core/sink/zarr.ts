// Zarr arrays and OME-Zarr groups out, chunk by chunk: version 0.4 (Zarr 2, what most readers know) and 0.5 (Zarr 3). Chunks are
// little-endian and packed by zlib (0.4) or gzip (0.5); a chunk of zeros alone is not written where the caller allows it: the
// fill value is 0. Specification: https://ngff.openmicroscopy.org, https://zarr-specs.readthedocs.io.

import { createTypedArray, type DType, type TypedArray } from "../array/raster.ts";
import { parseJsonBytes } from "../json.ts";
import { describeError, Problem } from "../problem.ts";
import { type Packing, pack, unpack, usualPacking } from "../source/platform-zlib.ts";
import type { InOrder } from "./in-order.ts";
import type { ChunkStore } from "./store.ts";

export type NgffVersion = "0.4" | "0.5";

export interface ZarrLayout {
  readonly shape: readonly number[];
  readonly chunks: readonly number[];
  readonly dtype: DType;
  readonly version: NgffVersion;
  /** "y", "x" and so on. */
  readonly axes: readonly string[];
  readonly packing?: Packing;
}

export interface ZarrArray {
  /** A whole chunk, padded with zeros where it reaches over the array's end. Throws Problem CannotWrite. */
  write(at: readonly number[], data: TypedArray): Promise<void>;
  /** Undefined where none was written. Throws Problem UnsupportedImage for a chunk that is broken. Zarr 2 only: what we write to go on with. */
  read(at: readonly number[]): Promise<TypedArray | undefined>;
  has(at: readonly number[]): Promise<boolean>;
}

const dtypes: Readonly<Record<DType, string>> = { uint8: "|u1", int8: "|i1", uint16: "<u2", int16: "<i2", uint32: "<u4", int32: "<i4", float32: "<f4", float64: "<f8" }; // biome-ignore format: a table

/** Returns the function that writes chunks of the array at `path`, whose metadata are still to be written. `inOrder`: chunks come to the store in the order of the calls. */
export function openZarrWriter(
  store: Pick<ChunkStore, "write">,
  path: string,
  { version, packing }: ZarrLayout,
  inOrder: InOrder = async (ready, take) => take(await ready),
): ZarrArray["write"] {
  const format = version === "0.4" ? "deflate" : "gzip";
  return (at, data) => inOrder(pack(toBytes(data), format, packing), (packed) => store.write(nameChunk(path, version, at), packed));
}

/** The array at `path`, its metadata still to be written. */
export function openWorkingArray(store: ChunkStore, path: string, layout: ZarrLayout): ZarrArray {
  const { chunks, dtype, version } = layout;
  const nameOf = (at: readonly number[]): string => nameChunk(path, version, at);
  const length = chunks.reduce((a, b) => a * b, 1);
  return {
    write: openZarrWriter(store, path, layout),
    async read(at) {
      const name = nameOf(at);
      const packed = await store.read(name);
      if (packed === undefined) return undefined;
      const size = length * createTypedArray(dtype, 0).BYTES_PER_ELEMENT;
      const bytes = await unpack(packed, "deflate", size + 1);
      if (bytes === undefined) throw await brokenChunk(store, name, "its checksum is wrong, or it was cut off");
      if (bytes.length !== size) throw await brokenChunk(store, name, `it unpacks to ${bytes.length} of ${size} bytes`);
      if (dtype === "uint8") return bytes;
      const out = createTypedArray(dtype, length);
      toBytes(out).set(bytes);
      return out;
    },
    has: (at) => store.has(nameOf(at)),
  };
}

function nameChunk(path: string, version: NgffVersion, at: readonly number[]): string {
  return `${path}/${version === "0.5" ? "c/" : ""}${at.join("/")}`;
}

export async function writeZarrMetadata(
  store: Pick<ChunkStore, "write">,
  path: string,
  { shape, chunks, dtype, version, axes, packing: { level } = usualPacking }: ZarrLayout,
): Promise<void> {
  if (version === "0.4") {
    const compressor = { id: "zlib", level };
    const common = { zarr_format: 2, shape, chunks, dtype: dtypes[dtype], compressor, fill_value: 0, filters: null };
    return writeJson(store, `${path}/.zarray`, { ...common, order: "C", dimension_separator: "/" });
  }
  const codecs = [
    { name: "bytes", configuration: { endian: "little" } },
    { name: "gzip", configuration: { level } },
  ];
  const grid = { name: "regular", configuration: { chunk_shape: chunks } };
  const keys = { name: "default", configuration: { separator: "/" } };
  const common = { zarr_format: 3, node_type: "array", shape, data_type: dtype, chunk_grid: grid, chunk_key_encoding: keys };
  return writeJson(store, `${path}/zarr.json`, { ...common, fill_value: 0, codecs, dimension_names: axes });
}

export interface OmeGroup {
  readonly version: NgffVersion;
  readonly name: string;
  readonly axes: readonly ("c" | "y" | "x")[];
  /** [.., height, width] of each level, finest first; each pixel of one is two, a side, of the one before, and the last may be cut. */
  readonly shapes: readonly (readonly number[])[];
  readonly pixelSizeUm?: number | undefined;
  /** True: a label image. */
  readonly isLabels: boolean;
  /** Labels in their image's group: the image, as seen from here. */
  readonly labelled?: string | undefined;
  /** Names of the channels, where there are several. */
  readonly channels?: readonly string[] | undefined;
  /** The value of channels that is shown as white; default 1. */
  readonly white?: number;
  /** What we keep beside the standard's own, under "overtile". */
  readonly note?: unknown;
}

/** The attributes of a multiscale image whose levels are the arrays "0", "1" and so on. */
export async function writeOmeGroup(store: Pick<ChunkStore, "write">, path: string, group: OmeGroup): Promise<void> {
  const { version, name, axes, shapes, pixelSizeUm, isLabels, labelled, channels, white = 1, note } = group;
  const unit = pixelSizeUm === undefined ? {} : { unit: "micrometer" };
  const datasets = shapes.map((_, level) => {
    const scale = axes.map((axis) => (axis === "c" ? 1 : (pixelSizeUm ?? 1) * 2 ** level));
    return { path: String(level), coordinateTransformations: [{ type: "scale", scale }] };
  });
  const described = axes.map((axis) => (axis === "c" ? { name: axis, type: "channel" } : { name: axis, type: "space", ...unit }));
  const inner = version === "0.4" ? { version } : {};
  const ome = {
    multiscales: [{ ...inner, name, axes: described, datasets }],
    ...(isLabels && { "image-label": { ...inner, ...(labelled && { source: { image: labelled } }) } }),
    ...(channels && {
      omero: { channels: channels.map((label) => ({ label, color: "FFFFFF", window: { min: 0, max: white, start: 0, end: white } })) },
    }),
  };
  const notes = note === undefined ? {} : { overtile: note };
  const prefix = path === "" ? "" : `${path}/`;
  if (version === "0.4") {
    await writeJson(store, `${prefix}.zgroup`, { zarr_format: 2 });
    return writeJson(store, `${prefix}.zattrs`, { ...ome, ...notes });
  }
  const attributes = { ome: { version, ...ome }, ...notes };
  return writeJson(store, `${prefix}zarr.json`, { zarr_format: 3, node_type: "group", attributes });
}

export function writeJson(store: Pick<ChunkStore, "write">, name: string, value: unknown): Promise<void> {
  return store.write(name, new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`));
}

/** The value of a JSON file; undefined where there is none. Throws Problem InvalidData for one that is damaged. */
export async function readJson(store: ChunkStore, name: string): Promise<unknown> {
  const bytes = await store.read(name);
  try {
    return bytes && parseJsonBytes(bytes);
  } catch (cause) {
    const reason = describeError(cause);
    const message = `Expected JSON in ${name}; it is damaged: ${reason}. Write the image again, or begin the run anew.`;
    throw new Problem("InvalidData", message, { path: name, reason }, { cause });
  }
}

/** The array's bytes, where they lie. Every machine that we run on is little-endian. */
function toBytes({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** The Problem of a chunk that is broken. Where no user can delete it, it is removed: the run then makes it again. */
async function brokenChunk(store: ChunkStore, name: string, reason: string): Promise<Problem> {
  const path = store.pathOf?.(name) ?? name;
  await store.remove?.(name);
  const advice =
    store.remove === undefined
      ? "Delete that file and run again with --resume."
      : "It is removed: go on with the run, which makes it again.";
  return new Problem("UnsupportedImage", `Expected a whole chunk in ${path}; ${reason}. ${advice}`, { path, reason });
}
