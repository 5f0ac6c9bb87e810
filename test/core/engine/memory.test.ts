import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../../core/engine/backend.ts";
import { initializeWeights } from "../../../core/engine/initialize.ts";
import { gradientBytes, predictBytes } from "../../../core/engine/memory.ts";
import { createNetwork } from "../../../core/engine/network.ts";
import { outputSide } from "../../../core/unet/shape.ts";
import { createSpec } from "../../../core/unet/spec.ts";
import { watchAllocations } from "../../support/allocations.ts";
import { openTestBackend } from "../../support/engine.ts";

let backend: Backend;
beforeAll(async () => {
  backend = await openTestBackend();
});
afterAll(() => backend.dispose());

describe("predicted memory", () => {
  it.each([
    { levels: 4, features: 8, channels: 1, tile: 284, dropout: 0 },
    { levels: 4, features: 16, channels: 1, tile: 204, dropout: 0.5 },
    { levels: 3, features: 16, channels: 3, tile: 140, dropout: 0 },
    { levels: 2, features: 32, channels: 2, tile: 108, dropout: 0 },
    { levels: 1, features: 24, channels: 1, tile: 120, dropout: 0 },
    { levels: 4, features: 32, channels: 1, tile: 188, dropout: 0.2 },
  ])("is within 15 % of the peak: $levels levels, $features features, tile $tile", async ({ tile, ...given }) => {
    const spec = createSpec(given);
    const watch = watchAllocations();
    const network = createNetwork(spec, backend);
    await network.setWeights(initializeWeights(spec, 1));
    const outputs = outputSide(spec.levels, tile) ** 2;
    const data = new Float32Array(tile * tile * spec.channels).fill(0.5);
    const example = {
      height: tile,
      width: tile,
      data,
      target: new Uint8Array(outputs),
      weight: new Float32Array(outputs).fill(1),
      seed: 1,
      index: 0,
    };
    watch.reset();
    await network.predict(example);
    expectWithin(watch.peakBytes(), predictBytes(spec, tile, tile), 0.15);

    network.dispose();
    const sparing = createNetwork(spec, { keepFilters: () => backend.keepFilters(false) });
    await sparing.setWeights(initializeWeights(spec, 1));
    watch.reset();
    await sparing.predict(example);
    expectWithin(watch.peakBytes(), predictBytes(spec, tile, tile, false), 0.15);

    watch.reset();
    await sparing.gradient(example, 1 / outputs);
    expectWithin(watch.peakBytes(), gradientBytes(spec, tile, tile), 0.15);
    sparing.dispose();
    watch.stop();
  });
});

function expectWithin(measured: number, predicted: number, share: number): void {
  expect(Math.abs(predicted / measured - 1), `predicted ${predicted}, measured ${measured}`).toBeLessThanOrEqual(share);
}
