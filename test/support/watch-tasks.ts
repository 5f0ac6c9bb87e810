// How long a page keeps its main thread busy, by the clock and by the thread's own time.

import type { Browser, Page } from "playwright-core";
import { expect } from "vitest";

export interface LongestTask {
  readonly wallMs: number;
  /** Of its thread's own time: what a busy machine does not stretch. */
  readonly cpuMs: number;
}

/** Watches the page's main thread; what comes back ends that and tells the longest tasks, by the clock and by the processor. */
export async function watchTasks(
  { browser }: { readonly browser: Browser },
  { page }: { readonly page: Page },
): Promise<() => Promise<LongestTask>> {
  await browser.startTracing(page, { categories: ["toplevel", "__metadata"] });
  return async () => {
    interface TraceEvent {
      readonly name: string;
      readonly pid: number;
      readonly tid: number;
      readonly dur?: number;
      readonly tdur?: number;
      readonly args: { readonly name?: string };
    }
    const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
    const keyOf = ({ pid, tid }: TraceEvent): string => `${pid} ${tid}`;
    const mains = new Set(traceEvents.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain").map(keyOf));
    const tasks = traceEvents.filter((event) => event.name.endsWith("RunTask") && event.dur !== undefined && mains.has(keyOf(event)));
    expect(tasks.length).toBeGreaterThan(10);
    const longest = (times: number[]): number => Math.round(times.reduce((most, time) => Math.max(most, time), 0) / 1000);
    return { wallMs: longest(tasks.map(({ dur }) => dur!)), cpuMs: longest(tasks.map(({ tdur }) => tdur ?? 0)) };
  };
}
