// Where the strips or tiles of a page lie: read when the page is first read, each checked to lie in the file and to be long
// enough to hold its pixels.

import { createDamage, type Directory, readTable, type TiffFile } from "./directory.ts";
import { blockRows, type PageLayout } from "./layout.ts";

/** Offsets and lengths in the file. Both 0: the block is left out, and means zeros. */
export interface BlockTable {
  readonly offsets: Float64Array;
  readonly lengths: Float64Array;
}

/** Nothing unpacks to more than this many times its size; LZW: a code of 12 bits gives at most 3,838 bytes. */
const largestRatio: Readonly<Record<number, number>> = { 1: 1, 5: 2560, 7: 4096, 8: 1032, 32946: 1032, 32773: 64, 50000: 65_536 };

/** The table of a page. Throws Problem InvalidData where it is too short, leaves the file, or cannot hold the image. */
export async function readBlockTable(file: TiffFile, directory: Directory, layout: PageLayout): Promise<BlockTable> {
  const { planar, samples, across, down, compression, rowBytes } = layout;
  const count = across * down * (planar ? samples : 1);
  const offsets = await readEither(file, directory, layout, { tiles: 324, strips: 273 });
  const given = await readEither(file, directory, layout, { tiles: 325, strips: 279 });
  if (!offsets || offsets.length < count) throw createDamage(file.name, `it has places for ${offsets?.length ?? 0} of ${count} blocks`);
  const rowsOf = (index: number): number => blockRows(layout, Math.floor(index / across) % down);
  const lengths = given ?? (compression === 1 ? offsets.map((_, index) => rowsOf(index) * rowBytes) : undefined);
  if (!lengths || lengths.length < count) throw createDamage(file.name, `it has lengths for ${lengths?.length ?? 0} of ${count} blocks`);
  const ratio = largestRatio[compression] ?? 1;
  for (let index = 0; index < count; index++) {
    const [offset, length] = [offsets[index]!, lengths[index]!];
    if (offset === 0 && length === 0) continue;
    if (offset + length > file.reader.size) throw createDamage(file.name, `block ${index} lies outside the file`);
    if (rowsOf(index) * rowBytes > ratio * length) throw createDamage(file.name, `block ${index} is too short for its pixels`);
  }
  return { offsets, lengths };
}

/** The table under its own tag, or under the other kind's: libtiff takes both for one, and old versions of it wrote tiles as strips. */
async function readEither(
  file: TiffFile,
  directory: Directory,
  { tiled }: PageLayout,
  { tiles, strips }: { readonly tiles: number; readonly strips: number },
): Promise<Float64Array | undefined> {
  const [own, other] = tiled ? [tiles, strips] : [strips, tiles];
  return (await readTable(file, directory, own)) ?? readTable(file, directory, other);
}
