// A training with our kernels and one without, from the same seed: rounding is all that may differ.

import { expect, it } from "vitest";
import { measureRanges, normalizeRaster } from "../../../core/array/normalize.ts";
import { createNetwork } from "../../../core/engine/network.ts";
import { runJob } from "../../../core/job.ts";
import { plainRule } from "../../../core/label/object-rule.ts";
import { defaultAugmentation } from "../../../core/sample/draw.ts";
import { prepareImage } from "../../../core/sample/prepare.ts";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { train } from "../../../core/train.ts";
import { createSpec } from "../../../core/unet/spec.ts";
import { openTestBackend } from "../../support/engine.ts";

const steps = process.env["OVERTILE_LONG"] ? 50 : 20;
const spec = createSpec({ levels: 2, features: 8, dropout: 0.2 });
const { image, labels } = generateCells({ width: 160, height: 160, seed: 3, cells: 30 });
const weights = { form: "ronneberger2015", w0: 10, sigmaPx: 5, balance: false } as const;
const prepared = prepareImage({ image: normalizeRaster(image, measureRanges(image)), labels }, { weights });

/** The loss of every step, and what computed. */
async function trainWith(useKernels: boolean): Promise<{ readonly title: string; readonly losses: readonly number[] }> {
  const backend = await openTestBackend("wasm", useKernels);
  const network = createNetwork(spec, backend);
  try {
    const schedule = {
      tile: 116,
      steps,
      batch: 1,
      optimizer: "sgd",
      momentum: 0.9,
      learningRate: 0.03,
      rateSchedule: "cosine",
      averaging: 0,
      augmentation: defaultAugmentation,
      seed: 1,
      validationInterval: steps,
      patience: 0,
    } as const;
    const limits = { budget: { memoryBytes: 1e9, shares: [1] }, ...plainRule };
    const losses: number[] = [];
    const job = train({ spec, schedule, images: [prepared], validation: [], networks: [network], limits });
    await runJob(job, (progress) => void (progress.kind === "step" && losses.push(progress.loss)));
    return { title: backend.title, losses };
  } finally {
    network.dispose();
    backend.dispose();
  }
}

it(`losses of ${steps} steps with kernels and without them agree within 1 %`, async () => {
  const ours = await trainWith(true);
  const stock = await trainWith(false);
  expect(ours.title).toContain("relaxed-simd kernels");
  expect(stock.title).toContain("stock kernels");
  expect(ours.losses).toHaveLength(steps);
  // They do learn, and they are not one computation run twice.
  expect(ours.losses.at(-1)!).toBeLessThan(0.8 * ours.losses[0]!);
  expect(ours.losses).not.toEqual(stock.losses);
  for (const [step, loss] of ours.losses.entries()) expect(Math.abs(loss / stock.losses[step]! - 1), `step ${step + 1}`).toBeLessThan(0.01);
});
