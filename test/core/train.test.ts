import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { cropRows } from "../../core/array/crop.ts";
import { measureRanges, normalizeRaster } from "../../core/array/normalize.ts";
import type { Backend } from "../../core/engine/backend.ts";
import { createNetwork, type Network } from "../../core/engine/network.ts";
import { type Job, type Progress, runJob } from "../../core/job.ts";
import { labelComponents } from "../../core/label/components.ts";
import { measureImage, scoreMeasures } from "../../core/label/metrics.ts";
import { plainRule } from "../../core/label/object-rule.ts";
import { isProblem } from "../../core/problem.ts";
import { defaultAugmentation, noAugmentation } from "../../core/sample/draw.ts";
import { prepareImage } from "../../core/sample/prepare.ts";
import { generateCells } from "../../core/sample/synthetic.ts";
import { segment } from "../../core/segment.ts";
import { openPixels } from "../../core/source/pixels.ts";
import { type Schedule, type TrainingState, type TrainRequest, train } from "../../core/train.ts";
import type { ValidationImage } from "../../core/training/validate.ts";
import { createSpec } from "../../core/unet/spec.ts";
import { openTestBackend } from "../support/engine.ts";

let backend: Backend;
beforeAll(async () => {
  backend = await openTestBackend();
});
afterAll(() => backend.dispose());

const spec = createSpec({ levels: 2, features: 4, dropout: 0.2 });
type Preview = Extract<Progress, { kind: "preview" }>;

const cellsImage = (seed: number) => generateCells({ width: 72, height: 64, seed, cells: 12 });
const cells = (seed: number): ValidationImage => {
  const { image, labels } = cellsImage(seed);
  const normalized = normalizeRaster(image, measureRanges(image));
  const weights = { form: "ronneberger2015", w0: 5, sigmaPx: 3, balance: false } as const;
  return { name: `cells ${seed}`, prepared: prepareImage({ image: normalized, labels }, { weights }), labels };
};
const images = [cells(1), cells(2)];
const schedule: Schedule = {
  tile: 60,
  steps: 12,
  batch: 2,
  optimizer: "adam",
  momentum: 0.99,
  learningRate: 3e-3,
  rateSchedule: "cosine",
  averaging: 0.9,
  augmentation: defaultAugmentation,
  seed: 5,
  validationInterval: 4,
  patience: 0,
};

describe("a training", () => {
  it("gives the same bytes for the same seed, with one network or three", async () => {
    const once = await run({});
    expect(sameBytes(await run({}), once)).toBe(true);
    expect(sameBytes(await run({ networkCount: 3 }), once)).toBe(true);
    expect(sameBytes(await run({ schedule: { ...schedule, seed: 6 } }), once)).toBe(false);
  });

  it.each(["sgd", "adam"] as const)("resumed from any saved state gives the bytes of the uninterrupted one (%s)", async (optimizer) => {
    const plan = { schedule: { ...schedule, optimizer, learningRate: optimizer === "sgd" ? 1e-3 : 3e-3 } };
    const states: TrainingState[] = [];
    const whole = await run({ ...plan, save: async (state) => void states.push(copyState(state)) });
    for (const stopAt of [1, 4, 7]) {
      const part = await run({ ...plan, stopAt });
      expect(part.step).toBe(stopAt);
      expect(sameBytes(await run({ ...plan, state: copyState(part) }), whole)).toBe(true);
    }
    for (const state of states) expect(sameBytes(await run({ ...plan, state: copyState(state) }), whole)).toBe(true);
  });

  it("by the clock keeps each new length before it acts; the list alone gives the same bytes, and so does going on from any save", async () => {
    const states: TrainingState[] = [];
    vi.useFakeTimers({ toFake: ["performance"] });
    // Steps of one second; of half a second from the fifth on.
    const byClock = await outcome(
      { clock: { seconds: 12, spent: 1 }, schedule: { ...schedule, steps: 11 }, save: async (state) => void states.push(copyState(state)) },
      ({ kind, done }) => {
        if (kind === "step") vi.advanceTimersByTime(done < 5 ? 1000 : 500);
      },
    ).finally(() => vi.useRealTimers());
    const { lengths, step } = byClock.state;
    expect(lengths!.length).toBeGreaterThan(0);
    expect(step).toBeGreaterThan(12);
    for (const { from } of lengths!) expect(states.some((state) => state.step === from && state.lengths!.at(-1)!.from === from)).toBe(true);

    const replay = { ...schedule, steps: 11, lengths: lengths! };
    expect(sameBytes(await run({ schedule: replay }), byClock.state)).toBe(true);
    const last = states.find((state) => state.lengths?.length === lengths!.length)!;
    expect(sameBytes(await run({ schedule: { ...schedule, steps: 11 }, state: copyState(last) }), byClock.state)).toBe(true);
  });

  it("shows what somebody looks at, as segment finds it, and learns the same bytes as unwatched", async () => {
    const unwatched = await run({});
    const { image, labels } = cellsImage(1);
    // Partly beside the image: what lies inside is shown, from the pooling grid on.
    const view = { image: 7, pixels: images[0]!.prepared.image, box: { y0: 10.5, x0: -20, y1: 40, x1: 50 } };
    const shown: Preview[] = [];
    vi.useFakeTimers({ toFake: ["performance"] });
    const watched = await outcome({ view: () => view }, (progress) => {
      if (progress.kind === "preview") shown.push(progress);
      if (progress.kind === "step") vi.advanceTimersByTime(3000);
    }).finally(() => vi.useRealTimers());
    expect(sameBytes(watched.state, unwatched)).toBe(true);

    expect(shown.map(({ done }) => done)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    const last = shown.at(-1)!;
    expect(last).toMatchObject({ image: 7, box: { y0: 8, x0: 0, y1: 40, x1: 50 } });
    const network = createNetwork(spec);
    await network.setWeights(watched.state.average!);
    const source = openPixels({ data: image.data, shape: [labels.height, labels.width] });
    const options = { plane: { z: 0, t: 0, channels: [0] }, tile: "auto", budget: { memoryBytes: 1e9, shares: [1] } } as const;
    const { classes } = await runJob(segment(source, spec, [network], { ...options, ...plainRule, keepProbabilities: false }));
    expect(last.classes).toEqual(cropRows(classes.data, labels.width, 1, last.box));
    network.dispose();
  });

  it("learns one image by heart, and beats a threshold there", async () => {
    const one = cells(3);
    const overfit: Schedule = {
      ...schedule,
      tile: 92,
      steps: 200,
      batch: 1,
      averaging: 0,
      learningRate: 1e-2,
      augmentation: noAugmentation,
      validationInterval: 60,
    };
    const { state } = await outcome({
      schedule: overfit,
      images: [one.prepared],
      validation: [one],
      spec: { ...spec, features: 8, dropout: 0 },
    });
    const { scores } = state.best!;
    expect(state.curve.at(-1)!.loss!).toBeLessThan(0.25 * state.curve[0]!.loss!);
    expect(scores["f1"]).toBeGreaterThan(thresholdF1(one));
    expect(scores["iou1"]).toBeGreaterThan(0.8);
  });

  it("keeps what was learnt when it is stopped, and goes on from there", async () => {
    const stop = new AbortController();
    const { state, ended } = await outcome({ stop: stop.signal }, (progress) => {
      if (progress.kind === "step" && progress.done === 5) stop.abort();
    });
    expect(ended).toBe("stopped");
    expect(state.step).toBeGreaterThanOrEqual(4);
    expect(state.step).toBeLessThan(8);
    expect(sameBytes(await run({ state: copyState(state) }), await run({}))).toBe(true);
  });

  it("stopped in the middle of a validation, it makes that validation again and ends with the same bytes", async () => {
    const stop = new AbortController();
    const stopped = await outcome({ stop: stop.signal }, (progress) => {
      if (progress.kind === "phase" && progress.name === "validating") stop.abort();
    });
    expect([stopped.ended, stopped.state.step, stopped.state.best]).toEqual(["stopped", 4, undefined]);
    const steps: string[] = [];
    const resumed = await outcome({ state: copyState(stopped.state) }, ({ kind, done }) => void steps.push(`${kind} ${done}`));
    expect(steps.slice(0, 3)).toEqual(["phase 0", "validation 4", "step 5"]);
    expect(sameBytes(resumed.state, await run({}))).toBe(true);
  });

  it("throws AbortError when it is cancelled, after saving, and leaves no tensor over", async () => {
    const before = backend.tensorCount();
    for (const at of [1, 6]) {
      const cancel = new AbortController();
      const saved: TrainingState[] = [];
      const job = outcome({ signal: cancel.signal, save: async (state) => void saved.push(copyState(state)) }, (progress) => {
        if (progress.kind === "step" && progress.done === at) cancel.abort();
      });
      await expect(job).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
      expect(saved.at(-1)!.step).toBeGreaterThanOrEqual(at - 1);
      expect(backend.tensorCount()).toBe(before);
    }
  });

  it("stops with a clear error when the loss is no number any more, and saves nothing that was diverging", async () => {
    const saved: TrainingState[] = [];
    const wild = { ...schedule, optimizer: "sgd", learningRate: 1e12, validationInterval: 1 } as const;
    const request = { schedule: wild, validation: [], save: async (state: TrainingState) => void saved.push(copyState(state)) };
    const error = await outcome(request).catch((e: unknown) => e);
    expect(isProblem(error, "Diverged")).toBe(true);
    expect(String(error)).toContain("ten times smaller (100000000000)");
    for (const { curve } of saved) expect(curve.at(-1)!.loss!).toBeLessThan(100);
  });

  it("keeps what was saved before it diverged, and says from which step to go on", async () => {
    const sound = await outcome({ stopAt: 4 });
    const saved: TrainingState[] = [];
    const wild = { ...schedule, optimizer: "adam", learningRate: 1e12 } as const;
    const request = { schedule: wild, state: sound.state, save: async (state: TrainingState) => void saved.push(copyState(state)) };
    const error = await outcome(request).catch((e: unknown) => e);
    expect(isProblem(error, "Diverged") && error.details.savedStep).toBe(4);
    expect(String(error)).toContain("What was learnt up to step 4 is kept");
    expect(saved).toEqual([]);
  });

  it("gives neither checkpoint nor model away for weights that exploded, at its last step and when it is stopped", async () => {
    // Blown up by its second step, while the losses are finite still.
    const exploding = { ...schedule, optimizer: "sgd", momentum: 0, averaging: 0, rateSchedule: "constant", learningRate: 30 } as const;
    const saved: TrainingState[] = [];
    const save = async (state: TrainingState) => void saved.push(copyState(state));
    const losses: number[] = [];
    const follow = (progress: Progress) => void (progress.kind === "step" && losses.push(progress.loss));
    const ended = await outcome({ schedule: exploding, validation: [], stopAt: 2, save }, follow).catch((e: unknown) => e);
    expect(losses.at(-1)!).toBeGreaterThan(100 * losses[0]!);
    expect(Number.isFinite(losses.at(-1)!)).toBe(true);
    expect(isProblem(ended, "Diverged") && ended.details).toEqual({ step: 1, quantity: "loss" });
    expect(String(ended)).toContain("ten times smaller (3)");

    const stop = new AbortController();
    const stopped = await outcome({ schedule: exploding, validation: [], save, stop: stop.signal }, (progress) => {
      if (progress.kind === "step" && progress.done === 2) stop.abort();
    }).catch((e: unknown) => e);
    expect(isProblem(stopped, "Diverged")).toBe(true);
    expect(saved).toEqual([]);
  });

  it("saves a state once, at its end too", async () => {
    const saved: number[] = [];
    await outcome({ save: async ({ step }) => void saved.push(step) });
    expect(saved).toEqual([4, 8, 12]);
    const parts: number[] = [];
    await outcome({ stopAt: 6, save: async ({ step }) => void parts.push(step) });
    expect(parts).toEqual([4, 6]);
  });

  it("ends by patience when scores do not get better", async () => {
    const still = { ...schedule, steps: 100, learningRate: 1e-12, validationInterval: 1, patience: 3, batch: 1 };
    const { ended, state } = await outcome({ schedule: still });
    expect(ended).toBe("patience");
    expect(state.step).toBe(4);
  });
});

interface RunOptions extends Partial<Omit<TrainRequest, "networks">> {
  readonly networkCount?: number;
}

async function outcome(options: RunOptions, onProgress?: (progress: Progress) => void): Promise<Awaited<ReturnType<typeof runTraining>>> {
  return runTraining(options, onProgress);
}

async function runTraining({ networkCount = 1, ...options }: RunOptions, onProgress?: (progress: Progress) => void) {
  const networks: Network[] = Array.from({ length: networkCount }, () => createNetwork(options.spec ?? spec));
  const request: TrainRequest = {
    spec,
    schedule,
    images: images.map(({ prepared }) => prepared),
    validation: images.slice(0, 1),
    limits: { budget: { memoryBytes: 1e9, shares: [1] }, ...plainRule },
    ...options,
    networks,
  };
  const job: Job<Awaited<ReturnType<typeof train>> extends AsyncGenerator<unknown, infer R> ? R : never> = train(request);
  try {
    return await runJob(job, onProgress);
  } finally {
    for (const network of networks) network.dispose();
  }
}

async function run(options: RunOptions): Promise<TrainingState> {
  return (await runTraining(options)).state;
}

/** As if it had been written to disk and read again. */
function copyState(state: TrainingState): TrainingState {
  return structuredClone(state);
}

function sameBytes(a: TrainingState, b: TrainingState): boolean {
  const arrays = ({ weights, average, optimizer, best }: TrainingState) => [weights, average!, ...optimizer.moments, best!.weights];
  const equal = arrays(a).every((values, i) => Buffer.compare(bytes(values), bytes(arrays(b)[i]!)) === 0);
  return equal && JSON.stringify(a.curve) === JSON.stringify(b.curve);
}

function bytes({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** F1 of the best of all thresholds: what one gets without learning. */
function thresholdF1({ prepared, labels }: ValidationImage): number {
  const { height, width, data } = prepared.image;
  const f1 = (threshold: number): number => {
    const found = labelComponents({ height, width, data: Uint8Array.from(data, (v) => (v > threshold ? 1 : 0)) });
    return scoreMeasures([measureImage({ labels }, { labels: found })]).f1;
  };
  return Math.max(...Array.from({ length: 20 }, (_, i) => f1(i / 20)));
}
