// Pictures for the tests of drawing, made here, each with the colour that every pixel of it must have on the screen.

import { writePng } from "../../core/source/write-png.ts";

export type Color = readonly [r: number, g: number, b: number];

/** What a host hands over as pixels. */
export interface HostPixels {
  readonly data: Uint8Array | Uint16Array | Float32Array;
  readonly shape: readonly number[];
  readonly axes: string;
}

export interface Picture {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** The file's bytes, or pixels that a host hands over. */
  readonly content: Uint8Array | HostPixels;
  /** The colour of a pixel on the screen, worked out from the formulas of docs/formats.md. */
  color(x: number, y: number): Color;
  /** How far a drawn colour may be off: rounding, where numbers are more than 8 bits. */
  readonly tolerance: number;
}

// Wider than a tile, so that a zoom of 50 % takes every other pixel.
const width = 530;
const height = 300;

/** A number from 0 to 1 for a pixel and a channel, unlike that of its neighbours. */
export function noise(x: number, y: number, c: number): number {
  const mixed = Math.imul(Math.imul(x + 1, 0x9e3779b1) ^ Math.imul(y + 7, 0x85ebca6b), c * 2 + 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
}

function fill<T extends HostPixels["data"]>(data: T, channels: number, value: (x: number, y: number, c: number) => number): T {
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / channels);
    data[i] = value(pixel % width, Math.floor(pixel / width), i % channels);
  }
  return data;
}

const byte = (x: number, y: number, c: number): number => Math.floor(noise(x, y, c) * 256);
// A pale stain, which was drawn as white, on every seventh pixel.
const stain = [178, 158, 206] as const;
const rgb = (x: number, y: number, c: number): number => ((x + y) % 7 === 0 ? stain[c]! : byte(x, y, c));
const toColor = (x: number, y: number, of: (x: number, y: number, c: number) => number): Color => [of(x, y, 0), of(x, y, 1), of(x, y, 2)];

/** The limits that leave a thousandth of the values dark and one bright. */
export function autoLimits(values: ArrayLike<number>): readonly [low: number, high: number] {
  const sorted = Float64Array.from(values).sort();
  const at = (part: number): number => sorted[Math.round(part * (sorted.length - 1))]!;
  return [at(0.001), at(0.999)];
}

/** Colour pictures of files: every pixel has the colour that the file says. */
export async function colourPictures(): Promise<Picture[]> {
  const size = { width, height };
  const eight = fill(new Uint8Array(width * height * 3), 3, rgb);
  const alpha = fill(new Uint8Array(width * height * 4), 4, (x, y, c) => (c < 3 ? rgb(x, y, c) : byte(x, y, 3)));
  const sixteen = fill(new Uint16Array(width * height * 3), 3, (x, y, c) => rgb(x, y, c) * 257);
  const own = { ...size, color: (x: number, y: number) => toColor(x, y, rgb) };
  return [
    { ...own, name: "rgb.png", content: await writePng({ ...size, channels: 3, data: eight }), tolerance: 0 },
    { ...own, name: "rgba.png", content: await writePng({ ...size, channels: 4, data: alpha }), tolerance: 0 },
    { ...own, name: "rgb16.png", content: await writePng({ ...size, channels: 3, data: sixteen }), tolerance: 0 },
    { ...own, name: "rgb array", content: { data: eight, shape: [height, width, 3], axes: "yxc" }, tolerance: 0 },
  ];
}

/** Grey pictures and a float image: the values between the automatic limits, from black to white. */
export async function greyPictures(): Promise<Picture[]> {
  const make = async (name: string, data: HostPixels["data"]): Promise<Picture> => {
    const [low, high] = autoLimits(data.filter((value) => !Number.isNaN(value)));
    const content =
      data instanceof Float32Array ? { data, shape: [height, width], axes: "yx" } : await writePng({ width, height, channels: 1, data });
    const color = (x: number, y: number): Color => {
      const part = Math.min(1, Math.max(0, (data[y * width + x]! - low) / (high - low))) || 0;
      return [255 * part, 255 * part, 255 * part];
    };
    return { name, width, height, content, color, tolerance: 1 };
  };
  const size = width * height;
  return [
    await make(
      "grey.png",
      fill(new Uint8Array(size), 1, (x, y) => 20 + Math.floor(noise(x, y, 0) ** 2 * 180)),
    ),
    await make(
      "grey16.png",
      fill(new Uint16Array(size), 1, (x, y) => 300 + Math.floor(noise(x, y, 0) ** 3 * 9000)),
    ),
    await make(
      "float",
      fill(new Float32Array(size), 1, (x, y) => ((x + y) % 50 === 0 ? Number.NaN : noise(x, y, 0) * 2 - 1.5)),
    ),
  ];
}

// The last colours of the first three ramps: green, magenta, cyan, softened so that none is too dark on black.
const ramps = [
  [64, 255, 64],
  [255, 80, 255],
  [64, 230, 255],
] as const;

/** Three channels of 12 bits: the sum of their ramps. */
export function channelPicture(): Picture {
  const value = (x: number, y: number, c: number): number => Math.floor(noise(x, y, c) ** 4 * 4000 * (c + 1)) % 4096;
  const planes = [0, 1, 2].map((c) => fill(new Uint16Array(width * height), 1, (x, y) => value(x, y, c)));
  const data = new Uint16Array(3 * width * height);
  for (const [c, plane] of planes.entries()) data.set(plane, c * plane.length);
  const limits = planes.map(autoLimits);
  const color = (x: number, y: number): Color => {
    const parts = limits.map(([low, high], c) => Math.min(1, Math.max(0, (value(x, y, c) - low) / (high - low))));
    return [0, 1, 2].map((i) =>
      Math.min(
        255,
        parts.reduce((sum, part, c) => sum + part * ramps[c]![i]!, 0),
      ),
    ) as unknown as Color;
  };
  return { name: "channels", width, height, content: { data, shape: [3, height, width], axes: "cyx" }, color, tolerance: 2 };
}

/** A stack of three planes in depth and two in time, all different; the colours of one of its planes. */
export function stackPicture(): Picture & { plane(z: number, t: number): Picture } {
  const value = (x: number, y: number, z: number, t: number): number => Math.floor(noise(x, y, t * 3 + z) * 256);
  const planes = [0, 1].flatMap((t) => [0, 1, 2].map((z) => fill(new Uint8Array(width * height), 1, (x, y) => value(x, y, z, t))));
  const data = new Uint8Array(6 * width * height);
  for (const [i, plane] of planes.entries()) data.set(plane, i * plane.length);
  // The limits are those of the plane in sight when the stack is opened: the middle one.
  const [low, high] = autoLimits(planes[1]!);
  const part = (x: number, y: number, z: number, t: number): number => Math.min(1, Math.max(0, (value(x, y, z, t) - low) / (high - low)));
  const color = (x: number, y: number, z: number, t: number): Color => toColor(x, y, () => 255 * part(x, y, z, t));
  const picture = { width, height, content: { data, shape: [2, 3, height, width], axes: "tzyx" }, tolerance: 1 };
  const plane = (z: number, t: number): Picture => ({ ...picture, name: `plane ${z}, ${t}`, color: (x, y) => color(x, y, z, t) });
  return { ...plane(1, 0), name: "stack", plane };
}
