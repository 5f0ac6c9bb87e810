// Who may write the workspace: one tab of the origin, until it is closed (or the browser ends it); the next one in the queue then
// has it at once.

export interface WorkspaceLock {
  /** Resolves once this tab has the workspace to itself. */
  readonly held: Promise<void>;
  /** Lets it go, or stops waiting for it. */
  release(): void;
}

/** Queues for the workspace. Where the browser has no locks, it is had at once. */
export function queueForWorkspace(): WorkspaceLock {
  if (!("locks" in navigator)) return { held: Promise.resolve(), release() {} };
  const waiting = new AbortController();
  let letGo = (): void => {};
  const kept = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const held = new Promise<void>((resolve) => {
    const take = (): Promise<void> => {
      resolve();
      return kept;
    };
    navigator.locks.request("overtile-viewer", { signal: waiting.signal }, take).catch(() => {
      // A page without an origin has no locks, and no storage that another tab could share.
      if (!waiting.signal.aborted) resolve();
    });
  });
  return {
    held,
    release() {
      waiting.abort();
      letGo();
    },
  };
}
