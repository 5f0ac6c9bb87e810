import { expect, it } from "vitest";
import { describeModel } from "../../viewer/panel/describe-model.ts";

const model = {
  ...{ name: "cells", version: 1, description: "", created: "2026-12-01", bytes: 1, channels: 1, classes: ["background", "cell"] },
  learntFrom: ["a.png", "b.png"],
};

it("a model's row says what it learnt from, how good it was and how it makes objects", () => {
  const objects = { threshold: 0.4, split: 0.75, min_size: 20, fill_holes: "yes" } as const;
  expect(describeModel({ ...model, scores: { f1: 0.8712, ap50: 0.7 }, objects })).toBe(
    "Learnt from a.png, b.png\nF1 0.871\nObjects: threshold 0.4, cut apart at 0.75 px, smallest 20 px, holes filled",
  );
  expect(describeModel({ ...model, learntFrom: [] })).toBe("cells");
});
