import { expect, it } from "vitest";
import type { RegisteredCommand } from "../../host/commands.ts";
import { resolveParameters } from "../../plugin/parameter/parameters.ts";
import { assertConsistent } from "../../plugin/train/train-plan.ts";
import { firstSteps, firstValues, forecastSeconds, settleLength, withLength } from "../../viewer/plugin/training-length.ts";

const entry = (properties: object): RegisteredCommand => ({ command: { parameters: { type: "object", properties } } }) as never;
const ours = entry({ minutes: {}, steps: {} });

it("a training has the panel's number of steps, unless its values say a time or a number of steps", () => {
  expect(firstValues(ours)).toEqual({ steps: firstSteps });
  expect(firstValues(ours, { steps: "auto", features: 8 })).toEqual({ steps: firstSteps, features: 8 });
  expect(firstValues(ours, { minutes: 3 })).toEqual({ minutes: 3 });
  // What an earlier version stored.
  expect(firstValues(ours, { minutes: 0.5, steps: "auto" })).toEqual({ minutes: 0.5, steps: "auto" });
  expect(firstValues(ours, { minutes: 0, steps: 300 })).toEqual({ minutes: 0, steps: 300 });
  expect(firstValues(ours, { steps: 300 })).toEqual({ steps: 300 });
  expect(firstValues(entry({ steps: {} }), {})).toEqual({});
  expect(firstValues(entry({ minutes: {} }), {})).toEqual({ minutes: 0.5 });
});

it("so what the panel sends by itself never asks for two lengths, whatever was chosen in panel and dialog before", () => {
  const lengths = [
    {},
    { steps: 150 },
    { steps: "auto" },
    { minutes: 0, steps: 150 },
    { minutes: 10 },
    { minutes: 0, steps: "auto" },
  ] as const;
  for (const set of lengths) {
    const shown = firstValues(ours, set);
    const dialogs = [{ minutes: 7 }, { steps: 77 }, { minutes: 0, steps: 77 }].map((change) =>
      settleLength(shown, { ...shown, ...change }),
    );
    const chosen = [{ minutes: 3 }, { steps: 300 }, { steps: "auto" }].map((length) => withLength(shown, length as { steps: number }));
    for (const sent of [shown, ...dialogs, ...chosen].map((values) => firstValues(ours, values)))
      assertConsistent(sent, resolveParameters("train", sent), undefined);
    expect(dialogs[0]!["minutes"]).toBe(7);
    expect(dialogs[1]!["steps"]).toBe(77);
  }
});

it("steps are forecast by the last training, also one that was gone on with", () => {
  const losses = Array.from({ length: 50 }, (_, i) => ({ step: 51 + i }));
  expect(forecastSeconds({ losses, secondsRun: 10 }, 150)).toBe(30);
  expect(forecastSeconds({ losses: [], secondsRun: 10 }, 150)).toBeUndefined();
  expect(forecastSeconds(undefined, 150)).toBeUndefined();
  expect(forecastSeconds({ losses, secondsRun: 10 }, "auto")).toBeUndefined();
});
