// Whether a model can know an image: its channels, and the size of its pixels. One rule, by which images are segmented and learnt from,
// and by which the viewer asks before it begins. What is chosen for the user is told; what is doubtful is asked about where there is
// somebody to answer, and told elsewhere. Channels that the user names are his decision.

import { takeTurn } from "../job.ts";
import type { ImageSource } from "../source/source.ts";
import { compareScales, type LearntScale } from "./object-scale.ts";
import { chooseMeasuredLevel, type Plane } from "./read-image.ts";

/** Images that a model has learnt from. */
export interface Learnt extends LearntScale {
  readonly channels: number;
}

export interface ImageMatch {
  /** Zero-based channels that are read. */
  readonly channels: readonly number[];
  /** What was chosen for the user: a sentence each. */
  readonly told: readonly string[];
  /** What the model may not know: a sentence each. */
  readonly doubts: readonly string[];
  /** True where channels that hold something are left out unasked. */
  readonly isPartial: boolean;
}

export interface MatchOptions {
  /** Planes that will be read; the first, the middle and the last of them are looked at. */
  readonly planes: readonly Pick<Plane, "z" | "t">[];
  /** Channels as the user named them, zero-based; undefined: none are named. */
  readonly named?: readonly number[] | undefined;
  /** True where the scale on which the image is seen was chosen for this model, or is the user's decision (object-scale.ts). */
  readonly isScaled: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A model that learnt from pixels of another size by more than this factor knows other objects. */
const largestScale = 2;

/** Compares an image with what a model learnt from. Reads pixels only where a model of one channel meets several. */
export async function matchImage(source: ImageSource, learnt: Learnt, options: MatchOptions): Promise<ImageMatch> {
  const channels = await matchChannels(source, learnt.channels, options);
  const scale = options.isScaled ? { told: [], doubts: [] } : compareSizes(source, learnt);
  return { ...channels, told: [...channels.told, ...scale.told], doubts: [...channels.doubts, ...scale.doubts] };
}

async function matchChannels(source: ImageSource, wanted: number, { named, planes, signal }: MatchOptions): Promise<ImageMatch> {
  const whole = { told: [], doubts: [], isPartial: false };
  if (named) return { ...whole, channels: named };
  const { name, channels } = source;
  const first = Array.from({ length: wanted }, (_, channel) => channel);
  if (channels.length <= wanted) return { ...whole, channels: first };
  const kind = wanted === 1 ? await findImageChannel(source, planes, signal) : undefined;
  if (kind) return { ...whole, channels: [kind.channel], told: kind.told };
  const read = wanted === 1 ? `1, the first (${channels[0]!.name}) is` : `${wanted}, the first ones are`;
  const doubt = `${name} has ${channels.length} channels, the model reads ${read} taken. It may know no such image. Choose others with "channel".`;
  return { channels: first, told: [], doubts: [doubt], isPartial: true };
}

function compareSizes({ name, pixelSizeUm }: ImageSource, learnt: Learnt): Pick<ImageMatch, "told" | "doubts"> {
  const ratio = compareScales(learnt, pixelSizeUm) ?? 1;
  if (ratio === 1) return { told: [], doubts: [] };
  const fact = `${name} has pixels of ${pixelSizeUm} µm, the model learnt from ${learnt.pixelSizeUm} µm: it is taken as it is.`;
  if (ratio <= largestScale && ratio >= 1 / largestScale) return { told: [fact], doubts: [] };
  const times = (ratio > 1 ? ratio : 1 / ratio).toFixed(1).replace(/\.0$/, "");
  const doubt = `${fact} Its objects are ${times} times as ${ratio > 1 ? "large" : "small"} in it as those that the model knows.`;
  return { told: [], doubts: [doubt] };
}

/** A channel is empty where its values span less than this part of what the fullest one spans. */
const emptyPart = 0.04;
/** Channels are equal where they differ by no more than this part of it: a JPEG rounds. */
const equalPart = 0.01;
/** With more channels than these, none is looked for. */
const mostChannels = 4;

/** The channel that holds the whole image: any of equal ones, or the only one that is not empty. Undefined where there are several. */
async function findImageChannel(
  source: ImageSource,
  planes: readonly Pick<Plane, "z" | "t">[],
  signal?: AbortSignal,
): Promise<{ readonly channel: number; readonly told: readonly string[] } | undefined> {
  const { name, channels } = source;
  if (channels.length < 2 || channels.length > mostChannels) return undefined;
  const spans = await measureSpans(source, planes, signal);
  if (!spans) return undefined;
  const widest = Math.max(...spans.sizes);
  if (spans.difference <= equalPart * widest) return { channel: 0, told: [] };
  const full = spans.sizes.flatMap((size, channel) => (size > emptyPart * widest ? [channel] : []));
  if (full.length !== 1) return undefined;
  const [channel] = full as [number];
  const told = `${name} has ${channels.length} channels, and only one that is not empty, ${channels[channel]!.name}: it is read. Choose others with "channel".`;
  return { channel, told: [told] };
}

interface Spans {
  /** Largest value less smallest, of each channel. */
  readonly sizes: readonly number[];
  /** The most that two channels of a pixel differ by. */
  readonly difference: number;
}

const stripRows = 512;
const largestOf: Readonly<Record<string, number>> = { uint8: 255, uint16: 65_535 };

/** Returns the ranges of the channels; undefined as soon as it is clear that several are full and they differ. */
async function measureSpans(
  source: ImageSource,
  planes: readonly Pick<Plane, "z" | "t">[],
  signal: AbortSignal | undefined,
): Promise<Spans | undefined> {
  const count = source.channels.length;
  const [least, most] = [new Array<number>(count).fill(Number.POSITIVE_INFINITY), new Array<number>(count).fill(Number.NEGATIVE_INFINITY)];
  let difference = 0;
  const top = largestOf[source.dtype] ?? Number.POSITIVE_INFINITY;
  const level = chooseMeasuredLevel(source);
  const { height, width } = source.levels[level] ?? source;
  for (const { z, t } of pickPlanes(planes)) {
    for (let y0 = 0; y0 < height; y0 += stripRows) {
      const { data } = await source.read({ y0, x0: 0, y1: Math.min(height, y0 + stripRows), x1: width, z, t, level, signal });
      for (let at = 0; at < data.length; at += count) {
        let [low, high] = [data[at]!, data[at]!];
        for (let channel = 0; channel < count; channel++) {
          const value = data[at + channel]!;
          if (value < least[channel]!) least[channel] = value;
          if (value > most[channel]!) most[channel] = value;
          if (value < low) low = value;
          if (value > high) high = value;
        }
        if (high - low > difference) difference = high - low;
      }
      const full = most.filter((value, channel) => value - least[channel]! > emptyPart * top).length;
      if (full > 1 && difference > equalPart * top) return undefined;
      await takeTurn(signal);
    }
  }
  return { sizes: most.map((value, channel) => Math.max(0, value - least[channel]!)), difference };
}

/** The first, the middle and the last. */
function pickPlanes<P>(planes: readonly P[]): readonly P[] {
  const last = planes.length - 1;
  return [...new Set([0, Math.floor(last / 2), last])].map((index) => planes[index]!);
}
