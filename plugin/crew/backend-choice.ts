// Which backend is the fastest here for an action. Where a real GPU stands beside wasm, each computes one tile (segment) or one
// step (train) on the clock, once; the answer is remembered for this machine, this version and this size of network.

import { type Adapter, inspectAdapter } from "../../core/engine/adapters.ts";
import type { BackendName } from "../../core/engine/backend.ts";
import { initializeWeights } from "../../core/engine/initialize.ts";
import type { Network } from "../../core/engine/network.ts";
import { outputSide } from "../../core/unet/shape.ts";
import type { UNetSpec } from "../../core/unet/spec.ts";
import type { Context } from "../contract.ts";
import { version } from "../version.ts";
import type { Workspace } from "../workspace.ts";
import { openCrew } from "./compute.ts";

export type TimedAction = "segment" | "train";

export interface ChoiceRequest {
  readonly spec: UNetSpec;
  readonly tile: number;
  /** Workers that wasm would have. */
  readonly count: number;
  readonly backend: BackendName | "auto";
}

/** The backend to prefer; undefined where there is nothing to choose between. */
export async function chooseBackend(
  action: TimedAction,
  { spec, tile, count, backend }: ChoiceRequest,
  workspace: Workspace,
  { signal, log }: { readonly signal: AbortSignal | undefined; readonly log: Context["log"] | undefined },
): Promise<BackendName | undefined> {
  if (backend !== "auto" || !workspace.backends.includes("webgpu")) return undefined;
  const reports = await Promise.all([inspectAdapter("webgpu"), inspectAdapter("webgl")]);
  const adapters = reports.filter((report): report is Adapter => "title" in report && !report.isSoftware);
  if (adapters.length === 0) return undefined;

  const { channels, classes, levels, features } = spec;
  const machine = adapters.map(({ backend: name, title }) => `${name} ${title}`).join(", ");
  const key = [version, action, `${channels}-${classes}-${levels}-${features}`, tile, count, machine].join(" | ");
  const notes = await readNotes(workspace);
  const known = notes[key];
  if (known !== undefined) return known;
  const chosen = await pickFastest([...adapters.map(({ backend: name }) => name), "wasm"], async (name) => {
    signal?.throwIfAborted();
    const { assets, spawn } = workspace;
    const crew = await openCrew({ spec, count: 1, assets, spawn, signal, backend: name, useKernels: true });
    try {
      const seconds = await timeNetwork(crew.networks[0]!, action, spec, tile, signal);
      // The workers of wasm share the tiles of an image; the steps of a training follow each other.
      const shared = name === "wasm" && action === "segment" ? count : 1;
      log?.(`${name}: ${(seconds / shared).toFixed(3)} s ${action === "segment" ? "a tile" : "a step"}`);
      return seconds / shared;
    } finally {
      crew.dispose();
    }
  });
  signal?.throwIfAborted();
  if (chosen !== undefined) await writeNotes(workspace, { ...notes, [key]: chosen });
  return chosen;
}

/** The candidate that took the least time; the first of equal ones. Those that fail are out; undefined when all are. */
export async function pickFastest(
  candidates: readonly BackendName[],
  time: (name: BackendName) => Promise<number>,
): Promise<BackendName | undefined> {
  let best: { readonly name: BackendName; readonly seconds: number } | undefined;
  for (const name of candidates) {
    const seconds = await time(name).catch(() => Number.POSITIVE_INFINITY);
    if (Number.isFinite(seconds) && (best === undefined || seconds < best.seconds)) best = { name, seconds };
  }
  return best?.name;
}

/** Seconds of one tile or step, after one that warms up: shaders are compiled with the first. */
async function timeNetwork(
  network: Network,
  action: TimedAction,
  spec: UNetSpec,
  tile: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  await network.setWeights(initializeWeights(spec, 1));
  const input = { height: tile, width: tile, data: new Float32Array(tile * tile * spec.channels).fill(0.5) };
  const pixels = outputSide(spec.levels, tile) ** 2;
  const example = { ...input, target: new Uint8Array(pixels), weight: new Float32Array(pixels).fill(1), seed: 1, index: 0 };
  const once = async (): Promise<unknown> =>
    action === "segment" ? network.predict(input, signal) : network.gradient(example, 1 / pixels, signal);
  await once();
  const began = performance.now();
  await once();
  return (performance.now() - began) / 1000;
}

type Notes = Readonly<Record<string, BackendName>>;
const notesFile = "fastest-backends";

async function readNotes({ notes }: Workspace): Promise<Notes> {
  try {
    const bytes = await notes?.read(notesFile);
    return bytes === undefined ? {} : (JSON.parse(new TextDecoder().decode(bytes)) as Notes);
  } catch {
    return {}; // timed again
  }
}

async function writeNotes({ notes }: Workspace, values: Notes): Promise<void> {
  // Without storage it is timed again next time.
  await notes?.write(notesFile, new TextEncoder().encode(JSON.stringify(values))).catch(() => {});
}
