import { expect, it } from "vitest";
import type { RegisteredCommand } from "../../host/commands.ts";
import { resolveParameters } from "../../plugin/parameters.ts";
import { assertConsistent } from "../../plugin/train-plan.ts";
import { firstMinutes, firstValues } from "../../viewer/plugin/training.ts";

const entry = (properties: object): RegisteredCommand => ({ command: { parameters: { type: "object", properties } } }) as never;
const ours = entry({ minutes: {}, steps: {} });

it("a training has the panel's time, unless its values say a time or a number of steps", () => {
  expect(firstValues(ours)).toEqual({ minutes: firstMinutes });
  expect(firstValues(ours, { steps: "auto", features: 8 })).toEqual({ minutes: firstMinutes, steps: "auto", features: 8 });
  expect(firstValues(ours, { minutes: 3 })).toEqual({ minutes: 3 });
  expect(firstValues(ours, { minutes: 0, steps: 150 })).toEqual({ minutes: 0, steps: 150 });
  expect(firstValues(ours, { steps: 150 })).toEqual({ steps: 150 });
  expect(firstValues(entry({ steps: {} }), {})).toEqual({});
});

it("so what the panel sends by itself never asks for two lengths", () => {
  for (const set of [{}, { steps: 150 }, { steps: "auto" }, { minutes: 0, steps: 150 }, { minutes: 10 }]) {
    const sent = firstValues(ours, set);
    assertConsistent(sent, resolveParameters("train", sent), undefined);
  }
});
