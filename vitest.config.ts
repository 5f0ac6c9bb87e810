import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/support/longest-first.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // A machine may be slow and busy; only a hang takes this long.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Its own second is too short for a busy machine.
    expect: { poll: { timeout: 30_000 } },
    pool: "forks",
    sequence: { sequencer: LongestFirst },
    maxWorkers: 2,
  },
});
