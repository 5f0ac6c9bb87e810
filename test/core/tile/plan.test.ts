import fc from "fast-check";
import { describe, expect, it } from "vitest";
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
        const margin = marginPx(levels);
        // Asked of all tiles at once: a call of expect for each would take most of this test's time.
        expect(tiles.filter(({ core }) => core.y0 % 2 ** levels !== 0 || core.x0 % 2 ** levels !== 0)).toEqual([]);
        expect(tiles.filter(({ core, input }) => core.y0 - input.y0 !== margin || core.x0 - input.x0 !== margin)).toEqual([]);
        expect(tiles.filter(({ core, input }) => input.y1 - core.y1 < margin || input.x1 - core.x1 < margin)).toEqual([]);
        expect(tiles.filter(({ input }) => input.y1 - input.y0 !== tile)).toEqual([]);
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
  // Kept filters take 20 MB.
  const bytesOf = (tile: number, keepFilters: boolean): number => 100 * tile * tile + (keepFilters ? 2e7 : 0);
  const alone = (memoryBytes: number) => ({ memoryBytes, shares: [1] });

  it("fits the budget, is legal, and computes no more than any other that fits, filters prepared anew counted as a smallest tile", () => {
    fc.assert(
      fc.property(side, side, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 5e6, max: 2e8 }), (height, width, levels, memoryBytes) => {
        const { tile, keepFilters } = chooseTile({ height, width, levels, budget: alone(memoryBytes), bytesOf });
        expect(isLegalInput(levels, tile)).toBe(true);
        expect(bytesOf(tile, keepFilters)).toBeLessThanOrEqual(memoryBytes);
        const work = (t: number, kept: boolean): number => {
          const area = t * t + (kept ? 0 : smallestUsableInput(levels) ** 2);
          return countCores(height, levels, t) * countCores(width, levels, t) * area;
        };
        for (let other = smallestUsableInput(levels); other < 900; other += 2 ** levels) {
          for (const kept of [true, false])
            if (bytesOf(other, kept) <= memoryBytes) expect(work(tile, keepFilters)).toBeLessThanOrEqual(work(other, kept));
        }
      }),
      { numRuns: 40 },
    );
  });

  it("is the smallest legal one for the smallest images", () => {
    const chosen = chooseTile({ height: 1, width: 1, levels: 4, budget: alone(1e9), bytesOf: () => 1 });
    expect(chosen).toEqual({ tile: smallestInput(4), keepFilters: true });
  });

  it("lets kept filters go before it gives up, or becomes much smaller", () => {
    const choose = (memoryBytes: number) => chooseTile({ height: 900, width: 900, levels: 4, budget: alone(memoryBytes), bytesOf });
    expect(choose(2e8)).toEqual({ tile: 1084, keepFilters: true });
    expect(choose(bytesOf(204, true) - 1)).toMatchObject({ keepFilters: false });
    expect(choose(bytesOf(204, false))).toEqual({ tile: 204, keepFilters: false });
  });

  it("takes the next share of memory where nothing fits the first, but not while something does", () => {
    const size = { height: 900, width: 900, levels: 4, bytesOf };
    const choose = (memoryBytes: number) => chooseTile({ ...size, budget: { memoryBytes, shares: [2, 1] } });
    expect(choose(2 * bytesOf(204, false))).toEqual({ tile: 204, keepFilters: false });
    expect(choose(2 * bytesOf(204, false) - 2)).toEqual(chooseTile({ ...size, budget: alone(2 * bytesOf(204, false) - 2) }));
  });

  it("may take what is taken anyway", () => {
    const budget = { memoryBytes: 1e6, shares: [4], takenBytes: bytesOf(300, false) };
    expect(bytesOf(chooseTile({ height: 900, width: 900, levels: 4, budget, bytesOf }).tile, false)).toBeLessThanOrEqual(budget.takenBytes);
  });

  it("is the one asked for, which keeps filters only where there is room for them", () => {
    const choose = (memoryBytes: number) =>
      chooseTile({ height: 900, width: 900, levels: 4, budget: alone(memoryBytes), bytesOf, tile: 300 });
    expect(choose(bytesOf(300, true))).toEqual({ tile: 300, keepFilters: true });
    expect(choose(1)).toEqual({ tile: 300, keepFilters: false });
  });

  it("says how much memory is needed when nothing fits, in the user's number, and that much suffices", () => {
    const choose = (memoryBytes: number, shares: readonly number[]) =>
      chooseTile({ height: 300, width: 300, levels: 4, budget: { memoryBytes, shares }, bytesOf });
    for (const [shares, message, needed] of [
      [[2, 1], /needs 5 MB; "memory" is 1 MB\. Raise it to 5, or use/, 5e6],
      [[8], /needs 5 MB for each of 8 workers; "memory" is 1 MB\. Raise it to 34, ask for fewer "workers", or use/, 34e6],
    ] as const) {
      expect(() => choose(1e6, shares)).toThrow(message);
      expect(() => choose(1e6, shares)).toThrow(expect.objectContaining({ kind: "OutOfMemory" }));
      expect(() => choose(needed, shares)).not.toThrow();
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
