// The order of test files: those that take longest begin first, so that two workers end together. Vitest would know from its
// cache, which a fresh machine lacks. Only the order depends on this list; a file that it lacks comes after it.

import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Most of the time goes to these: real browsers, whole trainings, programs that are started again and again. */
const longest = [
  "viewer/actions",
  "viewer/viewer",
  "viewer/reload",
  "browser/hosts",
  "viewer/bad-input",
  "browser/jobs",
  "host/terminal/slide",
  "browser/bundle",
  "host/terminal/training",
  "viewer/keys",
  "browser/contexts",
  "viewer/previews",
  "host/terminal/bad-input",
  "viewer/zarr",
  "viewer/opening",
  "browser/slides",
  "browser/docs",
  "core/model/archive",
  "core/source/fuzz",
  "core/source/zarr",
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId, project }: TestSpecification): number => {
      const at = longest.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      // A worker keeps its browser as long as the next file is of the browser project, too.
      return (project.name === "browser" ? 0 : longest.length + 1) + (at < 0 ? longest.length : at);
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
