// The bundle's entry, dist/overtile.mjs: `import { activate } from "overtile"`.

import { createOvertile } from "../client.ts";
import type { Host, Overtile } from "../contract.ts";
import { createFileBundle } from "../thread/bundle.ts";

export type * from "../contract.ts";

/** The plugin. Workers start in the background; a failure to start is told by the first call. */
export function activate(host?: Host): Overtile {
  return createOvertile(createFileBundle(import.meta.url), host);
}
