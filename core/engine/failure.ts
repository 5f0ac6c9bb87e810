// What a GPU tells late or not at all: a lost device, exhausted memory. Operations on a dead device "succeed", so whoever awaits
// a result looks here too.

export interface FailureWatch {
  /** Why the backend can no longer be trusted; undefined while it can. */
  reason(): string | undefined;
  /** Rejects at the first failure; never resolves. */
  readonly failed: Promise<never>;
  /** Notes a failure. Later ones change nothing. */
  fail(reason: string): void;
}

/** `look`: asked whenever somebody wants to know, for what has no event. */
export function createFailureWatch(look: () => string | undefined = () => undefined): FailureWatch {
  let known: string | undefined;
  let reject!: (error: Error) => void;
  const failed = new Promise<never>((_, rejectFailed) => {
    reject = rejectFailed;
  });
  failed.catch(() => {}); // nobody may be waiting
  return {
    failed,
    reason: () => known ?? look(),
    fail(reason) {
      known ??= reason;
      reject(new Error(reason));
    },
  };
}
