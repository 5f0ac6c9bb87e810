// How a channel is shown: limits, gamma, colours. The numbers come from a sample of its pixels; the pixels stay as they are.

import type { TypedArray } from "../../core/array/raster.ts";
import type { ImageSource } from "../../core/source/source.ts";
import type { Plane } from "../model/image-entry.ts";
import type { ColorMapName } from "./color-map.ts";
import { readReduced } from "./pyramid.ts";

export interface ChannelDisplay {
  readonly name: string;
  readonly visible: boolean;
  /** Values shown as the first and the last colour. */
  readonly low: number;
  readonly high: number;
  readonly gamma: number;
  readonly colorMap: ColorMapName;
  readonly statistics: ChannelStatistics;
}

export interface ChannelStatistics {
  readonly least: number;
  readonly largest: number;
  /** Counts of values in equal steps from `least` to `largest`. */
  readonly histogram: readonly number[];
  /** Limits that leave 0.1 % of the pixels dark and 0.1 % bright. */
  readonly auto: readonly [number, number];
}

const sampleSide = 512;
// Of a plane this large, fewer pixels are looked at: the image must be seen soon.
const largePlane = { pixels: 2 ** 27, sampleSide: 160 };
const bins = 128;

/** Statistics of every channel of a plane, from at most about 512x512 evenly spread pixels. */
export async function measureChannels(source: ImageSource, plane: Plane): Promise<ChannelStatistics[]> {
  const smallest = source.levels.at(-1)!;
  const side = smallest.width * smallest.height > largePlane.pixels ? largePlane.sampleSide : sampleSide;
  const { data, channels } = await readReduced(source, plane, side);
  return Array.from({ length: channels }, (_, c) => measureChannel(data, channels, c));
}

/** The display to begin with: automatic limits; RGB for three 8-bit channels; else grey, or a colour per channel. */
export function initialDisplay(source: ImageSource, statistics: readonly ChannelStatistics[]): ChannelDisplay[] {
  const names = source.channels;
  const isRgb =
    source.dtype === "uint8" && (names.length === 3 || names.length === 4) && names.every(({ name }, i) => isColorName(name, i));
  const ramps: ColorMapName[] = isRgb ? ["red", "green", "blue"] : ["green", "magenta", "cyan", "yellow", "red", "blue", "gray"];
  return statistics.map((channel, i) => ({
    name: names[i]?.name || `Channel ${i + 1}`,
    visible: isRgb ? i < 3 : i < 4,
    low: isRgb ? 0 : channel.auto[0],
    high: isRgb ? 255 : channel.auto[1],
    gamma: 1,
    colorMap: names.length === 1 ? "gray" : isRgb ? (ramps[i] ?? "gray") : ramps[i % ramps.length]!,
    statistics: channel,
  }));
}

/** True where three channels are a picture's red, green and blue. */
export function isRgbDisplay(channels: readonly ChannelDisplay[]): boolean {
  return channels.length >= 3 && channels[0]!.colorMap === "red" && channels[1]!.colorMap === "green" && channels[2]!.colorMap === "blue";
}

function isColorName(name: string, index: number): boolean {
  return (
    name === "" ||
    /^(channel )?\d+$/i.test(name) ||
    ["red", "green", "blue", "alpha", "r", "g", "b", "a"].includes(name.toLowerCase()) ||
    name === `C${index}`
  );
}

function measureChannel(data: TypedArray, channels: number, c: number): ChannelStatistics {
  const values = new Float64Array(data.length / channels);
  let count = 0;
  for (let i = c; i < data.length; i += channels) if (Number.isFinite(data[i]!)) values[count++] = data[i]!;
  const sorted = values.subarray(0, count).sort();
  const least = count > 0 ? sorted[0]! : 0;
  const largest = count > 0 ? sorted[count - 1]! : 1;
  const histogram = new Array<number>(bins).fill(0);
  const scale = largest > least ? bins / (largest - least) : 0;
  for (const value of sorted) histogram[Math.min(bins - 1, Math.floor((value - least) * scale))]!++;
  const at = (part: number): number => sorted[Math.min(count - 1, Math.max(0, Math.round(part * (count - 1))))] ?? 0;
  const low = at(0.001);
  const high = at(0.999);
  return { least, largest, histogram, auto: high > low ? [low, high] : [least, largest > least ? largest : least + 1] };
}
