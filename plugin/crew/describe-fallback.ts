// Honest words where something better than what computes should have worked here, and did not.

import type { ComputeReport } from "./compute.ts";

/** A sentence when wasm, which runs everywhere, was passed over; undefined otherwise. A missing GPU is no fault. */
export function describeFallback({ backend, trials }: Pick<ComputeReport, "backend" | "trials">): string | undefined {
  const passed = trials.find((trial) => trial.backend === "wasm" && !trial.chosen);
  return passed === undefined ? undefined : `WebAssembly could not be used, ${backend} computes, which is slow: ${passed.reason}.`;
}
