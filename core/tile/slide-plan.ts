// The plan of a slide, as plain data. The slide is cut into blocks of its own pixels, which are what is written, resumed and
// shared among machines; each block is predicted by tiles on the network's grid, which is the slide's own where the pixel sizes
// agree and a resampled one where they do not. Blocks and tiles start on the pooling grid: any cut gives the same numbers.

import { gridCoordinate } from "../array/map-back.ts";
import type { Box } from "../array/raster.ts";
import { Problem } from "../problem.ts";
import { alignmentPx, assertLegalInput, marginPx, nearestLegalInput, outputSide, smallestUsableInput } from "../unet/shape.ts";
import type { Tile } from "./plan.ts";

/** Side of a block unless told otherwise: a chunk of what is written, and a multiple of every pooling grid. */
export const standardBlockPx = 1024;

export interface Block {
  readonly index: number;
  readonly row: number;
  readonly column: number;
  /** Its pixels, inside the slide. */
  readonly box: Box;
  /** The pixels of the network's grid that these lie between; begins on the pooling grid. */
  readonly source: Box;
  /** Cover `source`, each pixel once. */
  readonly tiles: readonly Tile[];
}

export interface SlidePlan {
  readonly height: number;
  readonly width: number;
  /** Size of the slide on the network's grid. */
  readonly gridHeight: number;
  readonly gridWidth: number;
  readonly levels: number;
  readonly marginPx: number;
  /** Side of a block. */
  readonly blockPx: number;
  /** In raster order; those that touch the region. */
  readonly blocks: readonly Block[];
}

export interface PlanSlideOptions {
  readonly height: number;
  readonly width: number;
  readonly gridHeight: number;
  readonly gridWidth: number;
  readonly levels: number;
  /** Largest input side of the network. */
  readonly tile: number;
  /** Only what touches this box; default all. */
  readonly region?: Box | undefined;
  /** Side of a block: a multiple of 2^levels. */
  readonly blockPx?: number;
}

/** Throws Problem InvalidParameter for a tile that is not legal or not usable. */
export function planSlide({
  height,
  width,
  gridHeight,
  gridWidth,
  levels,
  tile,
  region,
  blockPx = standardBlockPx,
}: PlanSlideOptions): SlidePlan {
  assertUsable(levels, tile);
  const columns = Math.ceil(width / blockPx);
  const { y0, x0, y1, x1 } = region ?? { y0: 0, x0: 0, y1: height, x1: width };
  const cut = { levels, tile, blockPx };
  const vertical = planSide(height, gridHeight, { start: y0, end: y1 }, cut);
  const horizontal = planSide(width, gridWidth, { start: x0, end: x1 }, cut);
  const blocks = vertical.flatMap((v) =>
    horizontal.map((h) => ({
      index: v.index * columns + h.index,
      row: v.index,
      column: h.index,
      box: { y0: v.start, x0: h.start, y1: v.end, x1: h.end },
      source: { y0: v.source.start, x0: h.source.start, y1: v.source.end, x1: h.source.end },
      tiles: joinParts(v.parts, h.parts),
    })),
  );
  return { height, width, gridHeight, gridWidth, levels, marginPx: marginPx(levels), blockPx, blocks };
}

function assertUsable(levels: number, tile: number): void {
  assertLegalInput(levels, tile);
  const least = smallestUsableInput(levels);
  if (tile >= least) return;
  throw new Problem("InvalidParameter", `"tile" must be at least ${least} for ${levels} levels; got ${tile}. Use ${least} or more.`, {
    parameter: "tile",
    value: tile,
    nearest: [least],
  });
}

interface Span {
  readonly start: number;
  readonly end: number;
}

interface Part extends Span {
  readonly input: Span;
}

interface BlockSide extends Span {
  readonly index: number;
  readonly source: Span;
  readonly parts: readonly Part[];
}

function planSide(
  side: number,
  gridSide: number,
  region: Span,
  { levels, tile, blockPx }: { readonly levels: number; readonly tile: number; readonly blockPx: number },
): readonly BlockSide[] {
  const first = Math.floor(region.start / blockPx);
  const last = Math.ceil(region.end / blockPx);
  return Array.from({ length: Math.max(0, last - first) }, (_, i) => {
    const index = first + i;
    const start = index * blockPx;
    const end = Math.min(side, start + blockPx);
    const source = findSource({ start, end }, gridSide / side, gridSide, alignmentPx(levels));
    return { index, start, end, source, parts: cutSource(source, levels, tile) };
  });
}

/** Returns the interval of the other grid between the first and the last pixel centre, both neighbours included. */
function findSource({ start, end }: Span, scale: number, gridSide: number, step: number): Span {
  const first = Math.floor(Math.max(0, gridCoordinate(start, scale)));
  const last = Math.floor(gridCoordinate(end - 1, scale)) + (scale === 1 ? 1 : 2);
  return { start: Math.floor(first / step) * step, end: Math.max(first + 1, Math.min(gridSide, last)) };
}

/** Parts of about equal size, each within the output of a tile. */
function cutSource({ start, end }: Span, levels: number, tile: number): readonly Part[] {
  const step = alignmentPx(levels);
  const margin = marginPx(levels);
  const most = Math.floor(outputSide(levels, tile) / step) * step;
  const count = Math.ceil((end - start) / most);
  const size = Math.ceil((end - start) / count / step) * step;
  return Array.from({ length: Math.ceil((end - start) / size) }, (_, i) => {
    const from = start + i * size;
    const to = Math.min(end, from + size);
    const input = { start: from - margin, end: from - margin + nearestLegalInput(levels, to - from + 2 * margin) };
    return { start: from, end: to, input };
  });
}

function joinParts(rows: readonly Part[], columns: readonly Part[]): readonly Tile[] {
  return rows.flatMap((row, i) =>
    columns.map((column, j) => ({
      index: i * columns.length + j,
      core: { y0: row.start, x0: column.start, y1: row.end, x1: column.end },
      input: { y0: row.input.start, x0: column.input.start, y1: row.input.end, x1: column.input.end },
    })),
  );
}
