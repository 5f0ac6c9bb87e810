// OME-Zarr in (0.1 to 0.5), and plain Zarr arrays: levels as arrays, read by boxes, chunk by chunk. Missing chunks are the fill value,
// as the format wants, and are counted; whatever else is wrong with a chunk is an error that names it. Reading order of this
// folder: store, multiscales, array-metadata, codecs, chunks, read-level.

import { createTypedArray, type Raster } from "../../array/raster.ts";
import { parseJson } from "../../json.ts";
import { describeError, Problem } from "../../problem.ts";
import { chooseCacheBytes, createChunkCache } from "../chunk-cache.ts";
import { fingerprintValues } from "../fingerprint.ts";
import { createGaps } from "../gaps.ts";
import { toPlainName } from "../plain-text.ts";
import { isSmallerCopy, withStep } from "../pyramid.ts";
import { assertCounts, assertRequest, nameChannels } from "../raster-source.ts";
import { assertOneRead, type ReadPlan } from "../read-plan.ts";
import type { ImageSource, ReadRequest, Level as SizedLevel } from "../source.ts";
import { describeUnknownUnit, toPixelSide } from "../units.ts";
import { type ArrayMetadata, readArrayV2, readArrayV3 } from "./array-metadata.ts";
import { createNoImage, listChildren } from "./children.ts";
import { planChunks } from "./chunk-plan.ts";
import { type Chunk, createChunkReader } from "./chunks.ts";
import { type Multiscale, readMultiscale } from "./multiscales.ts";
import { type Level, placeAxes, readLevel } from "./read-level.ts";
import type { ByteStore } from "./store.ts";

const largestDocumentBytes = 2 ** 24;

type Json = Readonly<Record<string, unknown>>;

/** A node of the hierarchy: its attributes and, for an array, its metadata. */
interface Node {
  readonly version: 2 | 3;
  readonly attributes: Json;
  readonly array?: ArrayMetadata;
}

/**
 * The source of the image in a store; undefined when there is no Zarr hierarchy at all. It takes the store over.
 * Throws Problem InvalidData for metadata that cannot be true, UnsupportedImage for what is not read.
 */
export async function openZarr(
  store: ByteStore,
  { skipBad = false, signal }: { skipBad?: boolean; signal?: AbortSignal | undefined } = {},
): Promise<ImageSource | undefined> {
  const { name } = store;
  const root = await readNode(store, "", { signal });
  if (!root) return undefined;
  const { image, path, node, others = false } = await findImage(store, root, signal);
  const names = image?.paths ?? [""];
  const arrays = await Promise.all(
    names.map(async (level, index) => {
      const at = [path, level].filter((part) => part !== "").join("/");
      return {
        at,
        step: image?.steps[index],
        array: level === "" ? node.array : (await readNode(store, at, { signal, arrayOf: node.version }))?.array,
      };
    }),
  );
  const [first] = arrays;
  if (!first?.array) throw createDamage(name, `its full-size level "${first?.at ?? ""}" is missing`);
  const axes = placeAxes(image?.axes ?? first.array.dimensionNames, first.array.shape.length, (reason) => createUnsupported(name, reason));
  const toLevel = ({ at, array }: { at: string; array: ArrayMetadata }): Level => ({
    array,
    axes,
    chunks: createChunkReader(store, at, array),
  });
  const full = toLevel({ at: first.at, array: first.array });
  const sizeOf = ({ array }: Level, axis: number | undefined): number => (axis === undefined ? 1 : array.shape[axis]!);
  const [width, height] = [sizeOf(full, axes.x), sizeOf(full, axes.y)];
  if (first.array.shape.includes(0)) throw createDamage(name, `its shape is ${first.array.shape.join("x")}`);
  const levels = [full];
  const notices: string[] = [];
  const sizes: SizedLevel[] = [{ width, height }];
  for (const { at, array, step } of arrays.slice(1)) {
    const level = array && toLevel({ at, array });
    const problem = !level ? "is missing" : findMismatch(level, full, levels.at(-1)!);
    if (level && problem === undefined) {
      levels.push(level);
      sizes.push(withStep({ width, height }, { width: sizeOf(level, axes.x), height: sizeOf(level, axes.y) }, step));
    } else notices.push(`${name}: its level "${at}" ${problem}; it is left out.`);
  }
  const strange = image?.unit === undefined ? undefined : describeUnknownUnit(name, image.unit);
  if (strange !== undefined) notices.push(strange);
  const side = toPixelSide(name, image?.pixelUm?.x, image?.pixelUm?.y);
  notices.push(...(side.notices ?? []));
  if (others) notices.push(`${name} holds several images; the first, "${path}", is read. Open another by its folder, such as ${name}/1.`);
  const count = sizeOf(full, axes.c);
  const { byteLength: numberBytes } = createTypedArray(full.chunks.dtype, 1);
  assertCounts(name, { channels: count, planes: sizeOf(full, axes.z) * sizeOf(full, axes.t) });
  const given = image?.channelNames.length === count ? image.channelNames : [];
  const across =
    Math.ceil(width / first.array.chunkShape[axes.x]!) * Math.ceil(count / (axes.c === undefined ? 1 : first.array.chunkShape[axes.c]!));
  const chunkBytes = first.array.chunkShape.reduce((a, b) => a * b, numberBytes);
  const keptBytes = chooseCacheBytes(across * chunkBytes);
  const cache = createChunkCache<Chunk>(keptBytes);
  const gaps = createGaps();
  const planOf = ({ level = 0, channels = source.channels.map((_, channel) => channel), ...request }: ReadRequest): ReadPlan => {
    const { array } = levels[level]!;
    const isRequested = store.isDistant === true && array.gridShape === array.chunkShape;
    return planChunks(levels[level]!, { ...request, channels }, { numberBytes, keptBytes, isRequested });
  };
  const source: ImageSource = {
    ...{ name, width, height, dtype: full.chunks.dtype, sizeZ: sizeOf(full, axes.z), sizeT: sizeOf(full, axes.t), gaps },
    channels: nameChannels(count, false).map((channel, index) => ({ name: toPlainName(given[index] ?? "") || channel.name })),
    levels: sizes,
    ...(side.pixelSizeUm === undefined ? {} : { pixelSizeUm: side.pixelSizeUm }),
    ...(notices.length === 0 ? {} : { notices }),
    fingerprint: (signal = new AbortController().signal) => fingerprintHierarchy(store, [path, first.at], [full, levels.at(-1)!], signal),
    plan: async (request) => planOf(request),
    async read(request) {
      assertRequest(source, request);
      assertOneRead(name, planOf(request));
      const channels = request.channels ?? source.channels.map((_, channel) => channel);
      const [rows, columns] = [request.y1 - request.y0, request.x1 - request.x0];
      const data = createTypedArray(source.dtype, rows * columns * channels.length);
      const out: Raster = { height: rows, width: columns, channels: channels.length, data };
      const number = request.level ?? 0;
      // Levels may have fewer planes in depth.
      const z = Math.floor(((request.z ?? 0) * sizeOf(levels[number]!, axes.z)) / source.sizeZ);
      await readLevel({ ...levels[number]!, name, number, cache, gaps, skipBad }, { ...request, z, t: request.t ?? 0, channels }, out);
      return out;
    },
    dispose() {
      cache.clear();
      store.dispose?.();
    },
  };
  return source;
}

/** Fingerprint of a hierarchy: its documents, three chunks of the full size, and one of the smallest level, since many corners are absent. */
async function fingerprintHierarchy(
  store: ByteStore,
  groups: readonly string[],
  [full, smallest]: readonly [Level, Level],
  signal: AbortSignal,
): Promise<string> {
  const keys = [...new Set(groups)].flatMap((group) =>
    ["zarr.json", ".zarray", ".zattrs"].map((file) => (group ? `${group}/${file}` : file)),
  );
  const documents = await Promise.all(keys.map((key) => store.get(key, signal)));
  const last = full.array.shape.map((side, axis) => Math.ceil(side / full.array.chunkShape[axis]!) - 1);
  const places = [last.map(() => 0), last.map((index) => Math.floor(index / 2)), last];
  const readOne = async ({ chunks }: Level, at: readonly number[]): Promise<Uint8Array | undefined> => {
    const { data } = await chunks.read(at, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      if (error instanceof Problem) throw error;
      return { data: new Uint8Array(1) }; // damaged
    });
    return data && new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  };
  const pixels = await Promise.all([...places.map((at) => readOne(full, at)), readOne(smallest, places[0]!)]);
  return fingerprintValues([...documents, ...pixels]);
}

/** The first image at or below the root: bioformats2raw puts images into numbered groups. */
async function findImage(
  store: ByteStore,
  root: Node,
  signal: AbortSignal | undefined,
): Promise<{ image?: Multiscale; path: string; node: Node; others?: boolean }> {
  const { name } = store;
  const read = (node: Node): Multiscale | undefined => {
    try {
      return readMultiscale(node.attributes);
    } catch (cause) {
      throw createDamage(name, describeError(cause), cause);
    }
  };
  const image = read(root);
  if (image) return { image, path: "", node: root };
  if (root.array) return { path: "", node: root };
  const first = "bioformats2raw.layout" in root.attributes ? await readNode(store, "0", { signal }) : undefined;
  const below = first && read(first);
  if (first && below) return { image: below, path: "0", node: first, others: (await readNode(store, "1", { signal })) !== undefined };
  throw createNoImage(
    name,
    await listChildren(store, root, async (path) => {
      const node = await readNode(store, path, { signal }).catch(() => undefined);
      return node !== undefined && (node.array !== undefined || "multiscales" in node.attributes);
    }),
  );
}

/**
 * Reads `zarr.json`, or else `.zarray`, `.zgroup` and `.zattrs`; undefined when there is none of them. `arrayOf`: an array of this
 * version is wanted, and nothing else asked for.
 */
async function readNode(
  store: ByteStore,
  path: string,
  { signal, arrayOf }: { signal?: AbortSignal | undefined; arrayOf?: 2 | 3 },
): Promise<Node | undefined> {
  const { name } = store;
  const read = async (file: string): Promise<Json | undefined> => {
    const key = path === "" ? file : `${path}/${file}`;
    const bytes = await store.get(key, signal, largestDocumentBytes).catch((cause: unknown) => {
      throw cause instanceof Problem || signal?.aborted ? cause : createDamage(name, describeError(cause), cause);
    });
    return bytes && parseDocument(bytes, key, name);
  };
  const attributesOf = (json: Json | undefined): Json => ({ ...(json as object | undefined) });
  const three = arrayOf === 2 ? undefined : await read("zarr.json");
  if (three) {
    const attributes = attributesOf(three["attributes"] as Json | undefined);
    const node: Node = { version: 3, attributes: { ...attributes, ...attributesOf(attributes["ome"] as Json | undefined) } };
    return three["node_type"] === "array" ? { ...node, array: checkArray(name, path, () => readArrayV3(three)) } : node;
  }
  if (arrayOf === 3) return undefined;
  const files = arrayOf === 2 ? [".zarray"] : [".zarray", ".zattrs", ".zgroup"];
  const [array, attributes, group] = await Promise.all(files.map(read));
  if (!array && !attributes && !group) return undefined;
  const node: Node = { version: 2, attributes: attributesOf(attributes) };
  return array ? { ...node, array: checkArray(name, path, () => readArrayV2(array)) } : node;
}

function parseDocument(bytes: Uint8Array, key: string, name: string): Json {
  const text = new TextDecoder().decode(bytes);
  try {
    const json = parseJson(text);
    if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as Json;
  } catch {
    // Told below.
  }
  throw createDamage(name, /^\s*</.test(text) ? `the server answers a page (HTML) in place of ${key}` : `${key} is no JSON object`);
}

function checkArray(name: string, path: string, read: () => ArrayMetadata): ArrayMetadata {
  try {
    return read();
  } catch (cause) {
    throw createUnsupported(name, `an array ("${path}") of which ${describeError(cause)}`);
  }
}

/** Why an array can be no level of the image; undefined when it can. */
function findMismatch({ array, axes, chunks }: Level, full: Level, previous: Level): string | undefined {
  if (array.shape.length !== full.array.shape.length || chunks.dtype !== full.chunks.dtype) return "is of another kind than the image";
  const size = ({ array }: Level): { width: number; height: number } => ({ width: array.shape[axes.x]!, height: array.shape[axes.y]! });
  const level = { array, axes, chunks };
  if (!isSmallerCopy(size(level), size(full), 0.02) || size(level).width > size(previous).width)
    return `has ${array.shape.join("x")} pixels and is no smaller copy`;
  const differs = array.shape.some(
    (side, axis) => axis !== axes.y && axis !== axes.x && axis !== axes.z && side !== full.array.shape[axis],
  );
  return differs ? "has other channels or times than the image" : undefined;
}

function createDamage(name: string, reason: string, cause?: unknown): Problem {
  const message = `Expected a whole OME-Zarr image; ${name} is damaged: ${reason}. Get or write it again.`;
  return new Problem("InvalidData", message, { path: name, reason }, cause === undefined ? undefined : { cause });
}

function createUnsupported(name: string, reason: string): Problem {
  return new Problem("UnsupportedImage", `Expected an OME-Zarr image; ${name} is ${reason}. Write it as plain OME-Zarr 0.4 or 0.5.`, {
    path: name,
    reason,
  });
}
