import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openSource } from "../../../core/source/open.ts";
import { makePng } from "./png-bytes.ts";

describe("a PNG", () => {
  it("of any depth, filter and interlacing gives its samples, without alpha", async () => {
    const images = fc.record({
      width: fc.integer({ min: 1, max: 19 }),
      height: fc.integer({ min: 1, max: 19 }),
      kind: fc.constantFrom<[1 | 2 | 4 | 8 | 16, 0 | 2 | 4 | 6]>(
        [1, 0],
        [2, 0],
        [4, 0],
        [8, 0],
        [16, 0],
        [8, 2],
        [16, 2],
        [8, 4],
        [16, 4],
        [8, 6],
        [16, 6],
      ),
      interlaced: fc.boolean(),
      filters: fc.array(fc.nat(4), { minLength: 1, maxLength: 7 }),
      seed: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(images, async ({ kind: [depth, colour], seed, ...size }) => {
        const sampleAt = (y: number, x: number, s: number): number =>
          (((y * 31 + x * 17 + s * 7 + 1) * 2654435761 + seed) >>> 9) % 2 ** depth;
        const source = await openSource(makePng({ ...size, depth, colour, sampleAt }));
        const kept = colour === 2 || colour === 6 ? 3 : 1;
        const { data, channels } = await source.read({ y0: 0, x0: 0, y1: size.height, x1: size.width });
        expect([channels, source.dtype]).toEqual([kept, depth === 16 ? "uint16" : "uint8"]);
        const expected: number[] = [];
        for (let y = 0; y < size.height; y++) {
          for (let x = 0; x < size.width; x++) for (let s = 0; s < kept; s++) expected.push(sampleAt(y, x, s));
        }
        expect([...data]).toEqual(expected);
      }),
      { seed: 1, numRuns: 150 },
    );
  });
});
