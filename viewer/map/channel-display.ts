// How a channel is shown: limits, gamma, colours. The numbers come from a sample of its pixels; the pixels stay as they are.

import type { TypedArray } from "../../core/array/raster.ts";
import type { ImageSource } from "../../core/source/source.ts";
import type { Plane } from "../model/plane.ts";
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

const pictureColors = ["red", "green", "blue"] as const;
const ramps: readonly ColorMapName[] = ["soft green", "magenta", "cyan", "yellow", "soft red", "soft blue", "gray"];

/** Statistics of every channel of a plane, from at most about 512x512 evenly spread pixels. */
export async function measureChannels(source: ImageSource, plane: Plane): Promise<ChannelStatistics[]> {
  const smallest = source.levels.at(-1)!;
  const side = smallest.width * smallest.height > largePlane.pixels ? largePlane.sampleSide : sampleSide;
  const { data, channels } = await readReduced(source, plane, side);
  return Array.from({ length: channels }, (_, c) => measureChannel(data, channels, c));
}

/** The display to begin with: a colour picture as it is; else automatic limits, grey or a colour a channel. */
export function initialDisplay(source: ImageSource, statistics: readonly ChannelStatistics[]): ChannelDisplay[] {
  const { channels } = source;
  const isPicture = isColourPicture(source, statistics);
  const own = isPicture ? ownLimits(source, statistics) : undefined;
  return statistics.map((channel, i) => {
    const [low, high] = own ?? channel.auto;
    return {
      name: channels[i]?.name || `Channel ${i + 1}`,
      visible: i < (isPicture ? 3 : 4),
      low,
      high,
      gamma: 1,
      colorMap: channels.length === 1 ? "gray" : isPicture ? (pictureColors[i] ?? "gray") : ramps[i % ramps.length]!,
      statistics: channel,
    };
  });
}

/** Automatic limits of every channel. A colour picture's channels share theirs: each with its own would change the hues. */
export function autoDisplay(channels: readonly ChannelDisplay[], statistics: readonly ChannelStatistics[]): ChannelDisplay[] {
  const autos = channels.map((channel, i) => (statistics[i] ?? channel.statistics).auto);
  const isPicture = channels.length >= 3 && pictureColors.every((color, i) => channels[i]!.colorMap === color);
  const shared = autos.slice(0, 3);
  const common = [Math.min(...shared.map(([low]) => low)), Math.max(...shared.map(([, high]) => high))] as const;
  return channels.map((channel, i) => {
    const [low, high] = isPicture && i < 3 ? common : autos[i]!;
    return { ...channel, statistics: statistics[i] ?? channel.statistics, low, high };
  });
}

// What the readers call the channels of a colour picture; 8-bit channels without names are taken for one, too.
function isColourPicture({ dtype, channels }: ImageSource, statistics: readonly ChannelStatistics[]): boolean {
  if (channels.length !== 3 && channels.length !== 4) return false;
  const names = channels.map(({ name }) => name);
  if (pictureColors.every((color, i) => names[i] === color)) return true;
  if (dtype !== "uint8") return false;
  if (pictureColors.every((color, i) => [color, color[0]].includes(names[i]!.toLowerCase()))) return true;
  const isUnnamed = names.every((name, i) => /^((channel )?\d+)?$/i.test(name) || name === `C${i}`);
  return isUnnamed && (channels.length === 3 || isAlpha(statistics[3]!));
}

// At least half of the pixels are 255: no channel of fluorescence is that bright.
function isAlpha({ least, largest, histogram }: ChannelStatistics): boolean {
  const brightest = least === largest ? histogram[0]! : histogram.at(-1)!;
  return largest === 255 && brightest >= histogram.reduce((sum, count) => sum + count, 0) / 2;
}

// The values that a file means by black and white. Cameras of 10, 12 and 14 bits store theirs in 16.
function ownLimits({ dtype }: ImageSource, statistics: readonly ChannelStatistics[]): readonly [low: number, high: number] {
  const shown = statistics.slice(0, 3);
  const least = Math.min(...shown.map((channel) => channel.least));
  const largest = Math.max(...shown.map((channel) => channel.largest));
  if (dtype === "uint8") return [0, 255];
  if (dtype === "uint16") return [0, [1023, 4095, 16_383].find((white) => largest <= white) ?? 65_535];
  if (dtype.startsWith("float") && least >= 0 && largest <= 255) return [0, largest <= 1 ? 1 : 255];
  return [least, largest > least ? largest : least + 1];
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
