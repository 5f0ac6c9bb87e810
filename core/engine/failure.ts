// What a GPU tells late or not at all: a lost device, exhausted memory. Operations on a dead device "succeed", so whoever awaits
// a result looks here too.

export interface FailureWatch {
  /** Why the backend can no longer be trusted; undefined while it can. */
  reason(): string | undefined;
  /** Settles as `asked` does, or rejects at the first failure if that is earlier. Keeps nothing of what is settled. */
  race<R>(asked: Promise<R>): Promise<R>;
  /** Notes a failure. Later ones change nothing. */
  fail(reason: string): void;
}

/** `look`: asked whenever somebody wants to know, for what has no event. */
export function createFailureWatch(look: () => string | undefined = () => undefined): FailureWatch {
  let known: string | undefined;
  const pending = new Set<(error: Error) => void>();
  return {
    reason: () => known ?? look(),
    // Promise.race against one promise that never settles would keep every result for as long as that lives.
    race: (asked) =>
      new Promise((resolve, reject) => {
        if (known !== undefined) return reject(new Error(known));
        pending.add(reject);
        asked.then(resolve, reject).finally(() => pending.delete(reject));
      }),
    fail(reason) {
      known ??= reason;
      for (const reject of pending) reject(new Error(known));
      pending.clear();
    },
  };
}
