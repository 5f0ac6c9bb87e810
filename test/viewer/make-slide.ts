// A slide too large for the memory's rule, made in memory: a pyramidal OME-TIFF with cells in some places, nothing in others.

import type { TypedArray } from "../../core/array/raster.ts";
import { generateCells } from "../../core/sample/synthetic.ts";
import { type GrowingFile, openOmeTiff } from "../../core/sink/ome-tiff.ts";
import { createPyramidWriter, pyramidSizes } from "../../core/sink/pyramid.ts";

const cellsPx = 512;

/** The bytes of a slide; `hasCells` says which squares of 512 pixels have cells. */
export async function makeSlide(
  height: number,
  width: number,
  hasCells: (row: number, column: number) => boolean,
): Promise<Uint8Array<ArrayBuffer>> {
  const { image } = generateCells({ height: cellsPx, width: cellsPx, seed: 4 });
  const sizes = pyramidSizes(height, width, cellsPx);
  const file = createMemoryFile();
  const tiff = await openOmeTiff(file, { name: "slide", sizes, tilePx: cellsPx, dtype: "uint8", channels: ["grey"], pixelSizeUm: 0.5 });
  const write = (chunk: Omit<Parameters<typeof tiff.write>[0], "channel">) => tiff.write({ channel: 0, ...chunk });
  const writer = createPyramidWriter({ sizes, chunkPx: cellsPx, dtype: "uint8", reduce: "mean", write });
  for (let y = 0; y < height; y++) {
    const row = new Uint8Array(width);
    for (let x = 0; x < width; x += cellsPx) {
      if (!hasCells(Math.floor(y / cellsPx), x / cellsPx)) continue;
      const from = (y % cellsPx) * cellsPx;
      row.set((image.data as TypedArray).subarray(from, from + Math.min(cellsPx, width - x)), x);
    }
    await writer.add({ y0: y, height: 1, width, data: row });
  }
  await writer.end();
  await tiff.end();
  return file.bytes();
}

function createMemoryFile(): GrowingFile & { bytes(): Uint8Array<ArrayBuffer> } {
  let data = new Uint8Array(2 ** 20);
  let length = 0;
  return {
    async append(bytes) {
      const offset = length;
      length += bytes.length;
      while (length > data.length) {
        const larger = new Uint8Array(2 * data.length);
        larger.set(data);
        data = larger;
      }
      data.set(bytes, offset);
      return offset;
    },
    patch: async (offset, bytes) => data.set(bytes, offset),
    finish: async () => {},
    abandon: async () => {},
    bytes: () => data.slice(0, length),
  };
}
