// The worker's part of the diagnostics: storage, and what becomes of every backend that is tried here.

import { inspectAdapter } from "../../core/engine/adapters.ts";
import type { BackendName } from "../../core/engine/backend.ts";
import { describeError, isProblem } from "../../core/problem.ts";
import { createSpec } from "../../core/unet/spec.ts";
import type { Workspace } from "../workspace.ts";
import { openCrew } from "./compute.ts";

/** Lines that a user can copy: where models are kept, what computes, and why the others do not. */
export async function describeMachine(workspace: Workspace): Promise<string> {
  const { storage = "files", backends, library } = workspace;
  const lines = [`storage: ${storage}${storage === "memory" ? " (models are lost when this closes: export them)" : ""}`];
  const { models, faults } = await library
    .inspect()
    .catch((error: unknown) => ({ models: [], faults: [{ model: "all", reason: describeError(error) }] }));
  lines.push(`models: ${models.length}`, ...faults.map(({ model, reason }) => `model ${model} left out: ${reason}`));
  for (const backend of backends) lines.push(`${backend}: ${await describeBackend(backend, workspace)}`);
  return lines.join("\n");
}

/** Starts the backend, lets it answer the probe, and ends it. */
async function describeBackend(backend: BackendName, { assets, spawn }: Workspace): Promise<string> {
  let adapter = "";
  if (backend === "webgpu" || backend === "webgl") {
    const found = await inspectAdapter(backend);
    if ("reason" in found) return found.reason;
    if (found.isSoftware) return `ranks below wasm: ${found.title} is a software adapter`;
    adapter = `, ${found.title}`;
  }
  const notes: string[] = [];
  const began = performance.now();
  try {
    const crew = await openCrew({
      spec: createSpec({ levels: 1, features: 4 }),
      count: 1,
      assets,
      spawn,
      backend,
      useKernels: true,
      log: (line) => notes.push(line),
    });
    crew.dispose();
    const reason = crew.trials.find(({ chosen }) => chosen)?.reason ?? crew.backend;
    return [`answers rightly after ${Math.round(performance.now() - began)} ms: ${reason}${adapter}`, ...notes].join("; ");
  } catch (error) {
    const reason = isProblem(error, "NoBackend") ? error.details.tried.map((trial) => trial.reason).join("; ") : describeError(error);
    return `passed over: ${reason}${adapter}`;
  }
}
