import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gradientBytes, predictBytes } from "../../../core/engine/memory.ts";
import { planPrediction } from "../../../core/segment.ts";
import { planValidation, type ValidationImage } from "../../../core/training/validate.ts";
import { createSpec } from "../../../core/unet/spec.ts";
import { planWorkers, shareMemory } from "../../../plugin/crew/crew-plan.ts";
import { resolveParameters } from "../../../plugin/parameter/parameters.ts";

const imageOf = (height: number, width: number): ValidationImage =>
  ({ prepared: { image: { height, width } }, labels: { data: { length: height * width } } }) as unknown as ValidationImage;
const cores = 16;

describe("the memory of a prediction", () => {
  const features = fc.constantFrom(4, 16, 64);
  const memory = fc.integer({ min: 50, max: 6000 });
  const workers = fc.constantFrom("auto" as const, 1, 2, 3, 8);

  it("is shared by all workers: together they stay below what the user gave, or are refused", () => {
    fc.assert(
      fc.property(features, memory, workers, fc.integer({ min: 1, max: 3000 }), (count, megabytes, wanted, side) => {
        const spec = createSpec({ features: count });
        const values = { workers: wanted, memory: megabytes };
        let chosen: ReturnType<typeof planPrediction>;
        try {
          chosen = planPrediction({ height: side, width: side }, spec, { tile: "auto", budget: shareMemory(values) });
        } catch (error) {
          const needed = /Raise it to (\d+)/.exec(String(error))![1]!;
          expect(Number(needed)).toBeGreaterThan(megabytes);
          const budget = shareMemory({ ...values, memory: Number(needed) });
          planPrediction({ height: side, width: side }, spec, { tile: "auto", budget }); // what was told suffices
          return;
        }
        const bytesEach = predictBytes(spec, chosen.tile, chosen.tile, chosen.keepFilters);
        expect(planWorkers(values, bytesEach, { cores }) * bytesEach).toBeLessThanOrEqual(megabytes * 1e6);
      }),
      { numRuns: 60 },
    );
  });

  it("gives the same tile for auto, one worker and two, where two fit", () => {
    const spec = createSpec({ features: 16 });
    const [auto, one, two] = (["auto", 1, 2] as const).map((wanted) =>
      planPrediction({ height: 2000, width: 1500 }, spec, { tile: "auto", budget: shareMemory({ workers: wanted, memory: 1500 }) }),
    );
    expect([one, two]).toEqual([auto, auto]);
  });
});

describe("the memory of a validation", () => {
  it.each([
    { features: 72 },
    { features: 96 },
    { features: 96, tile: 188 },
    { preset: "ronneberger2015", memory: 1000 },
    { preset: "falk2019", memory: 400 },
  ])("suffices wherever that of a training step does: $preset $features features", (given) => {
    const values = resolveParameters("train", given);
    const spec = createSpec({ features: values.features });
    const side = values.tile as number;
    const takenBytes = gradientBytes(spec, side, side);
    const workers = planWorkers(values, takenBytes, { cores });
    const budget = { ...shareMemory({ ...values, workers }), takenBytes };
    const images = [imageOf(360, 360), imageOf(1024, 2048)];
    planValidation({ train: [], validate: images }, spec, { budget });
    planValidation({ train: images, validate: [] }, spec, { budget });
    for (const { prepared } of images) {
      const { tile, keepFilters } = planPrediction(prepared.image, spec, { tile: "auto", budget });
      const bytes = predictBytes(spec, tile, tile, keepFilters);
      expect(bytes).toBeLessThanOrEqual(Math.max(takenBytes, (values.memory * 1e6) / Math.max(2, workers)));
    }
  });

  it("is refused before the first step where it does not suffice, for an image that validates and for one that only calibrates", () => {
    const spec = createSpec({ features: 64 });
    const limits = { budget: shareMemory({ workers: 4, memory: 400 }) };
    const image = imageOf(512, 512);
    for (const images of [
      { train: [], validate: [image] },
      { train: [image], validate: [] },
    ]) {
      expect(() => planValidation(images, spec, limits)).toThrow(/needs \d+ MB for each of 4 workers; "memory" is 400 MB/);
    }
    expect(planValidation({ train: [image], validate: [] }, spec, { budget: shareMemory({ workers: 1, memory: 4000 }) })).toBe(true);
    expect(planValidation({ train: [image], validate: [] }, spec, { budget: shareMemory({ workers: 1, memory: 500 }) })).toBe(false);
  });
});
