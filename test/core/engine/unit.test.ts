import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { createFailureWatch } from "../../../core/engine/failure.ts";
import { initializeWeights } from "../../../core/engine/initialize.ts";
import { openUnit } from "../../../core/engine/unit.ts";
import { createSpec } from "../../../core/unet/spec.ts";
import { testAssets } from "../../support/engine.ts";

describe("who waits for a backend that may fail", () => {
  it("gets the answer, or the first failure, whichever is earlier", async () => {
    const watch = createFailureWatch();
    const never = new Promise<never>(() => {});
    expect(await watch.race(Promise.resolve(1))).toBe(1);
    await expect(watch.race(Promise.reject(new RangeError("of its own")))).rejects.toThrow("of its own");
    const [first, second] = [watch.race(never), watch.race(never)].map((asked) => asked.catch((error: Error) => error.message));
    expect(watch.reason()).toBeUndefined();
    watch.fail("lost");
    watch.fail("lost again");
    expect([await first, await second, watch.reason()]).toEqual(["lost", "lost", "lost"]);
    await expect(watch.race(never)).rejects.toThrow("lost");
  });

  it("leaves nothing of an answer behind, for as long as the backend lives", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const watch = createFailureWatch();
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => new WeakRef(await watch.race(Promise.resolve(new Float32Array(1000))))),
    );
    // A turn for the loop: a WeakRef holds its target until then.
    await new Promise((resolve) => setTimeout(resolve, 0));
    collect();
    expect(answers.filter((answer) => answer.deref() !== undefined)).toEqual([]);
    expect(watch.reason()).toBeUndefined();
  });
});

describe("a unit that keeps no filters", () => {
  it("answers the same with less memory", async () => {
    const spec = createSpec({ levels: 4, features: 16 });
    const tile = { height: 204, width: 204, data: Float32Array.from({ length: 204 ** 2 }, (_, i) => Math.sin(i)) };
    const answers: { logits: Float32Array; heapBytes: number }[] = [];
    // A heap never shrinks, but each has its own.
    for (const keepFilters of [false, true]) {
      const unit = await openUnit(spec, { assets: testAssets, backend: "wasm", keepFilters });
      await unit.setWeights(initializeWeights(spec, 1));
      answers.push({ logits: await unit.predict(tile), heapBytes: unit.heapBytes()! });
      unit.dispose();
    }
    const [sparing, keeping] = answers;
    const largest = keeping!.logits.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const furthest = sparing!.logits.reduce((most, value, i) => Math.max(most, Math.abs(value - keeping!.logits[i]!)), 0);
    expect(furthest).toBeLessThanOrEqual(1e-4 * largest);
    expect(sparing!.heapBytes).toBeLessThan(0.75 * keeping!.heapBytes);
  });
});
