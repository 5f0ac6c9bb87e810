// How many channels a training reads. One rule for every order of its images: all have equally many, unless channels are named.

import { Problem } from "../../core/problem.ts";
import { fileNameOf } from "../../core/source/file-name.ts";
import type { SampleSource } from "../../core/training/read-samples.ts";
import { parseChannels } from "../parameter/planes.ts";

const mostNamed = 4;

/** The number of channels. Throws Problem InvalidParameter for images of several kinds. */
export function countChannels(samples: readonly SampleSource[], { channel }: { readonly channel: string }): number {
  const named = parseChannels(channel);
  if (named !== undefined) return named.length;
  const kinds = sortKinds(samples);
  if (kinds.length > 1) throw mixed(kinds);
  return samples[0]!.image.channels.length;
}

type Kind = readonly [count: number, samples: readonly SampleSource[]];

/** The images by their number of channels, few first. */
function sortKinds(samples: readonly SampleSource[]): readonly Kind[] {
  const kinds = new Map<number, SampleSource[]>();
  for (const sample of samples) {
    const count = sample.image.channels.length;
    kinds.set(count, [...(kinds.get(count) ?? []), sample]);
  }
  return [...kinds].sort(([a], [b]) => a - b);
}

/** Returns a notice about images of several kinds that all hold one channel; undefined when they are of one kind. */
export function describeMixed(samples: readonly SampleSource[]): string | undefined {
  const kinds = sortKinds(samples);
  return kinds.length > 1
    ? `Images of several kinds are learnt from as one channel: ${describeKinds(kinds)}, of which one is read.`
    : undefined;
}

function describeKinds(kinds: readonly Kind[]): string {
  return kinds
    .map(([count, samples]) => `${listNames(samples)} ${samples.length === 1 ? "has" : "have"} ${describeKind(count, samples)}`)
    .join(", ");
}

function mixed(kinds: readonly Kind[]): Problem<"InvalidParameter"> {
  const message = `Images of a training must have equally many channels; ${describeKinds(kinds)}. Save all of one kind, or name a channel that all have: channel=1.`;
  return new Problem("InvalidParameter", message, { parameter: "channel", value: kinds.map(([count]) => count) });
}

/** "1 channel", "3 channels (red, green, blue)". */
function describeKind(count: number, [first]: readonly SampleSource[]): string {
  const names = first!.image.channels.map(({ name }) => name);
  return count === 1 ? "1 channel" : `${count} channels${names.length <= mostNamed ? ` (${names.join(", ")})` : ""}`;
}

function listNames(samples: readonly SampleSource[]): string {
  const names = samples.map(({ name, image }) => fileNameOf(image.name) || name);
  if (names.length > mostNamed) return `${names.slice(0, mostNamed).join(", ")} and ${names.length - mostNamed} more`;
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
