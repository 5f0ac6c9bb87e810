// Colour maps as a few stops with straight lines between: the same numbers for the GPU, the plain canvas and the legend.

import type { Rgb } from "../labels/label-color.ts";

/** Colours at even distances from 0 to 1. */
export type ColorMap = readonly Rgb[];

const black: Rgb = [0, 0, 0];

/** Ramps for channels that are added up, then maps for one channel. A picture's own colours are the sum of red, green and blue. */
export const colorMaps = {
  gray: [black, [255, 255, 255]],
  red: [black, [255, 0, 0]],
  green: [black, [0, 255, 0]],
  blue: [black, [0, 0, 255]],
  "soft red": [black, [255, 64, 64]],
  "soft green": [black, [64, 255, 64]],
  "soft blue": [black, [80, 110, 255]],
  cyan: [black, [64, 230, 255]],
  magenta: [black, [255, 80, 255]],
  yellow: [black, [255, 240, 80]],
  inverted: [[255, 255, 255], black],
  viridis: ["440154", "472d7b", "3b528b", "2c728e", "21918c", "28ae80", "5ec962", "addc30", "fde725"].map(fromStop),
  magma: ["000004", "1d1147", "51127c", "832681", "b73779", "e75263", "fc8961", "fec488", "fcfdbf"].map(fromStop),
  inferno: ["000004", "210c4a", "57106e", "8a226a", "bc3754", "e45a31", "f98e09", "f9cb35", "fcffa4"].map(fromStop),
} as const satisfies Record<string, ColorMap>;

export type ColorMapName = keyof typeof colorMaps;

/** The colour at `t`, 0 to 1. */
export function colorAt(map: ColorMap, t: number): Rgb {
  const position = Math.min(1, Math.max(0, t)) * (map.length - 1);
  const index = Math.min(map.length - 2, Math.floor(position));
  const a = map[index]!;
  const b = map[index + 1]!;
  const part = position - index;
  return [a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part, a[2] + (b[2] - a[2]) * part];
}

function fromStop(hex: string): Rgb {
  const value = Number.parseInt(hex, 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}
