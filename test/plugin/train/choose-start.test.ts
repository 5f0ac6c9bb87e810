// What a training begins with by itself. The networks are made up: their loss is what the first weight says.

import { beforeEach, describe, expect, it } from "vitest";
import { createInfo } from "../../../bench/starter-catalog.ts";
import type { NamedNetwork } from "../../../core/engine/adapt-weights.ts";
import { countValid } from "../../../core/engine/loss.ts";
import type { Network } from "../../../core/engine/network.ts";
import { type Progress, runJob } from "../../../core/job.ts";
import { writeModel } from "../../../core/model/archive.ts";
import type { Model } from "../../../core/model/model.ts";
import { Problem } from "../../../core/problem.ts";
import { noAugmentation } from "../../../core/sample/draw.ts";
import { prepareImage } from "../../../core/sample/prepare.ts";
import { ronneberger2015Weights } from "../../../core/sample/weight-map.ts";
import { createSpec } from "../../../core/unet/spec.ts";
import type { Parameters } from "../../../plugin/contract.ts";
import type { Crew } from "../../../plugin/crew/compute.ts";
import { createLibrary } from "../../../plugin/library/library.ts";
import { createStarters } from "../../../plugin/library/starters.ts";
import { resolveParameters } from "../../../plugin/parameter/parameters.ts";
import { createMemoryFiles } from "../../../plugin/store/files.ts";
import { chooseStart, type StartRequest, trialSteps } from "../../../plugin/train/choose-start.ts";
import { createModel } from "../../core/model/sample-model.ts";

/** A starter whose first weight is its loss. */
async function makeStarter(name: string, loss: number, channels = 1) {
  const plain = createModel({ channels, dropout: 0 }, { name, version: 1 });
  const archive = await writeModel({ ...plain, weights: plain.weights.with(0, loss) }, { onnx: false });
  return { info: await createInfo(archive), archive };
}

const good = await makeStarter("good", 0.25);
const fair = await makeStarter("fair", 0.5);
const colour = await makeStarter("colour", 0.1, 3);

let served: Record<string, Uint8Array>;
let steps: Record<string, number>;
let opened: number;

beforeEach(() => {
  served = { "good.zip": good.archive, "fair.zip": fair.archive, "colour.zip": colour.archive };
  [steps, opened] = [{}, 0];
});

const side = 40;
const image = { height: side, width: side, channels: 1, data: new Float32Array(side * side) };
const labels = {
  height: side,
  width: side,
  data: Uint32Array.from({ length: side * side }, (_, i) => (i % 10 < 4 ? 1 + (i % side) / 10 : 0)),
};
const images = [prepareImage({ image, labels }, { weights: ronneberger2015Weights })];

/** A crew of one network. Random weights have the loss `random`. */
function openFake(random: number): StartRequest["open"] {
  return async () => {
    opened++;
    let loss = 0;
    const network: Network = {
      async setWeights([first]) {
        loss = [0.25, 0.5].includes(first!) ? first! : random;
      },
      predict: async () => new Float32Array(0),
      async gradient({ weight }, scale) {
        steps[loss] = (steps[loss] ?? 0) + 1;
        return { loss: loss * countValid(weight) * scale, gradient: new Float32Array(size) };
      },
      dispose() {},
    };
    return { networks: [network], dispose: () => void opened-- } as unknown as Crew;
  };
}
const size = createModel({ dropout: 0 }).weights.length;

/** What is chosen, by name, and what is told. */
async function choose(given: Parameters, { random = 1, channels = 1, catalog = [fair, good, colour] } = {}) {
  const values = resolveParameters("train", given);
  const fetchFile = async (file: string): Promise<Uint8Array> => {
    if (served[file] === undefined) throw new Error("it answered 404");
    return served[file];
  };
  const starters = createStarters({ catalog: catalog.map(({ info }) => info), kept: createMemoryFiles(), fetchFile });
  const library = createLibrary({ files: createMemoryFiles(), readBytes: async () => new Uint8Array(), starters });
  const plan = (base: Model | undefined): ReturnType<StartRequest["plan"]> => {
    if (base !== undefined && given["tile"] !== undefined) throw new Problem("InvalidParameter", "no such tile", { parameter: "tile" });
    const spec = base?.spec ?? createSpec({ channels, levels: 1, features: 2, dropout: 0 });
    const network: NamedNetwork = { spec, channelNames: ["a"], classNames: ["background", "object"] };
    const schedule = {
      tile: 32,
      batch: 1,
      optimizer: "adam",
      momentum: 0,
      learningRate: 0.001,
      rateSchedule: "cosine",
      averaging: 0,
    } as const;
    return { network, planned: { ...schedule, augmentation: noAugmentation, seed: 1, patience: 0 } };
  };
  const told: string[] = [];
  const hear = (progress: Progress): void => void (progress.kind === "notice" && told.push(progress.message));
  const request = { values, given, channels, classes: 2, images, library, plan, open: openFake(random) };
  const chosen = await runJob(chooseStart(request), hear);
  return { chosen: chosen?.name ?? "random weights", told };
}

describe("left to choose, a training", () => {
  it("begins with what is the best on pixels kept aside after the same steps, and says so", async () => {
    const { chosen, told } = await choose({ steps: 100 });
    expect(chosen).toBe("good");
    expect(told).toEqual(["Begins with good@1: after 20 steps a loss of 0.250 on pixels kept aside (fair@1 0.500, random weights 1.000)."]);
    // The same number of steps, and the same examples to judge by.
    expect(Object.values(steps)).toEqual([trialSteps + 8, trialSteps + 8, trialSteps + 8]);
    expect(opened).toBe(0);
  });

  it("begins with random weights where these are better, or where the others diverge", async () => {
    expect((await choose({ steps: 100 }, { random: 0.125 })).chosen).toBe("random weights");
    const other = await choose({ steps: 100 }, { random: Number.NaN });
    expect([other.chosen, other.told[0]]).toEqual(["good", expect.stringContaining("random weights Infinity")]);
  });

  it("leaves out in silence what contradicts what was asked for", async () => {
    for (const given of [{ levels: 2 }, { features: 16 }, { dropout: 0.5 }, { classes: 3 }])
      expect(await choose({ steps: 100, ...given })).toEqual({ chosen: "random weights", told: [] });
    expect(await choose({ steps: 100, tile: 20 })).toEqual({ chosen: "random weights", told: [] });
    expect((await choose({ steps: 100, levels: 1, features: 2 })).chosen).toBe("good");
    expect(await choose({ steps: 100 }, { catalog: [] })).toEqual({ chosen: "random weights", told: [] });
  });

  it("says why it begins with random weights where no model reads such images, and where it is too short to try any", async () => {
    expect((await choose({ steps: 100 }, { channels: 5 })).told).toEqual([
      "No model that comes with Overtile reads 5 channels and knows 2 classes: the training begins with random weights.",
    ]);
    for (const [given, length] of [
      [{ steps: 39 }, "39 steps"],
      [{ minutes: 0.2 }, "0.2 minutes"],
    ] as const) {
      const { chosen, told } = await choose(given);
      expect([chosen, told[0]]).toEqual(["random weights", expect.stringContaining(`A training of ${length} begins with random weights`)]);
    }
    expect(steps).toEqual({});
  });

  it("goes on without a model that is missing or damaged, and says which and what to do", async () => {
    delete served["good.zip"];
    served["fair.zip"] = fair.archive.slice(9);
    const { chosen, told } = await choose({ steps: 100 });
    expect(chosen).toBe("random weights");
    expect(told).toEqual([
      expect.stringMatching(/"fair".* is damaged, or of another version.* The training goes on without it\.$/),
      expect.stringMatching(/"good".* cannot be read \(it answered 404\)\. Copy it.* The training goes on without it\.$/),
    ]);
  });
});
