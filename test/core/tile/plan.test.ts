import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isProblem } from "../../../core/problem.ts";
import { chooseTile } from "../../../core/tile/choose.ts";
import { countCores, planTiles, splitTile, type Tile } from "../../../core/tile/plan.ts";
import { isLegalInput, marginPx, smallestInput, smallestUsableInput } from "../../../core/unet/shape.ts";

const side = fc.integer({ min: 1, max: 700 });
const levelsAndTile = fc
  .integer({ min: 1, max: 6 })
  .chain((levels) => fc.record({ levels: fc.constant(levels), tile: fc.nat(8).map((k) => smallestUsableInput(levels) + k * 2 ** levels) }));

describe("a tile plan", () => {
  it("covers every pixel exactly once", () => {
    fc.assert(
      fc.property(side, side, levelsAndTile, (height, width, { levels, tile }) => {
        const { tiles } = planTiles({ height, width, levels, tileHeight: tile, tileWidth: tile });
        expectCoveredOnce(tiles, height, width);
      }),
      { numRuns: 60 },
    );
  });

  it("starts cores at multiples of 2^levels and reads one margin around them", () => {
    fc.assert(
      fc.property(side, side, levelsAndTile, (height, width, { levels, tile }) => {
        const { tiles } = planTiles({ height, width, levels, tileHeight: tile, tileWidth: tile });
        for (const { core, input } of tiles) {
          expect(core.y0 % 2 ** levels).toBe(0);
          expect(core.x0 % 2 ** levels).toBe(0);
          expect(core.y0 - input.y0).toBe(marginPx(levels));
          expect(core.x0 - input.x0).toBe(marginPx(levels));
          expect(input.y1 - core.y1).toBeGreaterThanOrEqual(marginPx(levels));
          expect(input.x1 - core.x1).toBeGreaterThanOrEqual(marginPx(levels));
          expect(input.y1 - input.y0).toBe(tile);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("counts its cores without making them", () => {
    fc.assert(
      fc.property(side, levelsAndTile, (height, { levels, tile }) => {
        expect(planTiles({ height, width: 1, levels, tileHeight: tile, tileWidth: tile }).tiles).toHaveLength(
          countCores(height, levels, tile),
        );
      }),
    );
  });

  it("uses 384 of the 388 output pixels of a 572 tile, and all of them at the edge", () => {
    const { tiles } = planTiles({ height: 388, width: 772, levels: 4, tileHeight: 572, tileWidth: 572 });
    expect(tiles.map(({ core }) => core)).toEqual([
      { y0: 0, x0: 0, y1: 388, x1: 384 },
      { y0: 0, x0: 384, y1: 388, x1: 772 },
    ]);
  });

  it("refuses a tile that is not legal and names the nearest legal ones", () => {
    const plan = () => planTiles({ height: 300, width: 300, levels: 4, tileHeight: 200, tileWidth: 200 });
    expect(plan).toThrow('"tile" must be 188 + a multiple of 16 for 4 levels; got 200. Use 188 or 204.');
  });

  it("takes the smallest legal tile only where a single core covers the side", () => {
    expect(planTiles({ height: 4, width: 3, levels: 4, tileHeight: 188, tileWidth: 188 }).tiles).toHaveLength(1);
    expect(() => planTiles({ height: 5, width: 3, levels: 4, tileHeight: 188, tileWidth: 188 })).toThrow("at least 204 for 4 levels");
  });

  it("splits any tile into parts that cover its core, down to one grid step", () => {
    fc.assert(
      fc.property(side, side, levelsAndTile, (height, width, { levels, tile }) => {
        const [whole] = planTiles({ height, width, levels, tileHeight: tile, tileWidth: tile }).tiles;
        const parts: Tile[] = [];
        const waiting = [whole!];
        for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
          const halves = splitTile(part, levels);
          if (halves === undefined) parts.push(part);
          else waiting.push(...halves);
          expect(isLegalInput(levels, part.input.y1 - part.input.y0)).toBe(true);
          expect(isLegalInput(levels, part.input.x1 - part.input.x0)).toBe(true);
          expect(part.core.y0 % 2 ** levels).toBe(0);
          expect(part.core.x0 % 2 ** levels).toBe(0);
          expect(part.input.y1 - part.core.y1).toBeGreaterThanOrEqual(marginPx(levels));
          expect(part.input.x1 - part.core.x1).toBeGreaterThanOrEqual(marginPx(levels));
        }
        expectCoveredOnce(parts, whole!.core.y1, whole!.core.x1);
      }),
      { numRuns: 20 },
    );
  });
});

describe("the tile of `auto`", () => {
  it("fits the budget, is legal, and computes no more than any other that fits", () => {
    const bytesOf = (tile: number): number => 100 * tile * tile;
    fc.assert(
      fc.property(side, side, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 5e6, max: 2e8 }), (height, width, levels, budgetBytes) => {
        const tile = chooseTile({ height, width, levels, budgetBytes, bytesOf });
        expect(isLegalInput(levels, tile)).toBe(true);
        expect(bytesOf(tile)).toBeLessThanOrEqual(budgetBytes);
        const area = (t: number): number => countCores(height, levels, t) * countCores(width, levels, t) * t * t;
        for (let other = smallestUsableInput(levels); other < 900; other += 2 ** levels) {
          if (bytesOf(other) <= budgetBytes) expect(area(tile)).toBeLessThanOrEqual(area(other));
        }
      }),
      { numRuns: 40 },
    );
  });

  it("is the smallest legal one for the smallest images", () => {
    expect(chooseTile({ height: 1, width: 1, levels: 4, budgetBytes: 1e9, bytesOf: () => 1 })).toBe(smallestInput(4));
  });

  it("says how much memory is needed when nothing fits", () => {
    const choose = () => chooseTile({ height: 300, width: 300, levels: 4, budgetBytes: 1e6, bytesOf: (tile) => 100 * tile * tile });
    expect(choose).toThrow(/needs 5 MB; the budget is 1 MB/);
    try {
      choose();
    } catch (error) {
      expect(isProblem(error, "OutOfMemory")).toBe(true);
    }
  });
});

function expectCoveredOnce(tiles: readonly Tile[], height: number, width: number): void {
  const counts = new Uint8Array(height * width);
  for (const { core } of tiles) {
    for (let y = core.y0; y < core.y1; y++) for (let x = core.x0; x < core.x1; x++) counts[y * width + x]!++;
  }
  expect(counts.every((count) => count === 1)).toBe(true);
}
