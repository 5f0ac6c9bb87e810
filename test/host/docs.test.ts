// Every sample of docs/macros.md, run in a host with the fake plugin: what is a sample there works, what is an answer there comes.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { describeError } from "../../core/problem.ts";
import { createFakeHost, picture } from "./fake-plugin.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/macros.md"), "utf8");
const samples = [...page.matchAll(/```ijm\n(.*?)```(?:\n\n```text\n(.*?)```)?/gs)].map(([, source, answer]) => ({
  source: source!,
  answer,
}));
const [script] = [...page.matchAll(/```js\n(.*?)```/gs)].map(([, source]) => source!);

test.each(samples)("the sample runs, and answers as the page says: $source", async ({ source, answer }) => {
  const { host, printed } = createFakeHost();
  if (!source.includes("open(")) host.addImage(picture("any.png"));
  const answers = await host.runMacro(source).then(
    () => printed,
    (error: unknown) => [describeError(error)],
  );
  expect(answers.map((line) => `${line}\n`).join("")).toBe(answer ?? "");
});

test("the script runs, and both of its calls are the same", async () => {
  const { host, plugin } = createFakeHost();
  const log = vi.fn();
  const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as new (
    ...parts: string[]
  ) => (...given: unknown[]) => Promise<void>;
  await new AsyncFunction("host", "console", script!)(host, { log });
  expect(plugin.calls).toHaveLength(2);
  expect(plugin.calls[0]).toEqual(plugin.calls[1]);
  expect(log.mock.calls[0]![0]).toMatch(/^open\("cells.png"\);\nrun\("Overtile Segment", /);
});

test("the page has its samples", () => {
  expect(samples.length).toBeGreaterThan(8);
  expect(samples.filter(({ answer }) => answer !== undefined).length).toBeGreaterThan(3);
});
