// A plugin's manifest: loading it and checking everything that menus, dialogs and macros later rely on. The manifest is data:
// nothing of the plugin is loaded here. Entry paths are relative to the manifest's own URL.
// The shape is in manifest-schema.ts; the rules of references are npe2's.

import { type Schema, Validator } from "@cfworker/json-schema";
import { parseJson } from "../core/json.ts";
import { describeError, nearestWord, Problem } from "../core/problem.ts";
import { download, largestTextBytes } from "../core/source/download.ts";
import { hasHidden, showText } from "../core/source/plain-text.ts";
import { findValue } from "../plugin/parameter/macro-options.ts";
import { manifestSchema } from "./manifest-schema.ts";
import { findUnsafePattern, hasPattern, longestMatched } from "./safe-patterns.ts";

/** JSON Schema of one parameter, with the annotations that hosts read. */
export type ParameterSchema = Schema & {
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  /** The words of a list that is written with commas. */
  readonly choices?: readonly string[];
  /** What each choice of this parameter makes the defaults of others. */
  readonly presets?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};

/** JSON Schema of a command's parameters, by name. */
export interface ParametersSchema {
  readonly type: "object";
  readonly properties: Readonly<Record<string, ParameterSchema>>;
  readonly required?: readonly string[];
}

export interface LayerDeclaration {
  readonly name: string;
  readonly layer_type: string;
  readonly ndim?: readonly number[];
  readonly dtype?: string;
}

export interface Command {
  /** `<plugin>.<word>`. */
  readonly id: string;
  readonly title: string;
  readonly short_title?: string;
  readonly category?: string;
  /** A function of what the plugin's `activate` returns; dots lead into it. */
  readonly handler: string;
  /** What a host's panel can bind to. */
  readonly role?: "segment" | "train";
  /** The name of the command in macros. */
  readonly macro?: { readonly name: string };
  /** What a command without role and input is called with: names of parameters, "$parameters" (the others), "$context". */
  readonly arguments?: readonly string[];
  readonly enablement?: string;
  readonly input?: readonly LayerDeclaration[];
  readonly output?: readonly LayerDeclaration[];
  readonly parameters?: ParametersSchema;
}

export interface MenuItem {
  readonly command?: string;
  readonly submenu?: string;
  readonly when?: string;
  readonly group?: string;
}

export interface Manifest {
  readonly schema_version: string;
  readonly name: string;
  readonly display_name: string;
  readonly version: string;
  readonly description?: string;
  readonly license?: string;
  readonly icon?: string;
  readonly entry: {
    readonly module: string;
    readonly page?: string;
    readonly imjoy?: string;
    readonly worker?: string;
    readonly wasm?: string;
  };
  readonly files?: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[];
  readonly on_activate?: string;
  readonly on_deactivate?: string;
  readonly contributions: {
    readonly commands: readonly Command[];
    readonly submenus?: readonly { readonly id: string; readonly label: string }[];
    readonly menus?: Readonly<Record<string, readonly MenuItem[]>>;
    readonly widgets?: readonly { readonly command: string; readonly display_name?: string }[];
    readonly keybindings?: readonly { readonly command: string; readonly key: string }[];
    readonly writers?: readonly { readonly command: string }[];
  };
}

/** What is needed of `fetch`. */
export type Fetch = (url: string) => Promise<Response>;

/**
 * The checked manifest at a URL, or that an object already holds. Throws Problem MissingFile (no such address) or InvalidData
 * with the field as `path`: `contributions.commands[0].id`.
 */
export async function loadManifest(source: string | URL | object, fetchFile?: Fetch): Promise<Manifest> {
  if (typeof source !== "string" && !(source instanceof URL)) return checkManifest(source);
  const url = String(source);
  // A plugin is installed at once or not at all: nobody waits for its server to come back.
  const http = { retries: 0, ...(fetchFile && { fetch: (address: URL) => fetchFile(address.href) }) };
  const bytes = await download(url, { what: "a manifest", most: largestTextBytes, takesPages: true, http });
  const text = new TextDecoder().decode(bytes);
  let json: unknown;
  try {
    json = parseJson(text);
  } catch (error) {
    const got = text.trimStart().startsWith("<") ? "a page (HTML)" : describeError(error);
    throw new Problem("InvalidData", `A manifest must be JSON; got ${got} from ${url}. Use the address of manifest.json.`, {
      path: url,
      reason: got,
    });
  }
  return checkManifest(json);
}

/** The value as a manifest, if it is one. Throws Problem InvalidData with the field as `path`. */
export function checkManifest(given: unknown): Manifest {
  const value = toJson(given);
  const { valid, errors } = new Validator(manifestSchema as unknown as Schema, "2020-12", false).validate(value);
  if (!valid) {
    // The error that lies deepest names the field; those above only say that something below is wrong.
    const depth = (location: string): number => location.split("/").length;
    const deepest = errors.reduce((a, b) => (depth(b.instanceLocation) > depth(a.instanceLocation) ? b : a));
    const found = valueAt(value, deepest.instanceLocation);
    const got = typeof found === "object" ? "" : ` Got ${JSON.stringify(found)}.`;
    throw wrongField(toPath(deepest.instanceLocation), `${deepest.error}${got}`);
  }
  assertPlainTexts(value);
  const manifest = value as Manifest;
  checkCommands(manifest);
  checkReferences(manifest);
  return manifest;
}

/** Texts are shown in menus and dialogs: none may look other than it is. Only descriptions have several lines. */
function assertPlainTexts(manifest: unknown): void {
  const left: (readonly [path: string, value: unknown])[] = [["", manifest]];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [path, value] = next;
    if (typeof value === "string") {
      const text = /(^|\.)description$/.test(path) ? value.replaceAll("\n", " ") : value;
      if (!hasHidden(text)) continue;
      throw wrongField(
        path,
        `It must have no line breaks, control characters and direction marks. Got "${showText(value.slice(0, 120))}".`,
      );
    }
    if (typeof value !== "object" || value === null) continue;
    const join = (key: string): string => (Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`);
    for (const [key, inner] of Object.entries(value)) left.push([join(key), inner]);
  }
}

/** A copy that holds plain JSON only, so that nobody can change it afterwards. */
function toJson(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value));
  } catch {
    throw wrongField("", "It must be JSON.");
  }
}

function checkCommands({ name, contributions: { commands } }: Manifest): void {
  const taken = new Map<string, string>();
  for (const [i, command] of commands.entries()) {
    const field = `contributions.commands[${i}]`;
    if (!command.id.startsWith(`${name}.`)) {
      throw wrongField(`${field}.id`, `It must start with "${name}."; got ${JSON.stringify(command.id)}.`);
    }
    for (const [path, word] of [
      [`${field}.id`, command.id],
      [`${field}.macro.name`, command.macro?.name],
    ] as const) {
      if (word === undefined) continue;
      const first = taken.get(word);
      if (first !== undefined) throw wrongField(path, `${JSON.stringify(word)} is already the name of ${first}.`);
      taken.set(word, path);
    }
    if (command.parameters !== undefined) checkParameters(command.parameters, `${field}.parameters`);
    checkArguments(command, `${field}.arguments`);
  }
}

/** Each argument is a parameter of the command, or one of the two words that stand for more. */
function checkArguments({ arguments: words = [], parameters, role, input = [] }: Command, field: string): void {
  if (words.length > 0 && (role !== undefined || input.length > 0))
    throw wrongField(field, "It must be absent from a command with a role or an input, which gets (input, parameters, context).");
  for (const [i, word] of words.entries()) {
    if (word.startsWith("$") || Object.hasOwn(parameters?.properties ?? {}, word)) continue;
    throw wrongField(`${field}[${i}]`, `It must be the name of a parameter, "$parameters" or "$context"; got ${JSON.stringify(word)}.`);
  }
}

/** What macros rely on: each key is found where it stands, and an unchecked box is an absent word. */
function checkParameters({ properties, required = [] }: ParametersSchema, field: string): void {
  const names = Object.keys(properties);
  for (const [name, schema] of Object.entries(properties)) {
    const path = `${field}.properties.${name}`;
    const hidden = names.find((other) => other !== name && findValue(`${name}=`, other) >= 0);
    if (hidden !== undefined) throw wrongField(path, `ImageJ would take "${name}=" for "${hidden}=". Rename one of them.`);
    if (schema.type === "boolean" && schema.default === true) {
      throw wrongField(`${path}.default`, "A boolean must default to false: an unchecked box is an absent word.");
    }
    checkSchema(schema, path);
    checkPresets(schema, properties, `${path}.presets`);
  }
  const unknown = required.find((name) => !Object.hasOwn(properties, name));
  if (unknown !== undefined) throw wrongField(`${field}.required`, `It names "${unknown}", which is no parameter.`);
}

function checkPresets({ presets = {} }: ParameterSchema, properties: ParametersSchema["properties"], path: string): void {
  for (const [choice, values] of Object.entries(presets)) {
    for (const [name, value] of Object.entries(values)) {
      const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (schema === undefined) throw wrongField(`${path}.${choice}.${name}`, "It must be the name of a parameter.");
      checkSchema({ ...schema, default: value }, `${path}.${choice}.${name}`);
    }
  }
}

function checkSchema(schema: ParameterSchema, path: string): void {
  const fault = findUnsafePattern(schema);
  if (fault !== undefined) throw wrongField(path, `A schema must be checked soon, whatever the value: ${fault}. Write it without.`);
  if (typeof schema.default === "string" && schema.default.length > longestMatched && hasPattern(schema))
    throw wrongField(`${path}.default`, `A text that has a pattern has at most ${longestMatched} letters.`);
  let valid: boolean;
  try {
    valid = schema.default === undefined || new Validator(schema as Schema, "2020-12").validate(schema.default).valid;
  } catch (error) {
    throw wrongField(path, `It must be a JSON Schema: ${describeError(error)}.`);
  }
  if (!valid) throw wrongField(path, `Its default must fit its own schema; got ${JSON.stringify(schema.default)}.`);
}

function checkReferences({ contributions }: Manifest): void {
  const commands = contributions.commands.map((command) => command.id);
  const submenus = (contributions.submenus ?? []).map((submenu) => submenu.id);
  const check = (known: readonly string[], name: string | undefined, path: string, kind: string): void => {
    if (name === undefined || known.includes(name)) return;
    const nearest = nearestWord(name, known);
    const hint = nearest === undefined ? "" : ` Did you mean "${nearest}"?`;
    throw wrongField(path, `It must name a declared ${kind}; got ${JSON.stringify(name)}.${hint}`);
  };
  for (const [menu, items] of Object.entries(contributions.menus ?? {})) {
    for (const [i, item] of items.entries()) {
      const field = `contributions.menus.${menu}[${i}]`;
      if ((item.command === undefined) === (item.submenu === undefined)) throw wrongField(field, "It must have a command or a submenu.");
      check(commands, item.command, `${field}.command`, "command");
      check(submenus, item.submenu, `${field}.submenu`, "submenu");
    }
  }
  for (const list of ["widgets", "keybindings", "writers"] as const) {
    for (const [i, item] of (contributions[list] ?? []).entries()) {
      check(commands, item.command, `contributions.${list}[${i}].command`, "command");
    }
  }
}

function wrongField(path: string, reason: string): Problem {
  return new Problem("InvalidData", `The manifest's ${path === "" ? "top level" : path} is wrong. ${reason}`, { path, reason });
}

/** The parts of a JSON pointer, `#/contributions/commands/0/id`. */
function partsOf(location: string): string[] {
  const parts = location.split("/").slice(1);
  return parts.map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"));
}

function valueAt(value: unknown, location: string): unknown {
  return partsOf(location).reduce((at, part) => (at as Record<string, unknown> | undefined)?.[part], value);
}

/** `#/contributions/commands/0/id` as `contributions.commands[0].id`. */
function toPath(location: string): string {
  return partsOf(location).reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : `${path}${path && "."}${part}`), "");
}
