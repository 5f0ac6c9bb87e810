// What a slide did not have, kept beside the blocks of a run: one file a shard, so that it is told at the end whoever joins them.

import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseJson } from "../../core/json.ts";
import { describeError, Problem } from "../../core/problem.ts";
import { describeChunk, type KnownGaps } from "../../core/source/gaps.ts";
import type { ImageSource } from "../../core/source/source.ts";
import { writeFileWhole } from "../../core/source/write-file.ts";

export interface RunGaps extends KnownGaps {
  /** Damaged chunks were to be passed over. */
  readonly skipBad: boolean;
}

export interface GapLedger {
  /** Keeps what was met until now. */
  save(): Promise<void>;
}

/** What a source has met until now. */
export function gapsOf(source: Pick<ImageSource, "gaps"> | undefined, skipBad: boolean): RunGaps {
  const { missingChunks = 0, badChunks = [] } = source?.gaps ?? {};
  return { skipBad, missingChunks, badChunks };
}

/** The ledger of a process that works at a run: `shard` as given, if any. */
export async function openGapLedger(work: string, gaps: () => RunGaps, shard = "1/1"): Promise<GapLedger> {
  const path = join(work, "gaps", `${shard.replace("/", "-of-")}.json`);
  const before = await readFileGaps(path);
  let kept = JSON.stringify(before);
  return {
    async save() {
      const now = JSON.stringify(joinGaps([before, gaps()]));
      if (now === kept) return;
      kept = now;
      await mkdir(join(work, "gaps"), { recursive: true });
      await writeFileWhole(path, new TextEncoder().encode(now));
    },
  };
}

/** What all who worked at a run have met. */
export async function readGaps(work: string): Promise<RunGaps> {
  const names = (await readdir(join(work, "gaps")).catch(() => [])).filter((name) => name.endsWith(".json") && !name.startsWith("."));
  return joinGaps(await Promise.all(names.sort().map((name) => readFileGaps(join(work, "gaps", name)))));
}

/** Damaged chunks once each. Of missing ones only numbers are known, and the same may be in several: at least the greatest. */
export function joinGaps(some: readonly RunGaps[]): RunGaps {
  const bad = new Map(some.flatMap(({ badChunks }) => badChunks).map((chunk) => [describeChunk(chunk), chunk]));
  return {
    skipBad: some.some(({ skipBad }) => skipBad),
    missingChunks: Math.max(0, ...some.map(({ missingChunks }) => missingChunks)),
    badChunks: [...bad.values()],
  };
}

/** For the report. */
export function reportGaps({ missingChunks, badChunks }: KnownGaps = { missingChunks: 0, badChunks: [] }): Partial<KnownGaps> {
  return { ...(missingChunks > 0 && { missingChunks }), ...(badChunks.length > 0 && { badChunks }) };
}

function checkGaps(json: unknown): RunGaps {
  const { skipBad, missingChunks, badChunks } = (json ?? {}) as Partial<RunGaps>;
  const isList = Array.isArray(badChunks) && badChunks.every((chunk) => typeof chunk === "object" && chunk !== null);
  if (typeof skipBad !== "boolean" || !Number.isSafeInteger(missingChunks) || !isList) throw new Error("it is another document");
  return { skipBad, missingChunks: missingChunks!, badChunks };
}

async function readFileGaps(path: string): Promise<RunGaps> {
  try {
    return checkGaps(parseJson(await readFile(path, "utf8")));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return gapsOf(undefined, false);
    const reason = describeError(cause);
    const message = `Expected the list of what a slide did not have at ${path}; it cannot be read: ${reason}. Delete it: what is read again is listed again.`;
    throw new Problem("InvalidData", message, { path, reason }, { cause });
  }
}
