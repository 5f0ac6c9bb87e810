// What a list of models says of each: plain data, read from its archive.

import { readModel } from "../../core/model/archive.ts";
import type { Model } from "../../core/model/model.ts";
import type { ModelInfo, Scores } from "../contract.ts";
import { learntRule, toRuleValues } from "../parameter/choose-rule.ts";

/** The facts of an archive. Throws Problem InvalidModel. */
export async function describeModel(archive: Uint8Array): Promise<ModelInfo> {
  const { name, version, description, created, spec, classNames, pixelSizeUm, training, license } = await readModel(archive);
  const { samples, provenance } = training;
  const scores = findScores(training);
  return {
    name,
    version,
    description,
    created,
    bytes: archive.length,
    channels: spec.channels,
    classes: classNames,
    ...(pixelSizeUm === undefined ? {} : { pixelSizeUm }),
    learntFrom: Array.isArray(samples) ? samples.map(String) : [],
    ...(typeof provenance === "string" && { provenance }),
    ...(license !== undefined && { license }),
    ...(scores !== undefined && { scores }),
    objects: toRuleValues(learntRule({ spec, training })),
  };
}

/** Scores on images that nothing was chosen on, else those of the validation. */
export function findScores({ measured, scores }: Model["training"]): Scores | undefined {
  const found = [measured, scores].find((one) => typeof one === "object" && one !== null && Object.keys(one).length > 0);
  const numbers = Object.entries(found ?? {}).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  return numbers.length === 0 ? undefined : Object.fromEntries(numbers);
}
