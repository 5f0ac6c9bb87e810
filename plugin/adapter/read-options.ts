// Parameters as foreign hosts give them: an object, an option string as ImageJ's macros write it ("model=[my cells] fill_holes"),
// or the values of an ImJoy form.

import type { Parameters } from "../contract.ts";
import { readOptionString } from "../parameter/macro-options.ts";
import type { Action } from "../parameter/parameter-table.ts";
import { parametersOf } from "../parameter/parameters.ts";

/** The parameters by name; values are not checked yet. Throws Problem InvalidParameter for an option string that is not clear. */
export function readOptions(action: Action, given: unknown): Parameters {
  if (given === undefined || given === null) return {};
  const table = parametersOf(action);
  const isFlag = (name: string): boolean | undefined => {
    const parameter = table.find((one) => one.name === name);
    if (parameter === undefined || (parameter.type === "choice" && parameter.choices.includes("yes"))) return undefined;
    return parameter.type === "flag";
  };
  if (typeof given === "object") return readForm(given as Parameters, isFlag);
  const names = table.map(({ name }) => name);
  return Object.fromEntries(readOptionString(String(given), names, isFlag));
}

/** Without what the RPCs add to objects, and what a form left empty. Boxes of a form say yes or no. */
function readForm(given: Parameters, isFlag: (name: string) => boolean | undefined): Parameters {
  const entries = Object.entries(given).filter(([name, value]) => !name.startsWith("_r") && value !== undefined && value !== null);
  return Object.fromEntries(entries.map(([name, value]) => [name, isFlag(name) ? toFlag(value) : value]));
}

function toFlag(value: unknown): unknown {
  return value === "yes" ? true : value === "no" ? false : value;
}
