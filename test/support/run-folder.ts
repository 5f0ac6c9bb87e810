// Vitest's setup of a whole run: a folder for what its test files share, which goes when the run ends.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const variable = "OVERTILE_RUN_FOLDER";

/** Names the folder to all workers. */
export async function setup(): Promise<void> {
  process.env[variable] = await mkdtemp(join(tmpdir(), "overtile-run-"));
}

export async function teardown(): Promise<void> {
  await rm(process.env[variable]!, { recursive: true, force: true, maxRetries: 3 });
}
