// The colour of an object, from its number alone: the same everywhere and always. Neighbouring numbers lie far apart.

import { backgroundId, ignoreId } from "./label-raster.ts";

export type Rgb = readonly [number, number, number];

const known = new Map<number, Rgb>();

/** The colour of an id, 0 to 255 each. */
export function labelColor(id: number): Rgb {
  if (id === ignoreId) return [128, 128, 128];
  if (id === backgroundId) return [176, 116, 60];
  let color = known.get(id);
  if (!color) {
    // Steps of the golden ratio never come back near where they were; lightness and chroma go round in 5 and 3.
    const hue = (id * 0.618033988749895 + 0.08) % 1;
    color = fromHsl(hue, [0.85, 0.6, 0.95][id % 3]!, [0.6, 0.7, 0.52, 0.78, 0.64][id % 5]!);
    if (known.size < 100_000) known.set(id, color);
  }
  return color;
}

/** A colour as CSS. */
export function toCss([r, g, b]: Rgb, alpha = 1): string {
  return `rgb(${r} ${g} ${b} / ${alpha})`;
}

/** A "#rrggbb" as numbers. */
export function fromHex(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

function fromHsl(hue: number, saturation: number, lightness: number): Rgb {
  const channel = (n: number): number => {
    const k = (n + hue * 12) % 12;
    return Math.round(255 * (lightness - saturation * Math.min(lightness, 1 - lightness) * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}
