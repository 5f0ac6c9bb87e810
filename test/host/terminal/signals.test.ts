// What a signal does to a run, in this process: kept or given up, and the exit code that the shell expects.

import { describe, expect, it } from "vitest";
import type { Job } from "../../../core/job.ts";
import { type Interrupt, type TerminalProcess, withProcess } from "../../../host/terminal/process.ts";
import { exitCodeOf, runInTerminal } from "../../../host/terminal/run-job.ts";

/** A process that gets one signal at the second step of its job, and what became of it. */
async function interrupt(signal: Interrupt, stopNotice?: string) {
  let send = (_: Interrupt): void => {};
  const said: string[] = [];
  const stream = { isTTY: false, write: (text: string) => said.push(text) > 0 } as unknown as NodeJS.WriteStream;
  const own: TerminalProcess = {
    ...{ stdout: stream, stderr: stream, env: {}, dist: new URL("file:///") },
    onInterrupt(listener) {
      send = listener;
      return () => {};
    },
    exit: (code) => void said.push(`exit ${code}`),
  };
  const end = await withProcess(own, () =>
    runInTerminal(async function* ({ signal: cancel, stop }): Job<string> {
      for (let done = 1; done < 4; done++) {
        yield { kind: "step", done, total: 4, loss: 1, learningRate: 1 };
        if (done === 2) send(signal);
        cancel.throwIfAborted();
        if (stop.aborted) return "kept";
      }
      return "whole";
    }, stopNotice),
  ).catch((error: Error) => error.name);
  return { end, code: exitCodeOf(own), said: said.join("") };
}

describe("the first signal", () => {
  it.each([
    ["SIGINT", undefined],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("%s keeps what a training learnt, and cancels what keeps nothing; exit code %s", async (signal, code) => {
    expect(await interrupt(signal, "Stopping: kept.")).toMatchObject({
      end: "kept",
      code,
      said: expect.stringContaining("Stopping: kept."),
    });
    expect(await interrupt(signal)).toMatchObject({ end: "AbortError", code });
  });
});
