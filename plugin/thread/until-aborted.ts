// Waiting that can be given up. What is waited for goes on by itself: whoever needs it ended ends it by the same signal.

/** The promise, or the signal's reason: `graceMs` after it is aborted, so that what ends by itself has ended before. */
export function untilAborted<R>(promise: Promise<R>, signal: AbortSignal, graceMs = 0): Promise<R> {
  return new Promise((resolve, reject) => {
    let late: ReturnType<typeof setTimeout> | undefined;
    const abort = (): void => {
      const give = (): void => reject(signal.reason);
      if (graceMs === 0) give();
      else late = setTimeout(give, graceMs);
    };
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => {
      clearTimeout(late);
      signal.removeEventListener("abort", abort);
    });
  });
}
