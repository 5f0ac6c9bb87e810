// The title of a plugin's command.

import type { Command } from "../../host/manifest.ts";

/** What a plugin calls its command, without the ellipsis of its own: some manifests have one, the menus give each its own. */
export function plainTitle({ short_title, title }: Command): string {
  return (short_title ?? title).replace(/\s*(…|\.{2,})[\s.…]*$/, "");
}
