import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/support/longest-first.ts";

const inBrowser = ["test/browser/**/*.test.ts", "test/viewer/**/*.test.ts"];

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
      // Without isolation the files of a worker share its Chromium, the served viewer and what they import.
      { extends: true, test: { name: "browser", include: inBrowser, isolate: false, globalSetup: "test/support/run-folder.ts" } },
      { extends: true, test: { name: "rest", include: ["test/**/*.test.ts"], exclude: inBrowser } },
    ],
  },
});
