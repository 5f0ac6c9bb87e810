// What is made of a slide once all of its blocks are there: objects are joined, results written, and what its source lacked is told.
// One function for the terminal's runs and merges, and for the browser's runs and exports.

import type { Job } from "../../core/job.ts";
import type { ObjectRule } from "../../core/label/object-rule.ts";
import type { DroppedPieces } from "../../core/label/object-table.ts";
import type { BlockStore } from "../../core/sink/block-store.ts";
import { type ResultOptions, type SlideCounts, writeSlideResults } from "../../core/slide/slide-results.ts";
import { describeGaps, type KnownGaps } from "../../core/source/gaps.ts";
import type { Parameters } from "../contract.ts";
import { openObjectThreads } from "../crew/object-threads.ts";
import { chooseRule, recordedRule } from "../parameter/choose-rule.ts";
import { resolveParameters } from "../parameter/parameters.ts";
import type { Workspace } from "../workspace.ts";
import { describeNoneLeft } from "./nothing-found.ts";

export interface FinishOptions extends Omit<ResultOptions, keyof ObjectRule | "crew"> {
  /** Of `segment`: threshold, min_size, fill_holes, split, workers. */
  readonly parameters: Parameters;
  /** Gaps that any worker of the run found in its source. Asked for at the end; absent: the gaps of `source`. */
  readonly gaps?: (() => Promise<KnownGaps>) | undefined;
  /** Says why nothing was found; default: by what was left out alone. */
  readonly describeNothing?: ((dropped: DroppedPieces, minSizePx: number) => string) | undefined;
}

export interface FinishedSlide {
  readonly counts: Omit<SlideCounts, "dropped">;
  /** Why nothing was found, where nothing was. */
  readonly nothing: string | undefined;
  /** What `auto` became. */
  readonly rule: ObjectRule;
  readonly gaps: KnownGaps | undefined;
}

/** Joins the objects of a run whose blocks are all there, and writes what was asked for: all of it or nothing. Throws Problem of many kinds, AbortError. */
export async function* finishSlide(
  blocks: BlockStore,
  { parameters, gaps: findGaps, describeNothing, ...options }: FinishOptions,
  workspace: Pick<Workspace, "spawn" | "cores">,
): Job<FinishedSlide> {
  const { record } = blocks;
  const values = resolveParameters("segment", parameters);
  const rule = chooseRule(values, recordedRule(record));
  const crew = openObjectThreads(workspace, values.workers);
  try {
    const { dropped, ...counts } = yield* writeSlideResults(blocks, { ...options, ...rule, crew });
    const gaps = findGaps === undefined ? options.source?.gaps : await findGaps();
    const describe = describeNothing ?? ((pieces, least) => describeNoneLeft(record.name, pieces, least));
    const nothing = dropped && describe(dropped, rule.minSizePx);
    for (const message of gaps === undefined ? [] : describeGaps({ name: record.name, gaps })) yield { kind: "notice", done: 0, message };
    if (nothing !== undefined) yield { kind: "notice", done: 0, message: nothing };
    return { counts, nothing, rule, gaps };
  } finally {
    crew.dispose();
  }
}
