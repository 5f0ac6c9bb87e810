// Finds data that does not belong in the repository: OVERTILE_DATA, else ../shared. A test that needs it names itself as
// skipped where it is missing.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = process.env["OVERTILE_DATA"] ?? fileURLToPath(new URL("../../../shared", import.meta.url));

/** Path of shared data, undefined where it is missing. */
export function sharedPath(path: string): string | undefined {
  const full = `${root}/${path}`;
  return existsSync(full) ? full : undefined;
}

/** Path of a file of our own fixtures. */
export function fixturePath(path: string): string {
  return fileURLToPath(new URL(`../fixtures/${path}`, import.meta.url));
}
