// The jobs of one caller, over an worker that this thread plays: a cancel is answered, and the next job waits for what was given up.

import { expect, test } from "vitest";
import { createJobClient } from "../../../plugin/job/job-client.ts";
import type { JobWorker } from "../../../plugin/job/job-worker.ts";

const worker = { reach: async () => ({ call: (ask: (api: object) => Promise<unknown>) => ask({}) }) } as unknown as JobWorker;

const nameOf = (error: Error): string => error.name;

test("a job that hangs is given up within a second of its cancel; the next one begins when it has ended", async () => {
  const { run, cancel } = createJobClient(worker);
  const order: string[] = [];
  let end = (): void => {};
  const hanging = new Promise<never>((_, reject) => {
    end = () => reject(new Error("too late"));
  });
  const first = run({}, {}, () => () => hanging).catch(nameOf);
  await new Promise((resolve) => setTimeout(resolve, 10));
  const began = performance.now();
  cancel();
  expect(await first).toBe("AbortError");
  expect(performance.now() - began).toBeLessThan(1000);
  const second = run({}, {}, () => async () => void order.push("the second begins"));
  await new Promise((resolve) => setTimeout(resolve, 50));
  order.push("the first ends");
  end();
  await second;
  expect(order).toEqual(["the first ends", "the second begins"]);
});

test("a job that waits for the end of another can be cancelled, and jobs that run are not waited for", async () => {
  const { run, cancel } = createJobClient(worker);
  const hanging = run({}, { job: "a" }, () => () => new Promise<never>(() => {})).catch(nameOf);
  expect(await run({}, {}, () => async () => "beside it")).toBe("beside it");
  cancel("a");
  expect(await hanging).toBe("AbortError");
  const waiting = run({}, { job: "b" }, () => async () => "never").catch(nameOf);
  cancel("b");
  expect(await waiting).toBe("AbortError");
});
