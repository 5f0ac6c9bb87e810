// A gate that lets a few in at a time: requests to a server.

export interface Gate {
  /** Enters where there is room now, and gives the way to leave. */
  atOnce(): (() => void) | undefined;
  inTurn(signal: AbortSignal | undefined): Promise<() => void>;
}

/** Lets `limit` in at a time, in the order in which they came. */
export function createGate(limit: number): Gate {
  const queue: (() => void)[] = [];
  let inside = 0;
  const leave = (): void => {
    inside--;
    queue.shift()?.();
  };
  const atOnce: Gate["atOnce"] = () => {
    if (inside >= limit) return undefined;
    inside++;
    return leave;
  };
  return {
    atOnce,
    async inTurn(signal) {
      for (;;) {
        const entered = atOnce();
        if (entered) return entered;
        await new Promise<void>((resolve, reject) => {
          const go = (): void => {
            signal?.removeEventListener("abort", abort);
            resolve();
          };
          const abort = (): void => {
            queue.splice(queue.indexOf(go), 1);
            reject(signal?.reason);
          };
          queue.push(go);
          signal?.addEventListener("abort", abort, { once: true });
        });
      }
    },
  };
}
