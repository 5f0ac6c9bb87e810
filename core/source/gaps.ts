// What a source did not have: chunks that are absent, and (with `skipBad`) chunks that are damaged. Both were read as the fill
// value; here they are counted once each, however often they are read.

import { Problem } from "../problem.ts";

/** A chunk that could not be read. The box is in pixels of its level. */
export interface BadChunk {
  readonly level: number;
  readonly z: number;
  readonly t: number;
  /** Zero-based; absent when the chunk holds all channels. */
  readonly channel?: number;
  readonly y0: number;
  readonly x0: number;
  readonly y1: number;
  readonly x1: number;
  readonly reason: string;
}

/** Counts of the chunks that were read as the fill value so far. */
export interface Gaps {
  /** Chunks that the file or store leaves out, which its format allows. */
  readonly missingChunks: number;
  /** True once a chunk was read that is there. */
  readonly foundAny: boolean;
  /** Chunks that are damaged, in the order in which they were met; only with the option `skipBad`. */
  readonly badChunks: readonly BadChunk[];
}

/** Gaps as they are handed on: between the processes that share a slide, or in a report. */
export type KnownGaps = Pick<Gaps, "missingChunks" | "badChunks">;

export interface GapRecorder extends Gaps {
  /** Notes that a chunk is there. */
  addFound(): void;
  /** Counts the chunk of this key, once. */
  addMissing(key: string): void;
  addBad(key: string, chunk: BadChunk): void;
}

export function createGaps(): GapRecorder {
  const missing = new Set<string>();
  const bad = new Map<string, BadChunk>();
  let foundAny = false;
  return {
    get foundAny() {
      return foundAny;
    },
    get missingChunks() {
      return missing.size;
    },
    get badChunks() {
      return [...bad.values()];
    },
    addFound() {
      foundAny = true;
    },
    addMissing: (key) => void missing.add(key),
    addBad(key, chunk) {
      if (!bad.has(key)) bad.set(key, chunk);
    },
  };
}

/** Throws Problem InvalidData where nothing of what was read so far is there: that is no dark image, but the wrong files. */
export function assertFound({ name, gaps }: { readonly name: string; readonly gaps?: Gaps }): void {
  if (!gaps || gaps.foundAny || gaps.missingChunks === 0 || gaps.badChunks.length > 0) return;
  const reason = `all ${gaps.missingChunks} chunks that were read are absent`;
  throw new Problem("InvalidData", `Expected pixels; of ${name} ${reason}. Copy or write the whole image again, with its chunks.`, {
    path: name,
    reason,
  });
}

/** Returns a sentence about chunks that are absent; undefined when there are none. */
export function describeMissing({ name, gaps }: { readonly name: string; readonly gaps?: KnownGaps }): string | undefined {
  const { missingChunks = 0 } = gaps ?? {};
  if (missingChunks === 0) return undefined;
  const [count, are, stand] = missingChunks === 1 ? ["1 chunk", "is", "stands"] : [`${missingChunks} chunks`, "are", "stand"];
  return `${count} of ${name} ${are} absent, which ${stand} for the fill value.`;
}

/** Returns a sentence each about absent and about damaged chunks. */
export function describeGaps({ name, gaps }: { readonly name: string; readonly gaps: KnownGaps }): readonly string[] {
  const missing = describeMissing({ name, gaps });
  const bad = gaps.badChunks.map((chunk) => `${name}: read as background: ${describeChunk(chunk)}: ${chunk.reason}`);
  return [...(missing === undefined ? [] : [missing]), ...bad];
}

/** "x 0 to 256, y 256 to 512 of level 1, z 3": where a chunk lies, for messages. */
export function describeChunk({ level, z, t, channel, y0, x0, y1, x1 }: Omit<BadChunk, "reason">): string {
  const plane = [z > 0 ? `, z ${z}` : "", t > 0 ? `, t ${t}` : "", channel === undefined ? "" : `, channel ${channel + 1}`].join("");
  return `x ${x0} to ${x1}, y ${y0} to ${y1} of level ${level}${plane}`;
}
