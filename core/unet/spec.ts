// The network as data. A spec is five numbers; everything else (layers, shapes, costs) follows from it by pure functions
// in this folder. No tensors here. Read layers.ts next, then shape.ts.
// Ronneberger, Fischer, Brox 2015, arXiv:1505.04597.

import { Problem } from "../problem.ts";

export interface UNetSpec {
  /** Channels of the input image, 1 or more. */
  readonly channels: number;
  /** Classes of the output, 2 or more; class 0 is background. */
  readonly classes: number;
  /** Poolings on the contracting path, 1 to 6. */
  readonly levels: number;
  /** Feature channels of the first level; doubled at each level. */
  readonly features: number;
  /** Probability of dropping an activation at the end of the contracting path, in training only. */
  readonly dropout: number;
}

/** A checked spec: the paper's numbers where nothing is given. Throws Problem InvalidParameter. */
export function createSpec(given: Partial<UNetSpec> = {}): UNetSpec {
  const spec = { channels: 1, classes: 2, levels: 4, features: 64, dropout: 0.5, ...given };
  assertWhole("channels", spec.channels, 1, 1024);
  assertWhole("classes", spec.classes, 2, 255);
  assertWhole("levels", spec.levels, 1, 6);
  assertWhole("features", spec.features, 1, 512);
  if (!(spec.dropout >= 0 && spec.dropout < 1)) {
    throw new Problem("InvalidParameter", `"dropout" must be from 0 to below 1; got ${spec.dropout}. Use 0.5 or 0.`, {
      parameter: "dropout",
      value: spec.dropout,
    });
  }
  return spec;
}

function assertWhole(parameter: keyof UNetSpec, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  const nearest = Number.isFinite(value) ? Math.min(high, Math.max(low, Math.round(value))) : low;
  throw new Problem("InvalidParameter", `"${parameter}" must be a whole number from ${low} to ${high}; got ${value}. Use ${nearest}.`, {
    parameter,
    value,
    nearest: [nearest],
  });
}
