// An ImageSource over pixels that are, or can be brought, in memory: what PNG, JPEG and host arrays end in.

import { createTypedArray, type DType, type Raster } from "../array/raster.ts";
import { Problem } from "../problem.ts";
import { type ByteReader, readWhole } from "./bytes.ts";
import type { Gaps } from "./gaps.ts";
import type { ImageSource, ReadRequest } from "./source.ts";

/** Facts from the header of an image that is decoded as a whole. */
interface DecodedFacts extends Pick<ImageSource, "name" | "width" | "height" | "dtype" | "notices" | "lossy"> {
  /** Number of channels; three are red, green and blue. */
  readonly channels: number;
}

/** The source of a file that is decoded as a whole: at the first read, and kept until `dispose`. */
export function createDecodedSource(
  reader: ByteReader,
  { channels, ...facts }: DecodedFacts,
  decode: (bytes: Uint8Array) => Raster | Promise<Raster>,
): ImageSource {
  const { name, width, height, dtype } = facts;
  let decoded: Promise<Raster> | undefined;
  const source: ImageSource = {
    ...facts,
    ...{ sizeZ: 1, sizeT: 1, levels: [{ width, height }], channels: nameChannels(channels, channels === 3) },
    async read(request) {
      assertRequest(source, request);
      decoded ??= readWhole(reader, name)
        .then(decode)
        .finally(() => reader.dispose?.());
      return cropRaster(await decoded, dtype, request);
    },
    dispose() {
      decoded = undefined;
      void reader.dispose?.();
    },
  };
  return source;
}

/** Copies the box and channels of a request out of a raster, into a new array of the same number type. */
function cropRaster(raster: Raster, dtype: DType, { y0, x0, y1, x1, channels }: ReadRequest): Raster {
  const picked = channels ?? Array.from({ length: raster.channels }, (_, c) => c);
  const height = y1 - y0;
  const width = x1 - x0;
  const data = createTypedArray(dtype, height * width * picked.length);
  const all = picked.length === raster.channels && picked.every((channel, index) => channel === index);
  for (let y = 0; y < height; y++) {
    const row = ((y0 + y) * raster.width + x0) * raster.channels;
    if (all) {
      data.set(raster.data.subarray(row, row + width * raster.channels), y * width * raster.channels);
      continue;
    }
    let to = y * width * picked.length;
    for (let x = 0; x < width; x++) {
      for (const channel of picked) data[to++] = raster.data[row + x * raster.channels + channel]!;
    }
  }
  return { height, width, channels: picked.length, data };
}

/** Numbers of one box: more are in no memory. */
const mostNumbers = 2 ** 32;

/** Throws Problem InvalidData unless the request lies inside the source, UnsupportedImage for a box that no memory holds. */
export function assertRequest(source: ImageSource, { y0, x0, y1, x1, level = 0, z = 0, t = 0, channels, signal }: ReadRequest): void {
  signal?.throwIfAborted();
  const fail = (what: string): Problem => {
    const reason = "outside the image";
    return new Problem("InvalidData", `Expected ${what} of ${source.name}. Ask for pixels inside the image.`, {
      path: source.name,
      reason,
    });
  };
  const size = source.levels[level];
  if (!size) throw fail(`a level from 0 to ${source.levels.length - 1}, got ${level},`);
  const whole = [y0, x0, y1, x1].every(Number.isInteger);
  if (!whole || y0 < 0 || x0 < 0 || y1 <= y0 || x1 <= x0 || y1 > size.height || x1 > size.width) {
    throw fail(`a box inside ${size.width}x${size.height}, got x ${x0} to ${x1}, y ${y0} to ${y1},`);
  }
  const numbers = (y1 - y0) * (x1 - x0) * (channels ?? source.channels).length;
  if (numbers > mostNumbers) throw refuseLarge(source.name, numbers);
  if (!isIndex(z, source.sizeZ)) throw fail(`a z from 0 to ${source.sizeZ - 1}, got ${z},`);
  if (!isIndex(t, source.sizeT)) throw fail(`a t from 0 to ${source.sizeT - 1}, got ${t},`);
  for (const channel of channels ?? []) {
    if (!isIndex(channel, source.channels.length)) throw fail(`a channel from 0 to ${source.channels.length - 1}, got ${channel},`);
  }
}

function refuseLarge(name: string, numbers: number): Problem {
  const reason = `${numbers.toLocaleString("en")} numbers of it would be read at once, at most ${mostNumbers.toLocaleString("en")} can be`;
  return new Problem(
    "UnsupportedImage",
    `Expected an image that can be read in parts; of ${name} ${reason}. Save a smaller part of it, or a pyramid.`,
    {
      path: name,
      reason,
    },
  );
}

/** Planes and channels that an image may have: more are a file's mistake, or its trick. */
const mostPlanes = 2 ** 20;
const mostChannels = 2 ** 16;

/** Throws Problem UnsupportedImage for an image that tells of more planes or channels than anything has. */
export function assertCounts(name: string, { channels, planes }: { readonly channels: number; readonly planes: number }): void {
  const refuse = (count: number, what: string, most: number): Problem => {
    const reason = `it tells of ${count.toLocaleString("en")} ${what}, at most ${most.toLocaleString("en")} are read`;
    return new Problem("UnsupportedImage", `Expected an image; of ${name} ${reason}. Check what its sizes mean, or save a part of it.`, {
      path: name,
      reason,
    });
  };
  if (channels > mostChannels) throw refuse(channels, "channels", mostChannels);
  if (planes > mostPlanes) throw refuse(planes, "planes", mostPlanes);
}

/** Names for the channels of an image that does not name them. */
export function nameChannels(count: number, colour: boolean): readonly { readonly name: string }[] {
  const colours = ["red", "green", "blue"];
  return Array.from({ length: count }, (_, c) => ({ name: (colour && colours[c]) || `channel ${c + 1}` }));
}

/** The source with `name` instead of its own, and reading deferred: `open` is called at the first read, and again after `dispose`. */
export function deferSource(source: ImageSource, open: () => Promise<ImageSource>): ImageSource {
  let opened: Promise<ImageSource> | undefined;
  let live = source;
  const { name, width, height, channels, dtype, sizeZ, sizeT, levels, pixelSizeUm, notices, lossy } = source;
  const gaps: Gaps = {
    get missingChunks() {
      return live.gaps?.missingChunks ?? 0;
    },
    get foundAny() {
      return live.gaps?.foundAny ?? false;
    },
    get badChunks() {
      return live.gaps?.badChunks ?? [];
    },
  };
  const reach = async (): Promise<ImageSource> => {
    opened ??= open();
    live = await opened;
    return live;
  };
  return {
    ...{ name, width, height, channels, dtype, sizeZ, sizeT, levels },
    ...(pixelSizeUm === undefined ? {} : { pixelSizeUm }),
    ...(notices === undefined ? {} : { notices }),
    ...(lossy === undefined ? {} : { lossy }),
    ...(source.gaps === undefined ? {} : { gaps }),
    ...(source.plan && { plan: async (request: ReadRequest) => (await reach()).plan!(request) }),
    read: async (request) => (await reach()).read(request),
    dispose() {
      void opened?.then(
        (source) => source.dispose?.(),
        () => {},
      );
      opened = undefined;
    },
  };
}

function isIndex(value: number, length: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < length;
}
