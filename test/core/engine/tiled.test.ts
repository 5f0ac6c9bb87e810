import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRandom } from "../../../core/array/random.ts";
import type { Backend } from "../../../core/engine/backend.ts";
import { initializeWeights } from "../../../core/engine/initialize.ts";
import { createNetwork } from "../../../core/engine/network.ts";
import { Problem } from "../../../core/problem.ts";
import { averageOverSymmetries } from "../../../core/symmetry.ts";
import { planTiles } from "../../../core/tile/plan.ts";
import { type PredictTile, type ReadBox, runTiles } from "../../../core/tile/run.ts";
import { marginPx, nearestLegalInput, outputSide, shapeLayers, smallestInput, smallestUsableInput } from "../../../core/unet/shape.ts";
import { createSpec, type UNetSpec } from "../../../core/unet/spec.ts";
import { openTestBackend } from "../../support/engine.ts";

let backend: Backend;
beforeAll(async () => {
  backend = await openTestBackend();
});
afterAll(() => backend.dispose());

const caseOf = fc.integer({ min: 1, max: 3 }).chain((levels) =>
  fc.record({
    levels: fc.constant(levels),
    channels: fc.integer({ min: 1, max: 3 }),
    tile: fc.nat(3).map((k) => smallestUsableInput(levels) + k * 2 ** levels),
    height: fc.integer({ min: 1, max: 70 }),
    width: fc.integer({ min: 1, max: 70 }),
    seed: fc.nat(1000),
  }),
);

interface TiledCase {
  readonly levels: number;
  readonly channels: number;
  readonly tile: number;
  readonly height: number;
  readonly width: number;
  readonly seed: number;
}

/** Predicts an image in tiles and in one piece, and compares: relative to the largest logit, as Winograd's own error is. */
async function expectTiledIsWhole({ levels, channels, tile, height, width, seed }: TiledCase, tolerance: number): Promise<void> {
  const spec = createSpec({ levels, channels, features: 2, dropout: 0 });
  const image = randomImage(height, width, channels, seed);
  const whole = nearestLegalInput(levels, Math.max(height, width) + 2 * marginPx(levels));
  const before = backend.tensorCount();
  const network = createNetwork(spec);
  await network.setWeights(initializeWeights(spec, seed));
  const tiled = await logitsOf(spec, image, tile, (...a) => network.predict(...a));
  const single = await logitsOf(spec, image, whole, (...a) => network.predict(...a));
  network.dispose();
  const largest = single.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  expect(largestDifference(tiled, single)).toBeLessThanOrEqual(tolerance * largest);
  expect(backend.tensorCount()).toBe(before);
}

describe("the overlap-tile strategy", () => {
  it("gives the same logits in tiles as in one piece, for any image from 1x1 up", async () => {
    await fc.assert(
      fc.asyncProperty(caseOf, (drawn) => expectTiledIsWhole(drawn, 1e-5)),
      { numRuns: 25, seed: 2015 },
    );
  });

  it("does so with the paper's four levels at their smallest usable tile", async () => {
    await expectTiledIsWhole({ levels: 4, channels: 1, tile: 204, height: 75, width: 41, seed: 4 }, 1e-5);
    await expectTiledIsWhole({ levels: 4, channels: 2, tile: 220, height: 33, width: 90, seed: 5 }, 1e-5);
  });

  it("does so with the mean over symmetries, and an image that is its own mirror image gets such an answer", async () => {
    const spec = createSpec({ levels: 2, channels: 1, classes: 3, features: 2, dropout: 0 });
    const network = createNetwork(spec);
    await network.setWeights(initializeWeights(spec, 6));
    const predict = averageOverSymmetries((...a) => network.predict(...a), "eight", 3);
    const image = randomImage(50, 37, 1, 8);
    const single = await logitsOf(spec, image, nearestLegalInput(2, 50 + 2 * marginPx(2)), predict);
    const tiled = await logitsOf(spec, image, smallestUsableInput(2) + 4, predict);
    expect(largestDifference(tiled, single)).toBeLessThanOrEqual(1e-4);

    // A side that 2^levels divides: the pooling grid is its own mirror image, too.
    const side = 24;
    const half = randomImage(side, side, 1, 9).data;
    const mirror = (at: number): number => at - (at % side) + (side - 1 - (at % side));
    const data = half.map((value, at) => value + half[mirror(at)]!);
    const answer = await logitsOf(
      spec,
      { height: side, width: side, channels: 1, data },
      nearestLegalInput(2, side + 2 * marginPx(2)),
      predict,
    );
    const plain = await logitsOf(
      spec,
      { height: side, width: side, channels: 1, data },
      nearestLegalInput(2, side + 2 * marginPx(2)),
      (...a) => network.predict(...a),
    );
    network.dispose();
    const mirrored = (logits: Float32Array): Float32Array => logits.map((_, i) => logits[3 * mirror(Math.floor(i / 3)) + (i % 3)]!);
    expect(largestDifference(answer, mirrored(answer))).toBeLessThanOrEqual(1e-5);
    expect(largestDifference(plain, mirrored(plain))).toBeGreaterThan(1e-3);
  });

  it("gives the same logits when a tile had to be split for memory", async () => {
    const spec = createSpec({ levels: 2, features: 2, dropout: 0 });
    const image = randomImage(61, 47, 1, 3);
    const network = createNetwork(spec);
    await network.setWeights(initializeWeights(spec, 3));
    const single = await logitsOf(spec, image, 108, (...a) => network.predict(...a));
    const predicted: number[] = [];
    const split = await logitsOf(spec, image, 108, async (tile, signal) => {
      if (tile.height * tile.width > 70 * 70) throw new Problem("OutOfMemory", "too large", {});
      predicted.push(tile.height * tile.width);
      return network.predict(tile, signal);
    });
    network.dispose();
    expect(predicted.length).toBeGreaterThan(1);
    expect(largestDifference(split, single)).toBeLessThanOrEqual(1e-5);
  });

  it("has logits of the size that shape arithmetic says", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.nat(2),
        fc.nat(2),
        fc.integer({ min: 2, max: 4 }),
        async (levels, i, j, classes) => {
          const spec = createSpec({ levels, classes, features: 1, dropout: 0 });
          const [height, width] = [i, j].map((k) => smallestInput(levels) + k * 2 ** levels) as [number, number];
          const network = createNetwork(spec);
          await network.setWeights(initializeWeights(spec, 1));
          const logits = await network.predict({ height, width, data: new Float32Array(height * width) });
          network.dispose();
          expect(shapeLayers(spec, height, width).at(-1)!.output).toEqual([outputSide(levels, height), outputSide(levels, width), classes]);
          expect(logits).toHaveLength(outputSide(levels, height) * outputSide(levels, width) * classes);
        },
      ),
      { numRuns: 12, seed: 7 },
    );
  });

  it("leaves no tensor over after a predict, a gradient, an abort in the middle, or an error", async () => {
    const spec = createSpec({ levels: 2, features: 2 });
    const side = 60;
    const before = backend.tensorCount();
    const network = createNetwork(spec);
    await network.setWeights(initializeWeights(spec, 1));
    const withWeights = backend.tensorCount();
    const data = randomImage(side, side, 1, 1).data;
    const outputs = outputSide(2, side) ** 2;
    const example = {
      height: side,
      width: side,
      data,
      target: new Uint8Array(outputs),
      weight: new Float32Array(outputs).fill(1),
      seed: 1,
      index: 0,
    };
    const expectNothingLeft = (): void => expect(backend.tensorCount()).toBe(withWeights);

    await network.predict(example);
    expectNothingLeft();
    await network.gradient(example, 1 / outputs);
    expectNothingLeft();
    for (const turns of [0, 1, 5, 12, 20, 30]) {
      for (const ask of [(s: AbortSignal) => network.predict(example, s), (s: AbortSignal) => network.gradient(example, 1 / outputs, s)]) {
        const signal = abortAfter(turns);
        await ask(signal).catch((error: Error) => expect(error.name).toBe("AbortError"));
        expectNothingLeft();
      }
    }
    await expect(network.predict({ ...example, height: 59 })).rejects.toThrow("Use 56 or 60");
    expectNothingLeft();
    for (const turn of [1, 9, 15, 25]) {
      await expect(network.predict(example, failingAt(Math.min(turn, 15)))).rejects.toThrow("in the middle");
      expectNothingLeft();
      await expect(network.gradient(example, 1, failingAt(turn))).rejects.toThrow("in the middle");
      expectNothingLeft();
    }
    network.dispose();
    expect(backend.tensorCount()).toBe(before);
  });
});

interface TestImage {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Float32Array;
}

function randomImage(height: number, width: number, channels: number, seed: number): TestImage {
  const random = createRandom(seed);
  return { height, width, channels, data: Float32Array.from({ length: height * width * channels }, () => random.normal()) };
}

async function logitsOf(spec: UNetSpec, image: TestImage, tile: number, predict: PredictTile): Promise<Float32Array> {
  const { height, width, channels } = image;
  const plan = planTiles({ height, width, levels: spec.levels, tileHeight: tile, tileWidth: tile });
  const out = new Float32Array(height * width * spec.classes);
  const read: ReadBox = async ({ y0, x0, y1, x1 }) => {
    const rows: number[] = [];
    for (let y = y0; y < y1; y++) rows.push(...image.data.subarray((y * width + x0) * channels, (y * width + x1) * channels));
    return Float32Array.from(rows);
  };
  for await (const { tile: done, logits } of runTiles({ plan, channels, classes: spec.classes, read, predictors: [predict] })) {
    const row = (done.core.x1 - done.core.x0) * spec.classes;
    for (let y = done.core.y0; y < done.core.y1; y++) {
      out.set(logits.subarray((y - done.core.y0) * row, (y - done.core.y0 + 1) * row), (y * width + done.core.x0) * spec.classes);
    }
  }
  return out;
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}

/** A signal that aborts after the event loop has turned so often. */
function abortAfter(turns: number): AbortSignal {
  const controller = new AbortController();
  const count = (left: number): void => {
    if (left === 0) controller.abort();
    else setImmediate(() => count(left - 1));
  };
  count(turns);
  return controller.signal;
}

/** A signal whose look fails at the given turn: an error in the middle of a walk. */
function failingAt(turn: number): AbortSignal {
  let turns = 0;
  const fail = (): void => {
    if (++turns === turn) throw new Error("in the middle");
  };
  return Object.assign(new AbortController().signal, { throwIfAborted: fail });
}
