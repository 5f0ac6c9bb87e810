// What a place offers to the actions: threads, files, a library. The terminal and the browser each make one.

import type { BackendName } from "../core/engine/backend.ts";
import type { Library } from "./library/library.ts";
import type { Files } from "./store/files.ts";
import type { Lock } from "./store/lock.ts";
import type { ReadBytes } from "./store/read-bytes.ts";
import type { AssetBytes } from "./thread/assets.ts";
import type { SpawnWorker } from "./thread/wire.ts";

export interface Workspace {
  readonly assets: AssetBytes;
  /** Absent where no worker can be started: then this thread computes. */
  readonly spawn?: SpawnWorker | undefined;
  /** Cores of the machine. */
  readonly cores: number;
  readonly library: Library;
  /** Where trainings are saved while they run. */
  readonly checkpoints: Files;
  /** Small things to remember, for instance which backend is the fastest here. */
  readonly notes?: Files | undefined;
  /** Keeps two trainings of one name apart, also in two tabs. */
  readonly lock?: Lock | undefined;
  /** What the store is, for the diagnostics. */
  readonly storage?: string | undefined;
  /** Backends that can be asked for here, best first. */
  readonly backends: readonly BackendName[];
  readonly readBytes: ReadBytes;
}
