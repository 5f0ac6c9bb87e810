// Workers in a browser. A worker that ends by itself tells nobody; but the lock it holds from its start on (Web Locks) is then
// free, and who waits for that lock knows. Where there are no locks (http in a local network, sandboxed frames), only errors tell.

import type { WorkerScript } from "./bundle.ts";
import type { SpawnWorker } from "./wire.ts";

let count = 0;

/** Spawns workers from a script. */
export function createBrowserSpawn({ url, type }: WorkerScript): SpawnWorker {
  return () => {
    const name = `overtile-${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}-${count++}`;
    const worker = new Worker(url, { type, name });
    const watching = new AbortController();
    return {
      endpoint: worker,
      onDeath(callback) {
        worker.addEventListener("error", (event) => {
          event.preventDefault();
          callback(event.message || `it could not be loaded from ${url}`);
        });
        worker.addEventListener("messageerror", () => callback("a message could not be read"));
      },
      onAlive(callback) {
        const { signal } = watching;
        locks()
          ?.request(name, { signal }, () => callback("it was ended"))
          .catch(() => {}); // aborted when we end it ourselves
      },
      terminate() {
        watching.abort();
        worker.terminate();
      },
    };
  };
}

/** The worker's side: holds the lock of its name as long as it lives. Resolves when it is held. */
export function holdLife(name: string): Promise<void> {
  return new Promise((resolve) => {
    const manager = locks();
    if (manager === undefined || name === "") return resolve();
    manager
      .request(name, () => {
        resolve();
        return new Promise(() => {});
      })
      .catch(() => resolve());
  });
}

function locks(): LockManager | undefined {
  return globalThis.navigator?.locks as LockManager | undefined;
}
