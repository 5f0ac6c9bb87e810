// All pixels of a source in one array, and their CRC-32: what goldens tell.

import type { ImageSource } from "../../../core/source/source.ts";
import { crcOf } from "./zip-bytes.ts";

/** Every plane of a level, in the order t, z, y, x, channel, as `make.py` tells them. */
export async function describePixels(source: ImageSource, level = 0): Promise<{ shape: readonly number[]; dtype: string; crc: number }> {
  const { width, height } = source.levels[level]!;
  const planes: Uint8Array[] = [];
  for (let t = 0; t < source.sizeT; t++) {
    for (let z = 0; z < source.sizeZ; z++) {
      const { data } = await source.read({ level, y0: 0, x0: 0, y1: height, x1: width, z, t });
      planes.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  }
  const shape = [source.sizeT, source.sizeZ, height, width, source.channels.length];
  return { shape, dtype: source.dtype, crc: crcOf(Buffer.concat(planes)) };
}
