// Pixels that a host hands over: a typed array with its shape. The axes are those of CONTRACT.md: letters of "tzcyx",
// ending in "yx" or "yxc"; without them a last dimension of at most 4 is the channel, and a first one before y is z.
// The array is read where it lies; it is never changed.

import { createTypedArray, type DType, dtypeOf, type TypedArray } from "../array/raster.ts";
import { Problem } from "../problem.ts";
import { fingerprintValues } from "./fingerprint.ts";
import { assertRequest, nameChannels } from "./raster-source.ts";
import type { ImageSource } from "./source.ts";

export interface PixelsInput {
  readonly data: TypedArray | Uint8ClampedArray;
  readonly shape: readonly number[];
  readonly axes?: string;
  readonly pixelSizeUm?: number;
  readonly name?: string;
}

/** Size of an axis, and how far apart its neighbours lie in the array. */
interface Axis {
  readonly size: number;
  readonly stride: number;
}
type Letter = "t" | "z" | "c" | "y" | "x";

/** The source of a host's array. Throws Problem InvalidData for shapes, axes and number types that do not fit. */
export function openPixels(input: PixelsInput, givenName?: string): ImageSource {
  const name = givenName ?? input.name ?? "array";
  const refuse = createRefusal(name);
  const { values, dtype, clamped } = readValues(input.data, refuse);
  const axes = layAxes(input, values.length, refuse);
  const { pixelSizeUm } = input;
  if (pixelSizeUm !== undefined && !(pixelSizeUm > 0 && Number.isFinite(pixelSizeUm))) {
    throw refuse(`a positive "pixelSizeUm"; got ${String(pixelSizeUm)}`, "Give micrometres a pixel side, or leave it out.");
  }
  // A clamped array is a canvas's RGBA: its alpha goes, as in files.
  const channels = clamped && axes.c.size === 4 ? 3 : axes.c.size;
  const source: ImageSource = {
    name,
    width: axes.x.size,
    height: axes.y.size,
    channels: nameChannels(channels, (channels === 3 && dtype === "uint8") || clamped),
    dtype,
    sizeZ: axes.z.size,
    sizeT: axes.t.size,
    ...(pixelSizeUm === undefined ? {} : { pixelSizeUm }),
    levels: [{ width: axes.x.size, height: axes.y.size }],
    fingerprint: async () => fingerprintValues([new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength)]),
    async read(request) {
      assertRequest(source, request);
      const { y0, x0, y1, x1, z = 0, t = 0 } = request;
      const picked = request.channels ?? source.channels.map((_, channel) => channel);
      const data = createTypedArray(dtype, (y1 - y0) * (x1 - x0) * picked.length);
      const plane = z * axes.z.stride + t * axes.t.stride;
      const count = picked.length;
      const step = axes.x.stride;
      for (let y = y0, row = 0; y < y1; y++, row += (x1 - x0) * count) {
        picked.forEach((channel, c) => {
          const from = plane + y * axes.y.stride + x0 * step + channel * axes.c.stride;
          if (step === 1 && count === 1) data.set(values.subarray(from, from + x1 - x0), row);
          else for (let x = 0; x < x1 - x0; x++) data[row + x * count + c] = values[from + x * step]!;
        });
      }
      return { height: y1 - y0, width: x1 - x0, channels: picked.length, data };
    },
  };
  return source;
}

function readValues(data: unknown, refuse: Refuse): { values: TypedArray; dtype: DType; clamped: boolean } {
  const advice = "Convert it to one of these.";
  if (!ArrayBuffer.isView(data)) throw refuse(`"data" to be a typed array; got ${describeType(data)}`, advice);
  if (data instanceof Uint8ClampedArray) {
    return { values: new Uint8Array(data.buffer, data.byteOffset, data.length), dtype: "uint8", clamped: true };
  }
  const dtype = dtypeOf(data);
  if (!dtype) throw refuse(`an array of 8, 16 or 32-bit integers, float32 or float64; got ${describeType(data)}`, advice);
  return { values: data as TypedArray, dtype, clamped: false };
}

function layAxes({ shape, axes }: PixelsInput, length: number, refuse: Refuse): Record<Letter, Axis> {
  const sides: unknown = shape;
  if (!Array.isArray(sides) || !sides.every((side) => Number.isInteger(side) && side >= 1)) {
    throw refuse(`"shape" to be a list of whole numbers from 1; got ${JSON.stringify(sides)}`, "Give [height, width] or more.");
  }
  const letters = axes === undefined ? guessAxes(shape, refuse) : checkAxes(axes, shape, refuse);
  const product = shape.reduce((size, side) => size * side, 1);
  if (product !== length) {
    throw refuse(`${product} numbers for the shape [${shape.join(", ")}]; got ${length}`, "Make shape and data agree.");
  }
  const laid: Record<Letter, Axis> = Object.fromEntries([..."tzcyx"].map((letter) => [letter, { size: 1, stride: 0 }])) as Record<
    Letter,
    Axis
  >;
  let stride = 1;
  for (let index = shape.length - 1; index >= 0; index--) {
    const size = shape[index]!;
    laid[letters[index] as Letter] = { size, stride };
    stride *= size;
  }
  return laid;
}

function guessAxes(shape: readonly number[], refuse: Refuse): string {
  const last = shape.at(-1)!;
  if (shape.length === 2) return "yx";
  if (shape.length === 3) return last <= 4 ? "yxc" : "zyx";
  if (shape.length === 4 && last <= 4) return "zyxc";
  throw refuse(`"axes" for the shape [${shape.join(", ")}]; got none`, 'Give axes such as "zcyx", one letter a dimension.');
}

function checkAxes(axes: string, shape: readonly number[], refuse: Refuse): string {
  const letters = String(axes).toLowerCase();
  const known = /^[tzc]*yxc?$/.test(letters) && new Set(letters).size === letters.length;
  if (!known) throw refuse(`"axes" of the letters t, z, c, y, x, each once, ending in "yx" or "yxc"; got "${axes}"`, "Correct the axes.");
  if (letters.length !== shape.length) {
    throw refuse(`one letter of "axes" for each of the ${shape.length} dimensions; got "${axes}"`, "Correct the axes or the shape.");
  }
  return letters;
}

type Refuse = (expected: string, advice: string) => Problem;

function createRefusal(name: string): Refuse {
  return (expected, advice) => new Problem("InvalidData", `Expected ${expected} (${name}). ${advice}`, { path: name, reason: expected });
}

function describeType(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Object.prototype.toString.call(value).slice(8, -1);
}
