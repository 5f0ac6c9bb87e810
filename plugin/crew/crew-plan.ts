// How many workers, from cores and memory: the tile is chosen first, then as many workers as fit the budget.

import { Problem } from "../../core/problem.ts";
import type { Budget } from "../../core/tile/choose.ts";
import type { Workspace } from "../workspace.ts";

// A WASM memory ends here, whatever the machine has.
const heapLimitBytes = 4e9;

/** Workers for a job that needs `bytesEach`. Throws Problem OutOfMemory when no backend could hold it. */
export function planWorkers(
  { workers, memory }: { readonly workers: number | "auto"; readonly memory: number },
  bytesEach: number,
  { cores }: Pick<Workspace, "cores">,
): number {
  if (bytesEach > heapLimitBytes) {
    throw new Problem(
      "OutOfMemory",
      `This needs ${megabytes(bytesEach)} MB at once; WebAssembly has ${megabytes(heapLimitBytes)} MB. Use a smaller tile or fewer features.`,
      { neededBytes: bytesEach, budgetBytes: heapLimitBytes },
    );
  }
  const fitting = Math.max(1, Math.floor((memory * 1e6) / bytesEach));
  return workers === "auto" ? Math.max(1, Math.min(cores, fitting)) : workers;
}

/**
 * The memory that so many workers share. With `auto` each may use half of it, so that the tile does not depend on how many there
 * will be; a network that is too large for that computes alone.
 */
export function shareMemory({ workers, memory }: { readonly workers: number | "auto"; readonly memory: number }): Budget {
  return { memoryBytes: memory * 1e6, shares: workers === "auto" || workers === 1 ? [2, 1] : [workers] };
}

export function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1e6);
}
