// The second half of a slide in several threads: objects are cut apart by all of them, and described by the first while this one
// reads and labels. What they do is core/slide/object-crew.ts; here is the wire between, both sides of it.

import { type Remote, transfer } from "comlink";
import type { Cut, CutRequest } from "../../core/label/cut-objects.ts";
import { createLocalCrew, type ObjectCrew, type ObjectDescriber } from "../../core/slide/object-crew.ts";
import type { FileBytes, ObjectBand, ObjectFilesOptions } from "../../core/slide/object-files.ts";
import { type Connection, connect, type Greeter } from "../thread/wire.ts";
import type { Workspace } from "../workspace.ts";

/** The worker's side. */
export interface ObjectApi extends Greeter {
  cutObjects(request: CutRequest): Promise<readonly Cut[]>;
  describeObjects(options: ObjectFilesOptions): Promise<void>;
  addObjects(band: ObjectBand): Promise<readonly FileBytes[]>;
  restOfObjects(): Promise<readonly FileBytes[]>;
}

export function createObjectApi(): Omit<ObjectApi, keyof Greeter> {
  const crew = createLocalCrew();
  let describer: ObjectDescriber | undefined;
  const giveAway = (pieces: readonly FileBytes[]): readonly FileBytes[] =>
    transfer(
      pieces,
      pieces.map(({ bytes }) => bytes.buffer),
    );
  return {
    cutObjects: crew.cut,
    async describeObjects(options) {
      describer = await crew.describe(options);
    },
    addObjects: async (band) => giveAway(await describer!.add(band)),
    restOfObjects: async () => giveAway(await describer!.rest()),
  };
}

export interface ObjectThreads extends ObjectCrew {
  dispose(): void;
}

// Several start at once, on a machine that may be busy.
const startTimeoutMs = 20_000;

/**
 * As many threads as `workers` says, the first started at once, others when they are needed; what cannot be started is done in this
 * thread. With one worker all of it is. Calls reject with Problem WorkerLost when their thread dies.
 */
export function openObjectThreads({ spawn, cores }: Pick<Workspace, "spawn" | "cores">, workers: number | "auto"): ObjectThreads {
  const here = createLocalCrew();
  const count = workers === "auto" ? cores : workers;
  if (spawn === undefined || count < 2) return { ...here, dispose: () => {} };
  const life = new AbortController();
  const threads = Array.from({ length: count }, (): { busy: number; opening?: Promise<Connection<ObjectApi> | undefined> } => ({
    busy: 0,
  }));
  const start = (thread: (typeof threads)[number]): Promise<Connection<ObjectApi> | undefined> => {
    thread.opening ??= connect<ObjectApi>(spawn, startTimeoutMs, life.signal).catch(() => undefined);
    return thread.opening;
  };
  const [first] = threads as [(typeof threads)[number]];
  void start(first);
  const ask = async <R>(
    thread: (typeof threads)[number],
    call: (api: Remote<ObjectApi>) => Promise<R>,
    otherwise: () => Promise<R>,
  ): Promise<R> => {
    thread.busy++;
    try {
      const connection = await start(thread);
      return await (connection === undefined ? otherwise() : connection.call(call));
    } finally {
      thread.busy--;
    }
  };
  return {
    cut(request) {
      const idlest = threads.reduce((best, thread) => (thread.busy < best.busy ? thread : best));
      return ask(
        idlest,
        (api) => api.cutObjects(request),
        () => here.cut(request),
      );
    },
    async describe(options) {
      let own: ObjectDescriber | undefined;
      await ask(
        first,
        (api) => api.describeObjects(options),
        async () => {
          own = await here.describe(options);
        },
      );
      if (own !== undefined) return own;
      const connection = (await first.opening)!;
      return {
        add: (band) => connection.call((api) => api.addObjects(band)),
        rest: () => connection.call((api) => api.restOfObjects()),
      };
    },
    dispose: () => life.abort(),
  };
}
