import { describe, expect, it } from "vitest";
import { gatherNotices } from "../../core/gather-notices.ts";

describe("sentences about many files", () => {
  const all = (count: number, say: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => ({ name: `a${i}.png`, message: say(i) }));

  it("are said once, with the first name and how many more", () => {
    expect(gatherNotices(all(100, () => "The labels hold 0 and 255 only."))).toEqual([
      "a0.png (and 99 more): The labels hold 0 and 255 only.",
    ]);
    expect(gatherNotices(all(2, (i) => `a${i}.png has 5 planes.`))).toEqual(["a0.png (and 1 more) has 5 planes."]);
    expect(gatherNotices([...all(1, () => "x."), ...all(1, () => "x."), ...all(1, () => "y.")])).toEqual(["a0.png: x.", "a0.png: y."]);
  });

  it("are gathered where they differ in numbers alone, and there are more than three of them", () => {
    expect(gatherNotices(all(3, (i) => `It has ${i} parts.`))).toHaveLength(3);
    expect(gatherNotices(all(50, (i) => `It has ${i} parts.`))).toEqual(["a0.png (and 49 more alike): It has 0 parts."]);
    expect(gatherNotices(all(50, (i) => (i % 2 ? `It has ${i}.5 parts.` : `Empty: ${i}.`)))).toHaveLength(2);
  });

  it("hold names as they are", () => {
    expect(gatherNotices([{ name: "$&.png", message: "$&.png is odd." }])).toEqual(["$&.png is odd."]);
  });
});
