// Work that is no job, followed as one.

import { expect, test } from "vitest";
import { followWork, type Progress, runJob } from "../../core/job.ts";

const phase = (done: number): Progress => ({ kind: "phase", name: "fetching", done });
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

test("work is followed: what it tells comes while it runs, of what comes at once the newest, and its result or error at the end", async () => {
  const told: number[] = [];
  const follow = ({ done }: Progress): void => void told.push(done);
  const result = await runJob(
    followWork(async (tell) => {
      tell(phase(1));
      await turn();
      for (const done of [2, 3, 4]) tell(phase(done));
      await turn();
      expect(told).toEqual([1, 4]);
      tell(phase(5));
      return "whole";
    }),
    follow,
  );
  expect(result).toBe("whole");
  expect(told).toEqual([1, 4, 5]);
  const failing = followWork(async () => {
    await turn();
    throw new Error("cut");
  });
  await expect(runJob(failing)).rejects.toThrow("cut");
});
