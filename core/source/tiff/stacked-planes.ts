// Planes behind a single directory: ImageJ, tifffile and MetaMorph write the pixels of a stack in one piece and describe the first
// plane alone. Where it is so, the other planes lie behind it, each as long as the first.

import type { BlockTable } from "./block-table.ts";
import { createDamage, type TiffFile } from "./directory.ts";
import { blockRows, createUnsupported, type PageLayout } from "./layout.ts";

/** The table of plane `index` behind the first. */
export type TableOf = (index: number) => BlockTable;

/**
 * Where the blocks of `planes` planes lie that follow the first one. Throws Problem UnsupportedImage where they cannot lie so (they are
 * compressed), InvalidData where the file is too short for them.
 */
export function layStacked(file: TiffFile, layout: PageLayout, { offsets, lengths }: BlockTable, planes: number): TableOf {
  const count = layout.across * layout.down * (layout.planar ? layout.samples : 1);
  const sizeOf = (index: number): number => blockRows(layout, Math.floor(index / layout.across) % layout.down) * layout.rowBytes;
  let planeBytes = 0;
  let isInOnePiece = layout.compression === 1;
  for (let index = 0; index < count; index++) {
    isInOnePiece &&= offsets[index] === offsets[0]! + planeBytes;
    planeBytes += sizeOf(index);
  }
  if (!isInOnePiece) throw createUnsupported(file, `a stack of ${planes} planes with one directory, not in one piece`);
  const room = Math.floor((file.reader.size - offsets[0]!) / planeBytes);
  if (room < planes) throw createDamage(file.name, `it tells of ${planes} planes and has room for ${room}`);
  return (index) => ({ offsets: offsets.map((offset) => offset + index * planeBytes), lengths });
}
