// Four projects, one queue. `browser`: a real Chromium. `terminal`: the program with its threads and processes. `engine`: tests of tfjs
// and of ONNX Runtime, which keep one state a process, so each file has a process of its own. `unit`: all others. Files of
// the other projects share two processes, where modules are loaded once.

import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/support/longest-first.ts";
import { projects } from "./test/support/projects.ts";

const project = (name: keyof typeof projects, more: object = {}) => ({
  extends: true as const,
  test: { name, ...projects[name], ...more },
});

export default defineConfig({
  test: {
    // A machine may be slow and busy; only a hang takes this long.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Its own second is too short for a busy machine.
    expect: { poll: { timeout: 30_000 } },
    pool: "forks",
    sequence: { sequencer: LongestFirst },
    maxWorkers: 2,
    projects: [
      // The files of a worker share its Chromium and the served viewer, too.
      project("browser", { isolate: false, globalSetup: "test/support/run-folder.ts" }),
      project("engine"),
      project("terminal", { isolate: false }),
      project("unit", { isolate: false }),
    ],
  },
});
