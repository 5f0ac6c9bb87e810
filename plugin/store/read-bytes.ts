// How bytes that the user named are reached: each place (browser, terminal) has its own way.

import type { Progress } from "../../core/job.ts";
import type { Judge } from "../../core/source/zip-file.ts";

export type PhaseProgress = Extract<Progress, { kind: "phase" }>;

/**
 * Bytes of a file or an address that the user named; `tell` hears how much of an address has come, where the place does not show it itself.
 * `judge` looks at it by parts before it is read whole: it may be huge, and not what is wanted.
 */
export type ReadBytes = (
  from: Blob | URL | string,
  signal?: AbortSignal,
  tell?: (progress: PhaseProgress) => void,
  judge?: Judge,
) => Promise<Uint8Array>;
