// How long a training is: so many steps, unless its values say something else. A busy machine takes longer for them, and learns
// as much; minutes are there for who asks for them.

import type { RegisteredCommand } from "../../host/commands.ts";
import type { Parameters } from "../../plugin/contract.ts";
import { hasParameter } from "./bound-command.ts";

/** What a few drawn cells need: some 15 seconds on two free cores. */
export const firstSteps = 150;

/** Of a plugin that counts no steps. */
const firstMinutes = 0.5;

/** The values as set, with a length where they say none themselves and the plugin lets one choose. */
export function firstValues(entry: RegisteredCommand, set: Parameters = {}): Parameters {
  const { steps = "auto", minutes } = set;
  if (!hasParameter(entry, "minutes") || steps !== "auto" || minutes !== undefined) return set;
  return hasParameter(entry, "steps") ? { ...set, steps: firstSteps } : { ...set, minutes: firstMinutes };
}

/** The values with another length in place of theirs. */
export function withLength(values: Parameters, length: { readonly steps: number | "auto" } | { readonly minutes: number }): Parameters {
  const { steps: _steps, minutes: _minutes, ...others } = values;
  return "steps" in length ? { ...others, steps: length.steps, minutes: 0 } : { ...others, minutes: length.minutes };
}

/** The values of a dialog: of steps and minutes, which are one too many, the one that was changed there. */
export function settleLength(before: Parameters, after: Parameters): Parameters {
  const { steps = "auto", minutes = 0 } = after;
  if (steps === "auto" || !(Number(minutes) > 0)) return after;
  const [newSteps, newMinutes] = [steps !== (before["steps"] ?? "auto"), minutes !== (before["minutes"] ?? 0)];
  if (newSteps === newMinutes) return after;
  return newMinutes ? withLength(after, { minutes: Number(minutes) }) : { ...after, minutes: 0 };
}

/** About how long the steps take, seconds, as measured by the last training; undefined where none was. */
export function forecastSeconds(
  run: { readonly losses: readonly { readonly step: number }[]; readonly secondsRun: number } | undefined,
  steps: unknown,
): number | undefined {
  const first = run?.losses[0]?.step ?? 0;
  const made = (run?.losses.at(-1)?.step ?? 0) - first + 1;
  return run && run.losses.length > 1 && typeof steps === "number" ? (run.secondsRun / made) * steps : undefined;
}
