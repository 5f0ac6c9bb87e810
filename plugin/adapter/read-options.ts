// Parameters as foreign hosts give them: an object, an option string as ImageJ's macros write it ("model=[my cells] fill_holes"),
// or the values of an ImJoy form.

import { Problem } from "../../core/problem.ts";
import type { Parameters } from "../contract.ts";

/** The parameters by name; nothing is checked against the table yet. Throws Problem InvalidParameter for an option string with an open bracket. */
export function readOptions(given: unknown): Parameters {
  if (given === undefined || given === null) return {};
  if (typeof given === "object") return withoutMarks(given as Parameters);
  const values: Record<string, unknown> = {};
  let rest = String(given).trim();
  while (rest !== "") {
    const [, name = "", assigned] = /^([^\s=]*)(=?)/.exec(rest)!;
    rest = rest.slice(name.length + (assigned ? 1 : 0));
    if (assigned) {
      const { value, length } = readValue(rest, name);
      values[name] = value;
      rest = rest.slice(length);
    } else values[name] = true;
    rest = rest.trimStart();
  }
  return values;
}

function readValue(text: string, name: string): { readonly value: string; readonly length: number } {
  if (text.startsWith("'")) {
    const end = text.indexOf("'", 1);
    if (end < 0) throw openValue(name);
    return { value: text.slice(1, end), length: end + 1 };
  }
  if (!text.startsWith("[")) {
    const value = /^\S*/.exec(text)![0];
    return { value, length: value.length };
  }
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "[") depth++;
    if (text[i] === "]" && --depth === 0) return { value: text.slice(1, i), length: i + 1 };
  }
  throw openValue(name);
}

function openValue(name: string): Problem<"InvalidParameter"> {
  return new Problem("InvalidParameter", `The value of "${name}" must be closed with ] or '; the text ended before. Close it.`, {
    parameter: name,
  });
}

/** Without what the RPCs add to objects, and what a form left empty. */
function withoutMarks(given: Parameters): Parameters {
  const entries = Object.entries(given).filter(([name, value]) => !name.startsWith("_r") && value !== undefined && value !== null);
  return Object.fromEntries(entries.map(([name, value]) => [name, value === "yes" ? true : value === "no" ? false : value]));
}
