// The length of a training that is to take so many minutes. Its steps are planned by the speed of the first ones; where the machine
// turns out faster or slower, the length is planned anew. Each new length is kept with the step from which it holds, so that the
// same list gives the same training again, at any speed.

/** From this step on, a training is so many steps long. */
export interface Length {
  readonly from: number;
  readonly steps: number;
}

/** The length that holds at `step`: the last one planned, `steps` before any. */
export function lengthAt(step: number, steps: number, lengths: readonly Length[] = []): number {
  return lengths.findLast(({ from }) => from <= step)?.steps ?? steps;
}

export interface PaceOptions {
  /** Until the training is to end, from now. */
  readonly seconds: number;
  /** Steps between validations; 0 = there is none. */
  readonly interval: number;
  /** What a validation takes, where that is known already. */
  readonly validationSeconds?: number | undefined;
  /** The clock, in milliseconds. */
  readonly now?: () => number;
}

/** Follows the clock of a training. */
export interface Pace {
  /** Hears how long a step or a validation took, in milliseconds. */
  heard(what: "step" | "validation", ms: number): void;
  /** The new length where `length` no longer fits the time that is left; `step` itself once that is over. */
  plan(step: number, length: number): number | undefined;
  secondsLeft(): number;
}

// Part of the time after which the length is looked at again, and the least difference for which it is changed.
const lookEvery = 0.05;
const leastShare = 0.05;

export function createPace({ seconds, interval, validationSeconds = 0, now = () => performance.now() }: PaceOptions): Pace {
  const end = now() + 1000 * seconds;
  let lookAt = now() + 1000 * lookEvery * seconds;
  let [steps, stepMs, validationMs] = [0, 0, interval > 0 ? 1000 * validationSeconds : 0];
  return {
    heard(what, ms) {
      if (what === "validation") validationMs = ms;
      else [steps, stepMs] = [steps + 1, stepMs + ms];
    },
    plan(step, length) {
      const time = now();
      const left = end - time;
      const isOver = left <= validationMs; // the last validation comes after the last step
      const isEarly = step >= length && left > 1000 * lookEvery * seconds;
      if (stepMs === 0 || (time < lookAt && !isOver && !isEarly)) return undefined;
      const fitting = isOver ? step : fitLength(step, left, { stepMs: stepMs / steps, validationMs, interval });
      lookAt = time + 1000 * lookEvery * seconds;
      // Only what was measured since the last look tells how fast the machine is now.
      [steps, stepMs] = [0, 0];
      const isNear = Math.abs(fitting - length) <= Math.max(1, leastShare * (length - step));
      return fitting === length || (isNear && !isOver) ? undefined : fitting;
    },
    secondsLeft: () => Math.max(0, (end - now()) / 1000),
  };
}

interface Costs {
  readonly stepMs: number;
  readonly validationMs: number;
  readonly interval: number;
}

/** The largest length whose steps and validations from `step` on, the one at its end included, take no longer than `leftMs`. */
function fitLength(step: number, leftMs: number, { stepMs, validationMs, interval }: Costs): number {
  const costMs = (length: number): number => {
    const due = interval > 0 ? Math.ceil(length / interval) - Math.floor(step / interval) : 0;
    return (length - step) * stepMs + due * validationMs;
  };
  let length = step + Math.floor(leftMs / (stepMs + (interval > 0 ? validationMs / interval : 0)));
  while (costMs(length + 1) <= leftMs) length++;
  while (length > step && costMs(length) > leftMs) length--;
  return length;
}

/** "40:300,80:280" as lengths; undefined for what is none: whole numbers, steps rising, no length below its own step. */
export function parseLengths(text: string): readonly Length[] | undefined {
  if (text.trim() === "") return [];
  const lengths = text.split(",").map((pair) => {
    const [, from, steps] = /^\s*(\d{1,8}):(\d{1,8})\s*$/.exec(pair) ?? [];
    return { from: Number(from), steps: Number(steps) };
  });
  const isList = lengths.every(({ from, steps }, i) => steps >= from && from > (lengths[i - 1]?.from ?? 0));
  return isList ? lengths : undefined;
}

/** The text that `parseLengths` reads. */
export function formatLengths(lengths: readonly Length[] = []): string {
  return lengths.map(({ from, steps }) => `${from}:${steps}`).join(",");
}
