import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { averageOverSymmetries, type Symmetry } from "../../core/symmetry.ts";
import type { PredictTile, TilePixels } from "../../core/tile/run.ts";

const margin = 2;

/** A network without any symmetry: each logit is a sum over 5 x 5 pixels with weights that no mirror image shares. */
const crooked: PredictTile = async ({ height, width, data }) => {
  const channels = data.length / (height * width);
  const [rows, columns] = [height - 2 * margin, width - 2 * margin];
  const logits: number[] = [];
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let i = 0; i < 25 * channels; i++) {
          const [dy, dx] = [Math.floor(i / channels / 5), Math.floor(i / channels) % 5];
          sum += Math.sin((c + 1) * (i + 2)) * data[((y + dy) * width + x + dx) * channels + (i % channels)]!;
        }
        logits.push(sum);
      }
    }
  }
  return Float32Array.from(logits);
};

/** The image with pixel (y, x) at the place that `to` says, written out pixel by pixel. */
function move(pixels: ArrayLike<number>, size: Size, stride: number, to: Move): { readonly size: Size; readonly data: Float32Array } {
  const { isTurned } = to({ y: 0, x: 0 }, { y: size.height, x: size.width });
  const moved = isTurned ? { height: size.width, width: size.height } : size;
  const data = new Float32Array(pixels.length);
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const at = to({ y, x }, { y: size.height, x: size.width });
      for (let c = 0; c < stride; c++) data[(at.y * moved.width + at.x) * stride + c] = pixels[(y * size.width + x) * stride + c]!;
    }
  }
  return { size: moved, data };
}

interface Size {
  readonly height: number;
  readonly width: number;
}
type Point = { readonly y: number; readonly x: number };
type Move = (at: Point, size: Point) => Point & { readonly isTurned: boolean };

const moves: Readonly<Record<string, Move>> = {
  mirrored: ({ y, x }, size) => ({ y, x: size.x - 1 - x, isTurned: false }),
  "upside down": ({ y, x }, size) => ({ y: size.y - 1 - y, x, isTurned: false }),
  "turned by 180 degrees": ({ y, x }, size) => ({ y: size.y - 1 - y, x: size.x - 1 - x, isTurned: false }),
  "turned by 90 degrees": ({ y, x }, size) => ({ y: x, x: size.y - 1 - y, isTurned: true }),
  transposed: ({ y, x }) => ({ y: x, x: y, isTurned: true }),
};

const tiles = fc.record({
  height: fc.integer({ min: 6, max: 11 }),
  width: fc.integer({ min: 6, max: 11 }),
  channels: fc.integer({ min: 1, max: 3 }),
  seed: fc.nat(1000),
});

const drawTile = ({ height, width, channels, seed }: Size & { readonly channels: number; readonly seed: number }): TilePixels => ({
  height,
  width,
  data: Float32Array.from({ length: height * width * channels }, (_, i) => Math.sin(1 + seed + i * i)),
});

describe("the mean over symmetries", () => {
  it.each([
    ["flips", ["mirrored", "upside down", "turned by 180 degrees"]],
    ["eight", Object.keys(moves)],
  ] as const)("with %s gives a moved tile the answer that is moved as well", async (symmetry, names) => {
    await fc.assert(
      fc.asyncProperty(tiles, fc.constantFrom(...names), async (drawn, name) => {
        const predict = averageOverSymmetries(crooked, symmetry, 3);
        const tile = drawTile(drawn);
        const answer = await predict(tile);
        const { size, data } = move(tile.data, tile, drawn.channels, moves[name]!);
        const ofMoved = await predict({ ...size, data });
        const output = { height: tile.height - 2 * margin, width: tile.width - 2 * margin };
        const expected = move(answer, output, 3, moves[name]!).data;
        expect(Math.max(...ofMoved.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThan(1e-4);
      }),
      { numRuns: 30 },
    );
  });

  it("is the mean of the probabilities, worked out by hand, its first class at 0", async () => {
    // Two pixels in a row, of which the left one is called an object, whatever is seen: flipped, it is the right one.
    const left: PredictTile = async () => Float32Array.from([0, Math.log(3), 0, Math.log(1 / 3)]);
    const logits = await averageOverSymmetries(left, "flips", 2)({ height: 5, width: 6, data: new Float32Array(30) });
    const [p, q] = [logits[1]!, logits[3]!].map((lead) => 1 / (1 + Math.exp(-lead)));
    expect([logits[0], logits[2]]).toEqual([0, 0]);
    expect(p).toBeCloseTo((0.75 + 0.25) / 2, 6);
    expect(q).toBeCloseTo(0.5, 6);
  });

  it.each([
    ["none", 1],
    ["flips", 4],
    ["eight", 8],
  ] as const)(
    "with %s takes %i predictions a tile, none of an image that another has seen, and ends when it is aborted",
    async (symmetry, count) => {
      const seen = new Set<string>();
      const controller = new AbortController();
      const watch: PredictTile = async (tile, signal) => {
        expect(signal).toBe(controller.signal);
        seen.add([tile.height, ...tile.data].join());
        return crooked(tile, signal);
      };
      await averageOverSymmetries(
        watch,
        symmetry satisfies Symmetry,
        3,
      )(drawTile({ height: 7, width: 9, channels: 1, seed: 1 }), controller.signal);
      expect(seen.size).toBe(count);
    },
  );

  it("stays finite where a class is impossible", async () => {
    const sure: PredictTile = async () => Float32Array.from([0, 1000, 1000, 0]);
    const logits = await averageOverSymmetries(sure, "flips", 2)({ height: 5, width: 6, data: new Float32Array(30) });
    expect([...logits].every(Number.isFinite)).toBe(true);
    const same: PredictTile = async () => Float32Array.from([0, 1000]);
    const [, lead] = await averageOverSymmetries(same, "eight", 2)({ height: 5, width: 5, data: new Float32Array(25) });
    expect(lead).toBeGreaterThan(60);
    expect(lead).toBeLessThan(Number.POSITIVE_INFINITY);
  });
});
