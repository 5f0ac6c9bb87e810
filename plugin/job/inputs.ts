// Inputs made ready to cross to the worker: arrays copied once (or handed over where the caller says so), addresses made whole,
// since the worker's own address is another one.

import { Problem } from "../../core/problem.ts";
import type { Image, Pixels, Sample } from "../contract.ts";

/** Options of packing, and the buffers that go with it. */
export interface Packing {
  /** Relative addresses are relative to this. */
  readonly base: string | undefined;
  /** True: hand the caller's own buffers over. */
  readonly transfer: boolean;
  /** Filled with the buffers to be transferred. */
  readonly transfers: Transferable[];
}

/** An image that can cross. Throws Problem InvalidData for what is none. */
export function packImage(image: Image, packing: Packing): Image {
  if (typeof image === "string" || image instanceof URL) return resolveAddress(image, packing.base);
  if (isFileOrFolder(image)) return image;
  if (!isPixels(image)) throw unknownImage(image);
  const data = packArray(image.data, packing);
  const { shape, axes, pixelSizeUm, name } = image;
  return {
    data,
    shape: Array.isArray(shape) ? [...shape] : shape,
    ...(axes !== undefined && { axes }),
    ...(pixelSizeUm !== undefined && { pixelSizeUm }),
    ...(name !== undefined && { name }),
  };
}

/** A sample that can cross. Throws Problem InvalidData for what is none. */
export function packSample(sample: Sample, packing: Packing): Sample {
  assertSample(sample);
  const { image, labels, classes, ignore, regions, use, name } = sample;
  return {
    image: packImage(image, packing),
    ...(labels !== undefined && { labels: packImage(labels, packing) }),
    ...(classes !== undefined && { classes: packImage(classes, packing) }),
    ...(ignore !== undefined && { ignore: packImage(ignore, packing) }),
    ...(regions !== undefined && { regions: structuredClone(regions) }),
    ...(use !== undefined && { use }),
    ...(name !== undefined && { name }),
  };
}

/** A whole address; where there is no base (a worker without a page), as it came. */
export function resolveAddress(address: string | URL, base: string | undefined): string {
  const text = String(address);
  return URL.canParse(text, base) ? new URL(text, base).href : text;
}

/** The array in a buffer of its own, since a view would cross with all of the buffer that it lies in. */
function packArray<T extends Pixels["data"]>(array: T, { transfer, transfers }: Packing): T {
  if (!ArrayBuffer.isView(array) || array instanceof DataView) return array;
  const isWhole = array.byteLength === array.buffer.byteLength && array.buffer instanceof ArrayBuffer;
  const own = transfer && isWhole ? array : (array.slice() as T);
  const buffer = own.buffer as ArrayBuffer;
  if (!transfers.includes(buffer)) transfers.push(buffer); // one array may be used twice
  return own;
}

/** True for inputs that are opened where they lie: a file, its bytes, the files of a folder, or a folder's handle. */
function isFileOrFolder(image: unknown): image is Exclude<Image, Pixels> {
  if (image instanceof Blob || image instanceof Uint8Array) return true;
  if (Array.isArray(image)) return image.length > 0 && image.every((file) => file instanceof Blob);
  return typeof image === "object" && image !== null && "kind" in image && image.kind === "directory";
}

/** Throws Problem InvalidData for what is no object with an image and what is drawn on it. */
export function assertSample(value: unknown): asserts value is Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null) return;
  const reason = describeValue(value);
  throw new Problem("InvalidData", `A sample must be { image, labels }; got ${reason}. Give the image and what is drawn on it.`, {
    reason,
  });
}

function describeValue(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  return typeof value === "object" ? `an object with ${Object.keys(value).slice(0, 6).join(", ")}` : typeof value;
}

/** What is no image. */
export function unknownImage(value: unknown): Problem<"InvalidData"> {
  const came = describeValue(value);
  return new Problem("InvalidData", `An image must be { data, shape }, an ndarray, a file or an address; got ${came}. Give one of these.`, {
    reason: came,
  });
}

function isPixels(image: unknown): image is Pixels {
  return typeof image === "object" && image !== null && "data" in image && "shape" in image;
}
