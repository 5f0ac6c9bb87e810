// From what a caller gave (an option string or an object) to the parameters of a command: checked, converted, with every
// default filled in; and back, to what a macro line holds. The command's JSON Schema is the only source of types and ranges.
// The grammar of option strings is in plugin/parameter/macro-options.ts.

import { type Schema, Validator } from "@cfworker/json-schema";
import { nearestWord, Problem } from "../core/problem.ts";
import type { Parameters } from "../plugin/contract.ts";
import { readOptionString } from "../plugin/parameter/macro-options.ts";
import type { OptionValues } from "./macro/format-options.ts";
import type { Variables } from "./macro/run.ts";
import type { ParameterSchema, ParametersSchema } from "./manifest.ts";
import { hasPattern, longestMatched } from "./safe-patterns.ts";

const noParameters: ParametersSchema = { type: "object", properties: {} };
const noVariables: Variables = new Map();

/**
 * The given parameters in the order of `schema`, converted and checked, without any default: what a handler gets, since only
 * the plugin knows what a preset would have made of the others. Throws Problem InvalidParameter naming the parameter, and the
 * nearest valid value or name.
 */
export function checkParameters(
  schema: ParametersSchema = noParameters,
  given: string | Parameters = {},
  variables: Variables = noVariables,
): Parameters {
  const values = typeof given === "string" ? readOptions(schema, given, variables) : readObject(schema, given);
  const checked: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(schema.properties)) {
    if (!values.has(name)) continue;
    const value = values.get(name);
    assertFits(name, value, property);
    // -0 is 0: a macro line cannot tell them apart.
    checked[name] = Object.is(value, -0) ? 0 : value;
  }
  return Object.freeze(checked);
}

/**
 * All parameters of `schema`: checked ones as they are, the others as the chosen presets or else their defaults say (booleans:
 * false); without any of these, absent. Throws Problem InvalidParameter where a required one is missing.
 */
export function fillParameters(schema: ParametersSchema = noParameters, checked: Parameters = {}): Parameters {
  const defaults: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(schema.properties)) {
    defaults[name] = property.default ?? (property.type === "boolean" ? false : undefined);
  }
  for (const [name, { presets = {} }] of Object.entries(schema.properties)) {
    const choice = String({ ...defaults, ...checked }[name]);
    if (Object.hasOwn(presets, choice)) Object.assign(defaults, presets[choice]);
  }
  const filled: Record<string, unknown> = {};
  for (const name of Object.keys(schema.properties)) {
    const value = Object.hasOwn(checked, name) ? checked[name] : defaults[name];
    if (value !== undefined) filled[name] = value;
  }
  assertWhole(schema, filled);
  return Object.freeze(filled);
}

/** Both: all parameters, from what was given. Throws Problem InvalidParameter. */
export function resolveParameters(schema?: ParametersSchema, given?: string | Parameters, variables?: Variables): Parameters {
  return fillParameters(schema, checkParameters(schema, given, variables));
}

/** What a macro line holds for `parameters`, in the order of the schema. Throws Problem InvalidParameter for items with a comma. */
export function toOptionValues(schema: ParametersSchema = noParameters, parameters: Parameters = {}): OptionValues {
  const values: Record<string, string | number | boolean> = {};
  for (const name of Object.keys(schema.properties)) {
    const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (value === undefined) continue;
    if (Array.isArray(value)) values[name] = joinItems(name, value);
    else values[name] = typeof value === "number" || typeof value === "boolean" ? value : String(value);
  }
  return values;
}

function readObject(schema: ParametersSchema, given: Parameters): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const [name, value] of Object.entries(given)) {
    const property = propertyOf(schema, name);
    if (value === undefined) continue;
    // Where both a number and a text are allowed, "572" is 572: a macro line cannot tell them apart. A list may come as text,
    // and a number where a text belongs.
    const types = typesOf(property);
    if (typeof value === "boolean" && isYesOrNo(property)) {
      values.set(name, value ? "yes" : "no");
      continue;
    }
    const asWritten = typeof value === "string" ? types.size > 1 || types.has("array") : Number.isFinite(value) && !types.has("number");
    values.set(name, asWritten ? convertText(String(value), property) : value);
  }
  return values;
}

function readOptions(schema: ParametersSchema, options: string, variables: Variables): Map<string, unknown> {
  const isFlag = (key: string): boolean | undefined =>
    isYesOrNo(propertyOf(schema, key)) ? undefined : propertyOf(schema, key).type === "boolean";
  const words = readOptionString(options, Object.keys(schema.properties), isFlag);
  const convert = (name: string, text: string): unknown => {
    const property = propertyOf(schema, name);
    return convertText(fillVariable(text, property, variables), property);
  };
  const read = (name: string, word: string | true): unknown => {
    if (word !== true) return convert(name, word);
    return isYesOrNo(propertyOf(schema, name)) ? "yes" : true;
  };
  return new Map([...words].map(([name, word]) => [name, read(name, word)]));
}

/** True for a choice that a bare word, or `true`, answers with yes. */
function isYesOrNo({ enum: choices = [] }: ParameterSchema): boolean {
  return choices.includes("yes") && choices.includes("no");
}

/** ImageJ's rule: `&name` is the macro variable of that name, and so is a bare name where a number belongs. */
function fillVariable(text: string, property: ParameterSchema, variables: Variables): string {
  const types = typesOf(property);
  const named = text.startsWith("&") ? text.slice(1) : types.has("number") && !types.has("string") ? text : undefined;
  const value = named === undefined ? undefined : variables.get(named);
  return value === undefined ? text : String(value);
}

function propertyOf(schema: ParametersSchema, name: string): ParameterSchema {
  const names = Object.keys(schema.properties);
  if (names.includes(name)) return schema.properties[name]!;
  const nearest = nearestWord(name.slice(0, 64), names);
  const hint = nearest === undefined ? ` Use one of ${names.join(", ") || "none: it has no parameters"}.` : ` Did you mean "${nearest}"?`;
  throw new Problem("InvalidParameter", `${JSON.stringify(name)} must be the name of a parameter, but is none.${hint}`, {
    parameter: name,
    ...(nearest !== undefined && { nearest: [nearest] }),
  });
}

type Kind = "number" | "string" | "boolean" | "array";

/** The types that a schema allows, "integer" as "number"; unions and enums are looked through. */
function typesOf(schema: ParameterSchema): Set<Kind> {
  const types = new Set<Kind>();
  for (const type of [schema.type ?? []].flat()) types.add(type === "integer" ? "number" : (type as Kind));
  for (const value of [...(schema.enum ?? []), ...(schema.const === undefined ? [] : [schema.const])]) types.add(typeof value as Kind);
  for (const option of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) for (const type of typesOf(option)) types.add(type);
  return types;
}

function convertText(text: string, schema: ParameterSchema): unknown {
  const types = typesOf(schema);
  if (types.has("array")) {
    const items: ParameterSchema = typeof schema.items === "object" && !Array.isArray(schema.items) ? schema.items : { type: "string" };
    return text === "" ? [] : text.split(",").map((item) => convertText(item.trim(), items));
  }
  if (types.has("number") && isNumeral(text)) return Number(text);
  return text;
}

/** What Java's parseDouble and we read alike: no hexadecimals, no empty text, no Infinity. */
function isNumeral(text: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) && Number.isFinite(Number(text));
}

function joinItems(name: string, items: readonly unknown[]): string {
  const faulty = items.find((item) => /^\s|,|\s$/.test(String(item)) || (items.length === 1 && item === ""));
  if (faulty === undefined) return items.join(",");
  throw new Problem("InvalidParameter", `The items of "${name}" must have no comma and no space around; got ${JSON.stringify(faulty)}.`, {
    parameter: name,
    value: faulty,
  });
}

function assertFits(name: string, value: unknown, schema: ParameterSchema): void {
  const texts = Array.isArray(value) ? value : [value];
  if (texts.some((text) => typeof text === "string" && text.length > longestMatched) && hasPattern(schema)) {
    const message = `"${name}" must have at most ${longestMatched} letters; got more. Write it shorter.`;
    throw new Problem("InvalidParameter", message, { parameter: name });
  }
  if (fits(value, schema)) return;
  const nearest = nearestValue(value, schema);
  const hint = nearest === undefined ? "" : ` Use ${nearest}.`;
  throw new Problem("InvalidParameter", `"${name}" must be ${describeSchema(schema)}; got ${show(value)}.${hint}`, {
    parameter: name,
    value,
    ...(nearest !== undefined && { nearest: [nearest] }),
  });
}

function fits(value: unknown, schema: ParameterSchema): boolean {
  const plain = typeof value === "object" || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
  return plain && new Validator(schema as Schema, "2020-12").validate(value).valid;
}

/** The rules that no single parameter can break: required ones, and conditions between them. */
function assertWhole(schema: ParametersSchema, resolved: Parameters): void {
  const missing = schema.required?.find((name) => !Object.hasOwn(resolved, name));
  if (missing !== undefined) {
    const what = describeSchema(schema.properties[missing]!);
    throw new Problem("InvalidParameter", `"${missing}" must be given; it is ${what}, without a default.`, { parameter: missing });
  }
  const { valid, errors } = new Validator(schema as unknown as Schema, "2020-12").validate(resolved);
  if (valid) return;
  const parameter = errors.at(-1)?.instanceLocation.split("/")[1] ?? "parameters";
  throw new Problem("InvalidParameter", `The parameters must fit together: ${errors.at(-1)?.error ?? "they do not"}`, { parameter });
}

/** What a schema asks for, in words: "a whole number from 1 to 6", "one of a, b". */
function describeSchema(schema: ParameterSchema): string {
  if (schema.const !== undefined) return String(schema.const);
  if (schema.enum !== undefined) return `one of ${schema.enum.join(", ")}`;
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) return options.map((option) => describeSchema(option)).join(" or ");
  const types = [schema.type ?? []].flat();
  if (types.length > 1) return types.map((type) => describeSchema({ ...schema, type })).join(" or ");
  if (types[0] === "integer") return `a whole number${describeRange(schema)}`;
  if (types[0] === "number") return `a number${describeRange(schema)}`;
  if (types[0] === "boolean") return "true or false";
  if (types[0] === "array") return "a list with commas";
  if (Array.isArray(schema.choices)) return `some of ${schema.choices.join(", ")}, joined by commas`;
  return schema.pattern === undefined ? "a text" : (schema.description ?? `a text like ${schema.pattern}`);
}

function describeRange({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf }: ParameterSchema): string {
  const parts: string[] = [];
  if (minimum !== undefined) parts.push(`from ${minimum}`);
  if (typeof exclusiveMinimum === "number") parts.push(`above ${exclusiveMinimum}`);
  if (maximum !== undefined) parts.push(`to ${maximum}`);
  if (typeof exclusiveMaximum === "number") parts.push(`below ${exclusiveMaximum}`);
  if (multipleOf !== undefined && multipleOf !== 1) parts.push(`in steps of ${multipleOf}`);
  return parts.map((part) => ` ${part}`).join("");
}

/** The valid value nearest to a wrong one, where that can be told. */
function nearestValue(value: unknown, schema: ParameterSchema): string | number | undefined {
  if (typeof value === "string") {
    const words = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap(({ enum: choices = [], const: only = [] }) =>
      [...choices, only].flat().filter((word) => typeof word === "string"),
    );
    return nearestWord(value.slice(0, 64), [...words, ...(Array.isArray(schema.choices) ? schema.choices : [])]);
  }
  const options = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  const numeric = options.find(({ type }) => [type].flat().some((one) => one === "number" || one === "integer"));
  if (typeof value !== "number" || !Number.isFinite(value) || numeric === undefined) return undefined;
  const step = numeric.multipleOf ?? (numeric.type === "integer" ? 1 : undefined);
  const rounded = step === undefined ? value : Math.round(value / step) * step;
  const nearest = Math.min(numeric.maximum ?? Infinity, Math.max(numeric.minimum ?? -Infinity, rounded));
  return fits(nearest, schema) ? nearest : undefined;
}

function show(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" || typeof value === "function") return value === null ? "null" : `a value of type ${typeof value}`;
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
