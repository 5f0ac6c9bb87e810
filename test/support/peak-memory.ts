// How far the memory of this process rises while something is done.

import { resourceUsage } from "node:process";

/** Megabytes by which the highest mark of the process's memory rose; 0 where it stayed below what was used before. */
export async function measurePeakMb(work: () => Promise<unknown>): Promise<number> {
  const beforeMb = resourceUsage().maxRSS / 1024;
  await work();
  return resourceUsage().maxRSS / 1024 - beforeMb;
}
