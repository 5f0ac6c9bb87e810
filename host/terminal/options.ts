// The options of commands, as commander gives them, and what they mean as parameters.

import { basename } from "node:path";
import { assertName } from "../../core/model/model.ts";
import { Problem } from "../../core/problem.ts";
import type { Parameters } from "../../plugin/contract.ts";
import { parametersOf } from "../../plugin/parameter/parameters.ts";

/** Camel case, values as text. */
export type Options = Readonly<Record<string, unknown>>;

/** The options that are parameters of the action, by the table's names. */
export function toParameters(action: "new" | "train" | "segment" | "evaluate", options: Options): Parameters {
  return pick(
    options,
    parametersOf(action).map(({ name }) => name),
  );
}

export function pick(options: Options, names: readonly string[]): Parameters {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = options[name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The name of the model in a file. */
export function modelName(path: string): string {
  const name = basename(path).replace(/\.zip$/i, "");
  assertName(name);
  return name;
}

/** Throws Problem InvalidParameter for a file that no model can be. */
export function assertZip(path: string): void {
  if (path.toLowerCase().endsWith(".zip")) return;
  throw new Problem("InvalidParameter", `A model's file must end in .zip; got "${path}". Use ${path}.zip.`, {
    parameter: "out",
    value: path,
    nearest: [`${path}.zip`],
  });
}
