// Channels to colours on the processor: for the overview, for pictures, and for the map where WebGL is missing.
// The GPU does the same sums in image-layer.ts.

import type { Raster } from "../../core/array/raster.ts";
import type { ChannelDisplay } from "./channel-display.ts";
import { colorAt, colorMaps } from "./color-map.ts";

/** RGBA of a raster that holds all channels of `channels`; opaque. */
export function composeColors(raster: Raster, channels: readonly ChannelDisplay[]): ImageData {
  const { width, height, data } = raster;
  const image = new ImageData(width, height);
  const tables = channels.slice(0, raster.channels).map(lookupTable);
  for (let i = 0; i < width * height; i++) {
    let [r, g, b] = [0, 0, 0];
    for (const [c, table] of tables.entries()) {
      if (!table) continue;
      const { low, high } = channels[c]!;
      const t = Math.min(1, Math.max(0, (data[i * raster.channels + c]! - low) / (high - low || 1))) || 0;
      const at = Math.round(t * 255) * 3;
      r += table[at]!;
      g += table[at + 1]!;
      b += table[at + 2]!;
    }
    image.data[i * 4] = r;
    image.data[i * 4 + 1] = g;
    image.data[i * 4 + 2] = b;
    image.data[i * 4 + 3] = 255;
  }
  return image;
}

function lookupTable(channel: ChannelDisplay): Float32Array | undefined {
  if (!channel.visible) return undefined;
  const table = new Float32Array(256 * 3);
  for (let i = 0; i < 256; i++) table.set(colorAt(colorMaps[channel.colorMap], (i / 255) ** (1 / channel.gamma)), i * 3);
  return table;
}
