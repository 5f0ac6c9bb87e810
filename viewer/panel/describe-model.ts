// What a model's row says when it is pointed at: what it learnt from, how good it was, and how it makes objects.

import { showText } from "../../core/source/plain-text.ts";
import type { ModelInfo } from "../../plugin/contract.ts";

export function describeModel({ name, learntFrom, scores, objects }: ModelInfo): string {
  const f1 = scores?.["f1"];
  return [
    learntFrom.length > 0 ? showText(`Learnt from ${learntFrom.join(", ")}`) : name,
    ...(f1 === undefined ? [] : [`F1 ${f1.toFixed(3)}`]),
    ...(objects === undefined
      ? []
      : [
          `Objects: threshold ${objects.threshold}, cut apart at ${objects.split} px, smallest ${objects.min_size} px, ` +
            `holes ${objects.fill_holes === "yes" ? "filled" : "kept"}`,
        ]),
  ].join("\n");
}
