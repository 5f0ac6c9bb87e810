// Four projects, one queue. `browser`: a real Chromium. `terminal`: the program with its threads and processes. `engine`: tests of tfjs
// and of ONNX Runtime, which keep one state a process, so each file has a process of its own. `unit`: all others. Files of
// the other projects share two processes, where modules are loaded once.

import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/support/longest-first.ts";
import { mutations, plantMutation } from "./test/support/mutations.ts";
import { projects } from "./test/support/projects.ts";
import { SlowestFiles } from "./test/support/slowest-files.ts";

const project = (name: keyof typeof projects, more: object = {}) => ({
  extends: true as const,
  test: { name, ...projects[name], ...more },
});

const planted = mutations[Number(process.env["OVERTILE_MUTATION"]) - 1];

export default defineConfig({
  plugins: planted === undefined ? [] : [plantMutation(planted)],
  test: {
    // A machine may be slow and busy; only a hang takes this long.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Its own second is too short for a busy machine.
    expect: { poll: { timeout: 30_000 } },
    pool: "forks",
    sequence: { sequencer: LongestFirst },
    maxWorkers: 2,
    setupFiles: "test/support/equal-arrays.ts",
    reporters: ["default", new SlowestFiles()],
    // What is compiled from these is imported by no test.
    forceRerunTriggers: ["**/package.json", "**/vitest.config.ts", "core/kernel/assembly/**"],
    projects: [
      // The files of a worker share its Chromium and the served viewer, too.
      project("browser", { isolate: false, globalSetup: "test/support/run-folder.ts" }),
      project("engine"),
      project("terminal", { isolate: false }),
      project("unit", { isolate: false }),
    ],
  },
});
