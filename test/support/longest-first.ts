// The order of test files. A project's files follow one another, so that they can share a process; within it those that take longest
// begin first, so that all workers end together. Vitest would know from its cache, which a fresh machine lacks. Only the order
// depends on this list; a file that it lacks comes after it. OVERTILE_ORDER=7 shuffles the files instead, by this seed.

import { createHash } from "node:crypto";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const order = ["browser", "terminal", "engine", "unit"];

/** Most of the time goes to these: real browsers, whole trainings, programs that are started again and again. */
const longest = [
  "browser/hosts",
  "viewer/slides",
  "browser/bundle",
  "viewer/drawn-pixels",
  "browser/jobs",
  "viewer/actions",
  "viewer/viewer",
  "viewer/bad-input",
  "browser/docs",
  "browser/contexts",
  "viewer/reload",
  "viewer/axe",
  "viewer/states",
  "viewer/keeping",
  "viewer/plugin-use",
  "viewer/panels",
  "browser/bad-input",
  "viewer/keys",
  "viewer/tools",
  "viewer/previews",
  "viewer/zarr",
  "viewer/keyboard",
  "host/terminal/slide",
  "host/terminal/training",
  "host/terminal/kills",
  "host/terminal/macro",
  "host/terminal/interrupted",
  "host/terminal/cluster",
  "host/terminal/images",
  "host/terminal/full-disk",
  "host/terminal/replay",
  "host/terminal/commands",
  "host/terminal/bad-input",
  "core/kernel/training",
  "core/train",
  "core/kernel/memory",
  "core/engine/golden",
  "core/engine/memory",
  "core/source/download",
  "core/source/http",
  "core/model/archive",
  "release/notices",
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const seed = process.env["OVERTILE_ORDER"];
    const place = seed === undefined ? placeInList : (file: TestSpecification) => placeBySeed(file, seed);
    const projectOf = ({ project }: TestSpecification): number => order.indexOf(project.name);
    return (await super.sort(files)).sort((a, b) => projectOf(a) - projectOf(b) || place(a) - place(b));
  }
}

function placeInList({ moduleId }: TestSpecification): number {
  const at = longest.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
  return at < 0 ? longest.length : at;
}

function placeBySeed({ moduleId }: TestSpecification, seed: string): number {
  return createHash("sha256").update(`${seed} ${moduleId}`).digest().readUInt32BE();
}
