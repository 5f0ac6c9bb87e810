// The entry of the single files, dist/overtile.single.mjs and .js: nothing is fetched, the worker starts from a Blob.

import { files, workerCode } from "virtual:bundle";
import { createOvertile } from "../client.ts";
import type { Host, Overtile } from "../contract.ts";
import { createInlineBundle } from "../thread/bundle.ts";

export type * from "../contract.ts";

/** The plugin. Workers start in the background; a failure to start is told by the first call. */
export function activate(host?: Host): Overtile {
  return createOvertile(createInlineBundle(workerCode, files), host);
}
