// Which of the panel's buttons stands out: what comes next for somebody who opens an image, draws, trains.

import { expect, test } from "vitest";
import { nextStep, type StepFacts } from "../../viewer/panel/train-panel.ts";

const facts = (models: readonly { readonly starter?: boolean }[], state?: string, current: unknown = {}): StepFacts => ({
  workspace: { current: { value: current } },
  training: { models: { value: models }, run: { value: state === undefined ? undefined : { state } } },
});
const starter = { starter: true };

test("models that come with the plugin segment at once; who has drawn trains; who has a model of one's own segments", () => {
  expect(nextStep(facts([], undefined, null), 0)).toBe("open");
  expect(nextStep(facts([]), 0)).toBe("annotate");
  expect(nextStep(facts([starter]), 0)).toBe("segment");
  expect(nextStep(facts([]), 3)).toBe("train");
  expect(nextStep(facts([starter]), 3)).toBe("train");
  expect(nextStep(facts([starter, {}]), 3)).toBe("segment");
  expect(nextStep(facts([starter, {}], "running"), 3)).toBe("train");
});
