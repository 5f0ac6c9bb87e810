// Asked before a model meets an image that it may not know (core/image/match-image.ts): once in a session for the same answer, since who
// has said yes to a grey model on coloured pictures knows.

import { matchImage } from "../../core/image/match-image.ts";
import { choosePixelsPerStep } from "../../core/image/object-scale.ts";
import type { Parameters } from "../../plugin/contract.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import { findModel } from "./find-model.ts";
import type { Library } from "./library.ts";

/** A question with a yes; false when it is dismissed. */
export type Ask = (title: string, text: string, yes: string) => Promise<boolean>;

export interface Meeting {
  readonly entry: ImageEntry;
  readonly planes: readonly { readonly z: number; readonly t: number }[];
}

export interface MeetingOrder {
  /** Channels that the user named. */
  readonly channel: unknown;
  /** The scale that the user named. */
  readonly scale: unknown;
  /** True where the model will be made to fit other channels, as a training does. */
  readonly adapts?: boolean;
  /** Words of the button that goes on. */
  readonly yes: string;
}

export interface AskFirst {
  /** True when the model may meet the images: it knows such ones, or the user wants it so. */
  mayMeet(model: unknown, meetings: readonly Meeting[], order: MeetingOrder): Promise<boolean>;
  /** True for a sentence that was asked about: it need not be told again. */
  wasAsked(sentence: string): boolean;
}

export function createAskFirst(library: Library, ask: Ask): AskFirst {
  const agreed = new Set<string>();
  const asked = new Set<string>();
  return {
    wasAsked: (sentence) => asked.has(sentence),
    async mayMeet(model, meetings, { channel, scale, adapts = false, yes }) {
      const info = typeof model === "string" ? findModel((await library.models()?.list()) ?? [], model) : undefined;
      if (!info) return true;
      // Named ones are the user's own decision, whichever they are.
      const named = adapts || String(channel ?? "").trim() !== "" ? [] : undefined;
      const doubts = new Map<string, string>();
      for (const { entry, planes } of meetings) {
        const isNamed = scale !== undefined && scale !== "auto";
        const isScaled = isNamed || choosePixelsPerStep("auto", info, entry.source) !== 1;
        const match = await matchImage(entry.source, info, { planes, named, isScaled });
        // The same doubt about another image is the same question.
        for (const doubt of match.doubts) {
          const key = `${info.name}: ${doubt.replace(entry.source.name, "")}`;
          if (!agreed.has(key) && !doubts.has(key)) doubts.set(key, doubt);
        }
      }
      if (doubts.size === 0) return true;
      const text = [...doubts.values()].join(" ");
      if (!(await ask(`The model ${info.name} may not know this image`, text, yes))) return false;
      for (const [key, doubt] of doubts) {
        agreed.add(key);
        asked.add(doubt);
      }
      return true;
    },
  };
}

/** The planes that a segmentation reads: the one in sight, unless others are named. */
export function planesOf({ source, plane }: ImageEntry, { plane: words }: Parameters): Meeting["planes"] {
  if (String(words ?? "").trim() !== "all") return [plane.peek()];
  return Array.from({ length: source.sizeZ * source.sizeT }, (_, i) => ({ z: i % source.sizeZ, t: Math.floor(i / source.sizeZ) }));
}
