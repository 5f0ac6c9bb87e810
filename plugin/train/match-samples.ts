// What a training reads of its images: the same rule as for segmenting (core/image/match-image.ts), so that a model is trained on what it
// will be shown. Pictures that are grey in three channels, or have one that is not empty, teach a network of one channel.

import { gatherNotices } from "../../core/gather-notices.ts";
import { describeReadPlane } from "../../core/image/describe-planes.ts";
import { type ImageMatch, type Learnt, matchImage } from "../../core/image/match-image.ts";
import { compareScales } from "../../core/image/object-scale.ts";
import { planWork } from "../../core/image/plan-work.ts";
import { assertPlanes, type Plane } from "../../core/image/read-image.ts";
import type { ImageSource } from "../../core/source/source.ts";
import type { SampleSource } from "../../core/training/read-samples.ts";
import type { Values } from "../parameter/parameter-table.ts";
import { choosePlanes, parseChannels } from "../parameter/planes.ts";
import { countChannels, describeMixed } from "./count-channels.ts";

export interface MatchedSamples {
  /** Channels that the network reads. */
  readonly channels: number;
  /** Those of the first image that they are. */
  readonly firstChannels: readonly number[];
  planesOf(image: ImageSource): readonly Plane[];
  /** What is to be told, once for all images that it is true of. */
  readonly notices: readonly string[];
}

type Words = Pick<Values<"train">, "channel" | "plane" | "pixel_size" | "scale">;

interface MatchSamplesOptions {
  /** The model to go on from: where it reads other channels, it is made to fit (core/engine/adapt-weights.ts). */
  readonly base: Learnt | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Matches all images with the network that will read them. Throws Problem InvalidParameter. */
export async function matchSamples(
  samples: readonly SampleSource[],
  words: Words,
  { base, signal }: MatchSamplesOptions,
): Promise<MatchedSamples> {
  const named = parseChannels(words.channel);
  const match = async (sample: SampleSource, learnt: Learnt): Promise<ImageMatch> => {
    const { image } = sample;
    const planes = choosePlanes(image, words);
    assertPlanes(image, planes);
    try {
      const slow = await planSample(sample, planes.length);
      const found = await matchImage(image, learnt, { planes, named, isScaled: isScaled(words, learnt, image), signal });
      return { ...found, told: [...slow, ...found.told] };
    } finally {
      // It is opened again when it is learnt from: hundreds of decoded pictures would not fit.
      for (const source of [image, sample.labels, sample.classes, sample.ignore]) source?.dispose?.();
    }
  };
  // A model that already reads as many channels as there are goes on with all of them.
  const knowsAll = base !== undefined && base.channels > 1 && samples.every(({ image }) => image.channels.length === base.channels);
  const mayBeSingle = !named && !knowsAll;
  const single = mayBeSingle ? await matchAll(samples, (sample) => match(sample, { ...base, channels: 1 })) : undefined;
  const learnt = { ...base, channels: single ? 1 : countChannels(samples, words) };
  const mixed = single && describeMixed(samples);
  const matches = single ?? (await matchEach(samples, (sample) => match(sample, learnt)));
  const byImage = new Map(samples.map(({ image }, index) => [image, matches[index]!.channels]));
  const channelsOf = (image: ImageSource): readonly number[] => byImage.get(image) ?? [];
  return {
    channels: learnt.channels,
    firstChannels: channelsOf(samples[0]!.image),
    planesOf: (image) => choosePlanes(image, words).map((plane) => ({ ...plane, channels: channelsOf(image) })),
    notices: [...(mixed === undefined ? [] : [mixed]), ...listNotices(samples, matches, words)],
  };
}

/** True where the scale is somebody's decision, or will be chosen by the sizes of pixels. */
function isScaled({ pixel_size, scale }: Words, learnt: Learnt, { pixelSizeUm }: ImageSource): boolean {
  return pixel_size > 0 || scale !== "auto" || compareScales(learnt, pixelSizeUm) !== undefined;
}

/** Returns notices about reading a sample, image and drawings. Throws Problem UnsupportedImage where it would take unreasonably long. */
async function planSample({ image, labels, classes, ignore }: SampleSource, planes: number): Promise<readonly string[]> {
  const told: string[] = [];
  for (const source of [image, labels, classes, ignore]) {
    const slow = source && (await planWork(source, { planes, isMeasured: source === image }));
    if (slow !== undefined) told.push(slow);
  }
  return told;
}

/** All matches, or undefined as soon as one is doubtful. */
async function matchAll(
  samples: readonly SampleSource[],
  match: (sample: SampleSource) => Promise<ImageMatch>,
): Promise<readonly ImageMatch[] | undefined> {
  const found: ImageMatch[] = [];
  for (const sample of samples) {
    const one = await match(sample);
    if (one.isPartial) return undefined;
    found.push(one);
  }
  return found;
}

async function matchEach(
  samples: readonly SampleSource[],
  match: (sample: SampleSource) => Promise<ImageMatch>,
): Promise<readonly ImageMatch[]> {
  const found: ImageMatch[] = [];
  for (const sample of samples) found.push(await match(sample));
  return found;
}

/** Returns notices about the files, each once for all files that it holds for. */
function listNotices(samples: readonly SampleSource[], matches: readonly ImageMatch[], { plane }: Words): readonly string[] {
  const notices = samples.flatMap(({ image, labels, classes, ignore }, index) => {
    const own = [image, labels, classes, ignore].flatMap((source) =>
      (source?.notices ?? []).map((message) => ({ name: source!.name, message })),
    );
    const part = plane.trim() === "" ? describeReadPlane(image, { z: 0, t: 0 }, { canReadAll: true }) : undefined;
    const read = [...(part === undefined ? [] : [part]), ...matches[index]!.told, ...matches[index]!.doubts];
    return [...own, ...read.map((message) => ({ name: image.name, message }))];
  });
  return gatherNotices(notices);
}
