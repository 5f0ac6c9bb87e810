// One lock function for every context. Web Locks hold between tabs and free themselves when a tab is gone; where there are none
// (http in a local network, sandboxed frames), the lock holds within this worker only. In a terminal, see node-lock.ts.

export interface Lock {
  /** Takes the lock of that name at once, or gives undefined when another holds it. */
  (name: string): Promise<(() => void) | undefined>;
  /** Who holds it, for a message: "process 4711 on alpha, since 2026-11-30 12:03 UTC". Absent where nobody can tell. */
  readonly holderOf?: (name: string) => Promise<string | undefined>;
}

/** The lock function of this context. */
export function createLock(manager: LockManager | undefined = globalThis.navigator?.locks): Lock {
  return manager === undefined ? createLocalLock() : createWebLock(manager);
}

function createWebLock(manager: LockManager): Lock {
  return (name) =>
    new Promise((resolve, reject) => {
      manager
        .request(`overtile ${name}`, { ifAvailable: true }, (lock) => {
          if (lock === null) return resolve(undefined);
          return new Promise<void>((release) => resolve(release));
        })
        .catch(reject);
    });
}

/** A lock among the callers of this one function. */
export function createLocalLock(): Lock {
  const held = new Set<string>();
  return async (name) => {
    if (held.has(name)) return undefined;
    held.add(name);
    return () => void held.delete(name);
  };
}
