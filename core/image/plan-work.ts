// What a work will read of an image, planned before it begins: every plane is measured as a whole, at the full size or at a coarse
// level, and then read where it is wanted. A read that would take unreasonably long is refused; a read that is slow for no good reason is reported.

import type { Box } from "../array/raster.ts";
import { assertReadable, describeSlowness, planPlanes } from "../source/read-plan.ts";
import type { ImageSource, ReadRequest } from "../source/source.ts";
import { chooseMeasuredLevel } from "./read-image.ts";

export interface Work {
  /** Planes that are read, all alike. */
  readonly planes: number;
  /** Channels that are read; default all. */
  readonly channels?: readonly number[] | undefined;
  /** The level that is read, and the box of it; default the whole full size. */
  readonly level?: number;
  readonly region?: Box | undefined;
  /** False: nothing is measured first. Default true. */
  readonly isMeasured?: boolean;
}

/** The sentence to tell before the work; undefined where there is none. Throws Problem UnsupportedImage where the work is refused. */
export async function planWork(
  source: ImageSource,
  { planes, channels, level = 0, region, isMeasured = true }: Work,
): Promise<string | undefined> {
  const { name, levels } = source;
  const wholeOf = (number: number): Box => ({ y0: 0, x0: 0, y1: levels[number]!.height, x1: levels[number]!.width });
  const measured = isMeasured ? chooseMeasuredLevel(source) : level;
  const parts: ReadRequest[] = [{ ...(region ?? wholeOf(level)), level }];
  if (measured !== level || (isMeasured && region)) parts.unshift({ ...wholeOf(measured), level: measured });
  let told: string | undefined;
  for (const part of parts) {
    const one = await source.plan?.({ ...part, ...(channels && { channels: inside(source, channels) }) });
    if (!one) return undefined;
    const plan = planPlanes(one, planes);
    assertReadable(name, plan);
    told ??= describeSlowness(name, plan);
  }
  return told;
}

/** Channels that the image has: others are refused by whoever reads. */
function inside({ channels }: ImageSource, wanted: readonly number[]): readonly number[] {
  const found = wanted.filter((channel) => channel >= 0 && channel < channels.length);
  return found.length > 0 ? found : [0];
}
