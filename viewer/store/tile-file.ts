// Label tiles as a file: gzip over [key, 65,536 ids] for each tile, all little-endian 32-bit numbers.

import { type LabelRaster, type TileKey, tileSide } from "../labels/label-raster.ts";

const tileLength = tileSide * tileSide;

/** The tiles as one compressed blob. The platform compresses, off the page's own thread. */
export async function packTiles(tiles: ReadonlyMap<TileKey, Uint32Array>): Promise<Blob> {
  const parts = [...tiles].flatMap(([key, tile]) => [new Uint32Array([key]), tile as Uint32Array<ArrayBuffer>]);
  return new Response(new Blob(parts).stream().pipeThrough(new CompressionStream("gzip"))).blob();
}

/** Puts the tiles of `packTiles` into `raster`. Tiles that do not belong there are left out. */
export async function unpackTiles(blob: Blob, raster: LabelRaster): Promise<void> {
  const bytes = await new Response(blob.stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  const values = new Uint32Array(bytes, 0, bytes.byteLength >> 2);
  const limit = raster.planes * raster.rows * raster.columns;
  for (let at = 0; at + tileLength < values.length + 0; at += tileLength + 1) {
    const key = values[at]!;
    if (key < limit) raster.tiles.set(key, values.slice(at + 1, at + 1 + tileLength));
  }
}
