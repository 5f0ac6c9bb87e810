// A job's line, both ends in this thread: what goes in and what comes out.

import { expect, test } from "vitest";
import type { Progress } from "../../../plugin/contract.ts";
import { followLine, openLine } from "../../../plugin/job/job-line.ts";

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

test("a view that is asked for comes with a later question, each answer once, and a job never waits for it", async () => {
  const views = [1, 2].map((image) => ({ image, box: { y0: 0, x0: 0, y1: 9, x1: 9 } }));
  const line = openLine({ view: () => views.shift() });
  const { context, close } = followLine(line.port, "a");
  expect(context.view()).toBeUndefined();
  await expect.poll(() => context.view()?.image).toBe(1);
  await expect.poll(() => context.view()?.image).toBe(2);
  expect(context.view()).toBeUndefined();
  await turn();
  expect(context.view()).toBeUndefined();
  close();
  line.close();
});

test("without anybody who looks, nothing is seen; signals and progress pass all the same", async () => {
  const stop = new AbortController();
  const seen: Progress[] = [];
  const line = openLine({ stop: stop.signal, onProgress: (progress) => void seen.push(progress) });
  const { context, close } = followLine(line.port, "a");
  context.view();
  stop.abort();
  context.onProgress({ job: "a", kind: "phase", name: "starting", done: 0 });
  await expect.poll(() => [context.stop.aborted, context.signal.aborted, seen.length]).toEqual([true, false, 1]);
  expect(context.view()).toBeUndefined();
  close();
  line.close();
});

test("who waits until all is heard goes on after the caller has taken the last progress, and is not kept by one who has gone", async () => {
  const seen: Progress[] = [];
  const line = openLine({ onProgress: (progress) => void seen.push(progress) });
  const { context, heard, close } = followLine(line.port, "a");
  for (let done = 0; done < 50; done++) context.onProgress({ job: "a", kind: "phase", name: "writing", done });
  await heard();
  expect(seen).toHaveLength(50);
  line.close();
  await heard();
  close();
});
