// The overlap-tile plan (Ronneberger et al. 2015, figure 2) as plain data. Cores cover the image, each pixel once; every
// core is predicted from a tile that reaches one margin further at each side. Cores start at multiples of 2^levels, so every
// tile sees the pooling grid that the whole image would: tiled = whole, to rounding. A stride of the output's own size
// (388 for a tile of 572) would not do that; the core of such a tile is 384.

import type { Box } from "../array/raster.ts";
import { Problem } from "../problem.ts";
import { alignmentPx, assertLegalInput, marginPx, nearestLegalInput, outputSide, smallestUsableInput } from "../unet/shape.ts";

export interface Tile {
  readonly index: number;
  /** The pixels that this tile gives, inside the image. */
  readonly core: Box;
  /** What the network reads; reaches over the image's borders, where pixels are mirrored. */
  readonly input: Box;
}

export interface TilePlan {
  readonly height: number;
  readonly width: number;
  readonly levels: number;
  readonly marginPx: number;
  readonly tileHeight: number;
  readonly tileWidth: number;
  readonly tiles: readonly Tile[];
}

export interface PlanTilesOptions {
  /** Size of the image, 1 or more. */
  readonly height: number;
  readonly width: number;
  readonly levels: number;
  /** Input size of the network along each axis. */
  readonly tileHeight: number;
  readonly tileWidth: number;
}

/** The tiles in raster order. Throws Problem InvalidParameter for a tile that is not legal, or too small for the image. */
export function planTiles({ height, width, levels, tileHeight, tileWidth }: PlanTilesOptions): TilePlan {
  const rows = planAxis(height, levels, tileHeight);
  const columns = planAxis(width, levels, tileWidth);
  const margin = marginPx(levels);
  const tiles = rows.flatMap(({ start: y0, end: y1 }) =>
    columns.map(({ start: x0, end: x1 }) => ({
      core: { y0, x0, y1, x1 },
      input: { y0: y0 - margin, x0: x0 - margin, y1: y0 - margin + tileHeight, x1: x0 - margin + tileWidth },
    })),
  );
  return { height, width, levels, marginPx: margin, tileHeight, tileWidth, tiles: tiles.map((tile, index) => ({ index, ...tile })) };
}

/**
 * Two tiles that give what this one gives, each with less memory: the core is cut at a multiple of 2^levels across its
 * longer side. Undefined when the core is one grid step already.
 */
export function splitTile({ index, core, input }: Tile, levels: number): readonly [Tile, Tile] | undefined {
  const step = alignmentPx(levels);
  const rows = core.y1 - core.y0;
  const columns = core.x1 - core.x0;
  if (Math.max(rows, columns) <= step) return undefined;
  const middle = Math.ceil(Math.max(rows, columns) / 2 / step) * step;
  const [first, second] =
    rows >= columns
      ? [
          { ...core, y1: core.y0 + middle },
          { ...core, y0: core.y0 + middle },
        ]
      : [
          { ...core, x1: core.x0 + middle },
          { ...core, x0: core.x0 + middle },
        ];
  const around = (part: Box): Tile => {
    const margin = marginPx(levels);
    const y0 = part.y0 - margin;
    const x0 = part.x0 - margin;
    const height = Math.min(input.y1 - input.y0, nearestLegalInput(levels, part.y1 - y0 + margin));
    const width = Math.min(input.x1 - input.x0, nearestLegalInput(levels, part.x1 - x0 + margin));
    return { index, core: part, input: { y0, x0, y1: y0 + height, x1: x0 + width } };
  };
  return [around(first), around(second)];
}

/** Number of cores along a side, without making them. */
export function countCores(side: number, levels: number, tile: number): number {
  const output = outputSide(levels, tile);
  return output >= side ? 1 : Math.ceil((side - output) / corePx(levels, tile)) + 1;
}

/** Stride between cores: the output's size, cut down to the pooling grid. 0 for the smallest legal tile. */
function corePx(levels: number, tile: number): number {
  const step = alignmentPx(levels);
  return Math.floor(outputSide(levels, tile) / step) * step;
}

/** Cores along one axis. The last one may use the whole output, which is up to a grid step larger than the stride. */
function planAxis(side: number, levels: number, tile: number): readonly { start: number; end: number }[] {
  assertLegalInput(levels, tile);
  const stride = corePx(levels, tile);
  if (stride === 0 && outputSide(levels, tile) < side) {
    const usable = [1, 2, 3, 4, 5, 6].map((n) => `${smallestUsableInput(n)} (${n})`).join(", ");
    throw new Problem(
      "InvalidParameter",
      `"tile" must be at least ${smallestUsableInput(levels)} for ${levels} levels, since a smaller one gives less than a step of the pooling grid; got ${tile}. Smallest tiles by levels: ${usable}.`,
      { parameter: "tile", value: tile, nearest: [smallestUsableInput(levels)] },
    );
  }
  const count = countCores(side, levels, tile);
  return Array.from({ length: count }, (_, i) => ({ start: i * stride, end: i === count - 1 ? side : (i + 1) * stride }));
}
