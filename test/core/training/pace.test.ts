import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPace, formatLengths, type Length, lengthAt, parseLengths } from "../../../core/training/pace.ts";

/** Trains by a clock that only steps and validations move; returns the lengths that were planned, the last step, and the time. */
function follow(options: { seconds: number; steps: number; interval: number; validation: number; stepSeconds: (step: number) => number }) {
  const { seconds, steps, interval, validation, stepSeconds } = options;
  let time = 0;
  const pace = createPace({ seconds, interval, validationSeconds: validation, now: () => 1000 * time });
  const spend = (what: "step" | "validation", duration: number): void => {
    time += duration;
    pace.heard(what, 1000 * duration);
  };
  const lengths: Length[] = [];
  let step = 0;
  const length = (): number => lengthAt(step, steps, lengths);
  while (step < length()) {
    spend("step", stepSeconds(step++));
    const planned = pace.plan(step, length());
    if (planned !== undefined) lengths.push({ from: step, steps: planned });
    if (interval > 0 && (step % interval === 0 || step === length())) spend("validation", validation);
  }
  return { lengths, step, time };
}

describe("a training by the clock", () => {
  it("whose steps take what was measured keeps its length", () => {
    expect(follow({ seconds: 100, steps: 100, interval: 0, validation: 0, stepSeconds: () => 1 }).lengths).toEqual([]);
    const { lengths, time } = follow({ seconds: 120, steps: 100, interval: 10, validation: 2, stepSeconds: () => 1 });
    expect([lengths, time]).toEqual([[], 120]);
  });

  it("ends in time where the machine gets slower or faster: eight of twelve minutes were not enough", () => {
    const slower = follow({ seconds: 100, steps: 100, interval: 0, validation: 0, stepSeconds: (step) => (step < 40 ? 1 : 3) });
    expect(slower.time).toBeGreaterThan(93);
    expect(slower.time).toBeLessThan(104);
    expect(slower.lengths[0]!.steps).toBeLessThan(100);
    const faster = follow({ seconds: 720, steps: 720, interval: 0, validation: 0, stepSeconds: (step) => (step < 60 ? 1 : 0.5) });
    expect(faster.time).toBeGreaterThan(680);
    expect(faster.time).toBeLessThan(724);
  });

  it("ends near its time at any speeds, with its last validation counted, and never before its first step", () => {
    const speeds = fc.array(fc.double({ min: 0.2, max: 5, noNaN: true }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(speeds, fc.integer({ min: 1, max: 400 }), fc.nat(30), (factors, steps, interval) => {
        const stepSeconds = (step: number) => factors[Math.floor(step / 20) % factors.length]!;
        const { step, time, lengths } = follow({ seconds: 200, steps, interval, validation: 4, stepSeconds });
        expect(step).toBeGreaterThan(0);
        // A look at the clock is a twentieth of the time; speeds change by up to 25 times in between.
        expect(time).toBeGreaterThan(180);
        expect(time).toBeLessThan(220);
        expect(parseLengths(formatLengths(lengths))).toEqual(lengths);
      }),
      { numRuns: 200, seed: 2 },
    );
  });

  it("says that the time is over by the step that was made", () => {
    let time = 0;
    const pace = createPace({ seconds: 10, interval: 0, now: () => time });
    pace.heard("step", 11000);
    time = 11000;
    expect(pace.plan(1, 50)).toBe(1);
    expect(pace.secondsLeft()).toBe(0);
  });
});

describe("lengths", () => {
  it("hold from their step on, and the schedule's before", () => {
    const lengths = [
      { from: 4, steps: 20 },
      { from: 9, steps: 12 },
    ];
    expect([0, 3, 4, 8, 9, 11].map((step) => lengthAt(step, 15, lengths))).toEqual([15, 15, 20, 20, 12, 12]);
  });

  it("are read from pairs, and nothing else is", () => {
    expect(parseLengths("40:300, 80:280")).toEqual([
      { from: 40, steps: 300 },
      { from: 80, steps: 280 },
    ]);
    expect(parseLengths("")).toEqual([]);
    for (const text of ["40", "40:30", "80:280,40:300", "0:7", "a:b", "4:9,", "4:9;5:9", "1e3:2000", "-1:4"])
      expect(parseLengths(text)).toBeUndefined();
  });
});
