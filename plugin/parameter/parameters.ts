// Reads the table of parameters (parameter-table.ts): what an action takes, with its defaults, presets and checks. Text from a
// terminal or a macro and values from JavaScript go the same way.

import { nearestWord, Problem } from "../../core/problem.ts";
import {
  type Action,
  type AutoParameter,
  type ChoiceParameter,
  type NumberParameter,
  type Parameter,
  parameters,
  presets,
  type Values,
} from "./parameter-table.ts";

/** The parameters that an action takes, in the order of the table. */
export function parametersOf(action: Action): readonly Parameter[] {
  return (parameters as readonly Parameter[]).filter(({ actions }) => actions.includes(action));
}

/**
 * Every parameter of `action` with its value: the given one, else the preset's, else the default. Text from a terminal or a
 * macro is converted by the table. Throws Problem InvalidParameter that names the parameter, what it takes, and the nearest name.
 */
export function resolveParameters<A extends Action>(action: A, given: Readonly<Record<string, unknown>> = {}): Values<A> {
  const table = parametersOf(action);
  for (const name of Object.keys(given)) if (!table.some((parameter) => parameter.name === name)) throw unknownName(action, name, table);
  const preset = "preset" in given || table.some(({ name }) => name === "preset") ? presets[presetName(given["preset"])] : {};
  const isRecord = isOlderRecord(given, table);
  const values = table.map((parameter) => {
    const presetValue = isRecord && parameter.isLater ? undefined : preset[parameter.name];
    const value = given[parameter.name] ?? presetValue ?? parameter.default;
    return [parameter.name, checkValue(parameter, value)];
  });
  return Object.fromEntries(values) as Values<A>;
}

/** True where all is given that parameters of a record had before later ones came: it was made without these. Unchecked boxes and empty texts may be absent. */
function isOlderRecord(given: Readonly<Record<string, unknown>>, table: readonly Parameter[]): boolean {
  return table.every(({ name, type, isLater }) => isLater === true || type === "flag" || type === "text" || given[name] !== undefined);
}

function presetName(value: unknown): keyof typeof presets {
  const parameter = (parameters as readonly Parameter[]).find(({ name }) => name === "preset")!;
  return checkValue(parameter, value ?? parameter.default) as keyof typeof presets;
}

/** The value in the parameter's type. Throws Problem InvalidParameter. */
export function checkValue(parameter: Parameter, value: unknown): string | number | boolean {
  switch (parameter.type) {
    case "text":
      if (typeof value === "string" || typeof value === "number") return String(value);
      break;
    case "flag":
      if (typeof value === "boolean") return value;
      if (value === "true" || value === "false") return value === "true";
      break;
    case "choice": {
      const word = toWord(parameter, value);
      if (parameter.choices.includes(word)) return word;
      break;
    }
    case "list": {
      const words = String(value)
        .split(",")
        .map((word) => word.trim());
      if (words.length > 0 && words.every((word) => parameter.choices.includes(word))) return words.join(",");
      break;
    }
    case "auto":
      if (value === "auto") return value;
      return checkNumber(parameter, value, parameter.isFraction !== true);
    default:
      return checkNumber(parameter, value, parameter.type === "integer");
  }
  throw invalidValue(parameter, value);
}

/** The word for a value of a choice: yes and no may be said as true and false. */
function toWord({ choices }: ChoiceParameter, value: unknown): string {
  const word = String(value);
  if (choices.includes(word) || !choices.includes("yes")) return word;
  return word === "true" ? "yes" : word === "false" ? "no" : word;
}

function checkNumber(parameter: NumberParameter | AutoParameter, value: unknown, whole: boolean): number {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) throw invalidValue(parameter, value);
  if (number < parameter.minimum || number > parameter.maximum || (whole && !Number.isInteger(number)))
    throw invalidValue(parameter, value, number);
  return number;
}

function invalidValue(parameter: Parameter, value: unknown, number?: number): Problem<"InvalidParameter"> {
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  const nearest = nearestValue(parameter, value, number);
  const advice = nearest === undefined ? "" : ` Use ${nearest}.`;
  return new Problem("InvalidParameter", `"${parameter.name}" must be ${describeValues(parameter)}; got ${shown}.${advice}`, {
    parameter: parameter.name,
    value: shown,
    ...(nearest === undefined ? {} : { nearest: [nearest] }),
  });
}

function nearestValue(parameter: Parameter, value: unknown, number: number | undefined): string | number | undefined {
  if (parameter.type === "choice" || parameter.type === "list") return nearestWord(String(value), parameter.choices) ?? parameter.default;
  if (parameter.type === "text" || parameter.type === "flag") return undefined;
  if (number === undefined) return parameter.default;
  const clamped = Math.min(parameter.maximum, Math.max(parameter.minimum, number));
  return parameter.type === "number" || (parameter.type === "auto" && parameter.isFraction) ? clamped : Math.round(clamped);
}

/** Describes the values of a parameter: "a whole number from 1 to 6". */
export function describeValues(parameter: Parameter): string {
  switch (parameter.type) {
    case "text":
      return "a text";
    case "flag":
      return "true or false";
    case "choice":
      return `one of ${parameter.choices.join(", ")}`;
    case "list":
      return `some of ${parameter.choices.join(", ")}, joined by commas`;
    case "auto":
      return `a ${parameter.isFraction ? "" : "whole "}number from ${parameter.minimum} to ${parameter.maximum}, or auto`;
    case "integer":
      return `a whole number from ${parameter.minimum} to ${parameter.maximum}`;
    case "number":
      return `a number from ${parameter.minimum} to ${parameter.maximum}`;
  }
}

function unknownName(action: Action, name: string, table: readonly Parameter[]): Problem<"InvalidParameter"> {
  const names = table.map((parameter) => parameter.name);
  const nearest = nearestWord(name, names);
  const advice = nearest === undefined ? `It knows ${names.join(", ")}.` : `Did you mean "${nearest}"?`;
  return new Problem("InvalidParameter", `${action} has no parameter "${name}". ${advice}`, {
    parameter: name,
    ...(nearest === undefined ? {} : { nearest: [nearest] }),
  });
}
