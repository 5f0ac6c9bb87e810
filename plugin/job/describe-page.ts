// The page's part of the diagnostics: what only the page knows.

import type { Bundle } from "../thread/bundle.ts";
import { version } from "../version.ts";

/** Lines about program, browser and page. */
export function describePage({ form }: Bundle): string {
  const { userAgent = "unknown", hardwareConcurrency = 0 } = globalThis.navigator ?? {};
  const memory = (globalThis.navigator as { deviceMemory?: number } | undefined)?.deviceMemory;
  return [
    `Overtile ${version} (${form})`,
    `browser: ${userAgent}`,
    `processor: ${hardwareConcurrency} cores${memory === undefined ? "" : `, about ${memory} GB of memory`}`,
    `page: ${globalThis.isSecureContext ? "secure" : "not secure"}, ${globalThis.crossOriginIsolated ? "isolated" : "not isolated"}, origin ${globalThis.origin}`,
  ].join("\n");
}
