// When a training has gone wrong beyond repair, and what its user can do then. Asked at every step; train.ts tells the story.

import { Problem } from "../problem.ts";

/** The steps done in a training, and their losses. */
interface Losses {
  readonly step: number;
  readonly curve: readonly { readonly loss?: number }[];
}

// However hard its examples, a network that still learns does not get this far above where it began. Beyond the first it is
// not worth saving; beyond the second it is lost, though dead units may keep its loss finite for ever.
const explodedTimes = 100;
const lostTimes = 10_000;

/** Throws Problem Diverged for what is not finite, and for a loss that no training comes back from. */
export function assertSound({ step, curve }: Losses, quantity: "loss" | "gradient", value: number): void {
  const highest = quantity === "loss" && curve.length > 0 ? lostTimes * Math.max(1, curve[0]!.loss!) : Number.MAX_VALUE;
  if (!(value <= highest)) throw diverged(step + 1, quantity, value);
}

/** True when the loss of the last step says that the weights are no good any more, though still finite. */
export function isExploding({ curve }: Pick<Losses, "curve">): boolean {
  return curve.length > 0 && curve.at(-1)!.loss! > explodedTimes * Math.max(1, curve[0]!.loss!);
}

/** The Problem of a training that ends with such weights. */
export function describeExplosion({ step, curve }: Losses): Problem<"Diverged"> {
  return diverged(step, "loss", curve.at(-1)!.loss!);
}

function diverged(step: number, quantity: "loss" | "gradient", value: number): Problem<"Diverged"> {
  const expected = `The ${quantity} must stay ${Number.isFinite(value) ? "near where it began" : "finite"}; at step ${step} it became ${value}.`;
  return new Problem("Diverged", expected, { step: step - 1, quantity });
}

/** The Problem with what is left and what to do. */
export function adviseAfterDivergence(
  { message, details }: Problem<"Diverged">,
  { learningRate }: { readonly learningRate: number },
  savedStep: number | undefined,
): Problem<"Diverged"> {
  const rate = `a "learning_rate" ten times smaller (${Number((learningRate / 10).toPrecision(6))})`;
  const kept = savedStep === undefined || savedStep === 0 ? undefined : savedStep;
  const advice =
    kept === undefined
      ? `Nothing worth keeping was learnt before. Train anew with ${rate}.`
      : `What was learnt up to step ${kept} is kept. Go on from there: "resume" with ${rate}.`;
  return new Problem("Diverged", `${message} ${advice}`, { ...details, ...(kept !== undefined && { savedStep: kept }) });
}
