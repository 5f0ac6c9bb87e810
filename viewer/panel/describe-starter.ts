// A model that comes with the plugin, in words: what it is for, how good it is, what it learnt from.

import type { ModelInfo } from "../../plugin/contract.ts";

/** What a user should know before it is used. */
export function describeStarter({ description, provenance, license, scores }: ModelInfo): string {
  const f1 = scores?.["f1"];
  return [
    description,
    ...(f1 === undefined ? [] : [`F1 ${f1.toFixed(2)} on images that it has not seen.`]),
    ...(provenance === undefined ? [] : [`Learnt from ${provenance}`]),
    ...(license === undefined ? [] : [`Licence: ${license}.`]),
  ].join(" ");
}
