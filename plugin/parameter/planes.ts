// The words of `channel` and `plane`: "1,3" and "z=3,t=1", as a user writes them, against what an image has.

import type { Plane } from "../../core/image/read-image.ts";
import { Problem } from "../../core/problem.ts";
import type { ImageSource } from "../../core/source/source.ts";

export interface PlaneWords {
  /** Channels from 1, joined by commas; empty: the first ones. */
  readonly channel: string;
  /** "z=3,t=1" (from 0; the viewer's sliders show one more), "all", or empty: the first. */
  readonly plane: string;
}

/** The planes of `source` that the words mean, each with `channels` channels (undefined: as many as are named, or all). */
export function choosePlanes(source: ImageSource, { channel, plane }: PlaneWords, channels?: number): readonly Plane[] {
  const named = parseChannels(channel);
  const chosen = named ?? Array.from({ length: channels ?? source.channels.length }, (_, c) => c);
  const at = parsePlane(plane);
  if (at !== "all") return [{ z: at.z, t: at.t, channels: chosen }];
  return Array.from({ length: source.sizeT * source.sizeZ }, (_, i) => ({
    z: i % source.sizeZ,
    t: Math.floor(i / source.sizeZ),
    channels: chosen,
  }));
}

/** Zero-based channels; undefined when none are named. Throws Problem InvalidParameter. */
export function parseChannels(channel: string): readonly number[] | undefined {
  if (channel.trim() === "") return undefined;
  return channel.split(",").map((word) => {
    const number = Number(word);
    if (Number.isInteger(number) && number >= 1) return number - 1;
    throw new Problem(
      "InvalidParameter",
      `"channel" must be numbers from 1, joined by commas; got "${channel}". Write for example channel=1,3.`,
      {
        parameter: "channel",
        value: channel,
      },
    );
  });
}

function parsePlane(plane: string): { readonly z: number; readonly t: number } | "all" {
  if (plane.trim() === "all") return "all";
  const at = { z: 0, t: 0 };
  for (const part of plane.split(",").filter((word) => word.trim() !== "")) {
    const found = /^\s*([zt])\s*=\s*(\d+)\s*$/.exec(part);
    if (found === null) {
      throw new Problem("InvalidParameter", `"plane" must be like z=3,t=1, or all; got "${plane}". Write for example plane=z=3.`, {
        parameter: "plane",
        value: plane,
      });
    }
    at[found[1] as "z" | "t"] = Number(found[2]);
  }
  return at;
}
