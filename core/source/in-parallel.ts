// Many small asynchronous works, a few at a time, with a turn for the event loop in between: decoding a large box must neither
// open a thousand requests nor keep a page from drawing.

import { takeTurn } from "../job.ts";

/** Decoding goes on for so long before the event loop gets a turn. */
const longestTurnMs = 25;

/** Does `work` for every item, at most `limit` at a time. The first failure is thrown, after the works that run have ended. */
export async function inParallel<T>(
  items: readonly T[],
  { limit, signal }: { limit: number; signal?: AbortSignal | undefined },
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let turnAt = performance.now();
  const failures: unknown[] = [];
  const walk = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      try {
        await work(items[next++]!);
        if (performance.now() - turnAt < longestTurnMs) continue;
        await takeTurn(signal);
        turnAt = performance.now();
      } catch (failure) {
        failures.push(failure);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, walk));
  if (failures.length > 0) throw failures[0];
}
