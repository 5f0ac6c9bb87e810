// The commands of the installed plugins: found by id or by macro name, with the function that does the work and the
// parameters resolved. What a command means is the plugin's business; the registry knows its manifest only.

import { nearestWord, Problem } from "../core/problem.ts";
import type { Context, Parameters } from "../plugin/contract.ts";
import type { Variables } from "./macro/run.ts";
import { adviseCommand } from "./macro/unsupported.ts";
import type { Command, Manifest } from "./manifest.ts";
import { checkParameters, fillParameters } from "./resolve-parameters.ts";

/** What does the work of a command: `input` is samples or a dataset for "train", the active image for others that take one. */
export type Handler = (input: unknown, parameters: Parameters, context: Context) => Promise<unknown>;

/** The handler of a command; undefined when there is none. */
export type HandlerLookup = (command: Command) => Handler | undefined;

export interface RegisteredCommand {
  readonly command: Command;
  readonly plugin: string;
  /** The command's name in macros; its id where it has none. */
  readonly name: string;
  readonly handler: Handler;
  /** The given parameters, checked: what the handler gets. Throws Problem InvalidParameter. */
  check(given?: string | Parameters, variables?: Variables): Parameters;
  /** All parameters, with presets and defaults: what is recorded and shown. Throws Problem InvalidParameter. */
  fill(checked: Parameters): Parameters;
}

export interface CommandRegistry {
  readonly list: readonly RegisteredCommand[];
  /** Adds the commands of a manifest; the returned function takes them away. Throws Problem InvalidData for a taken name or a missing handler. */
  register(manifest: Manifest, lookup: HandlerLookup): () => void;
  /** The command of that id or macro name. Throws Problem InvalidParameter (`Unrecognized command: "Nope"`). */
  find(idOrName: string): RegisteredCommand;
}

export function createCommandRegistry(): CommandRegistry {
  let entries: readonly RegisteredCommand[] = [];
  const named = (word: string): RegisteredCommand | undefined => entries.find(({ command, name }) => command.id === word || name === word);
  return {
    get list() {
      return entries;
    },
    register(manifest, lookup) {
      const added = manifest.contributions.commands.map((command) => {
        const entry = toRegistered(manifest, command, lookup);
        const taken = named(command.id) ?? named(entry.name);
        if (taken !== undefined) {
          const reason = `"${entry.name}" is already a command of ${taken.plugin}`;
          throw new Problem("InvalidData", `A command's name must be free; ${reason}. Uninstall that plugin first.`, { reason });
        }
        return entry;
      });
      entries = [...entries, ...added];
      return () => {
        entries = entries.filter((entry) => !added.includes(entry));
      };
    },
    find(idOrName) {
      const entry = named(idOrName);
      if (entry !== undefined) return entry;
      const advice = adviseCommand(idOrName);
      if (advice !== undefined) throw new Problem("InvalidParameter", advice, { parameter: "command", value: idOrName });
      const words = entries.flatMap(({ command, name }) => [name, command.id]);
      const nearest = nearestWord(idOrName.slice(0, 64), words);
      const hint = nearest === undefined ? "." : `. Did you mean "${nearest}"?`;
      throw new Problem("InvalidParameter", `Unrecognized command: ${JSON.stringify(idOrName)}${hint}`, {
        parameter: "command",
        value: idOrName,
        ...(nearest !== undefined && { nearest: [nearest] }),
      });
    },
  };
}

/** True for what works on images: commands with a role or a declared input. */
export function takesInput(command: Command): boolean {
  return command.role !== undefined || (command.input ?? []).length > 0;
}

/** True for what computes: commands that take an input, or are called with a context. They are jobs; the others answer at once. */
export function isJob(command: Command): boolean {
  return takesInput(command) || (command.arguments ?? []).includes("$context");
}

/**
 * The handlers of what a plugin's `activate` returned. Those that take an input are called with (input, parameters, context);
 * others with their declared arguments, else with the values of their parameters in the order of the manifest: `models.remove` with
 * `{ model }` as `models.remove(model)`.
 */
export function lookupHandlers(plugin: object): HandlerLookup {
  return (command) => {
    const path = command.handler.split(".");
    const owner = path.slice(0, -1).reduce<unknown>((value, key) => memberOf(value, key), plugin);
    const work = memberOf(owner, path.at(-1)!);
    if (typeof work !== "function") return undefined;
    if (takesInput(command)) return async (...call) => await work.apply(owner, call);
    const words = command.arguments ?? Object.keys(command.parameters?.properties ?? {});
    return async (_, parameters, context) =>
      await work.apply(owner, trimEnd(words.map((word) => argumentOf(word, { words, parameters, context }))));
  };
}

interface Call {
  readonly words: readonly string[];
  readonly parameters: Parameters;
  readonly context: Context;
}

function argumentOf(word: string, { words, parameters, context }: Call): unknown {
  if (word === "$context") return context;
  if (word !== "$parameters") return parameters[word];
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => !words.includes(name)));
}

function toRegistered(manifest: Manifest, command: Command, lookup: HandlerLookup): RegisteredCommand {
  const handler = lookup(command);
  if (handler === undefined) {
    const reason = `"${command.handler}" is no function of the plugin "${manifest.name}"`;
    throw new Problem("InvalidData", `The handler of "${command.id}" must be a function; ${reason}. Install a matching version.`, {
      reason,
    });
  }
  return {
    command,
    plugin: manifest.name,
    name: command.macro?.name ?? command.id,
    handler,
    check: (given, variables) => checkParameters(command.parameters, given, variables),
    fill: (checked) => fillParameters(command.parameters, checked),
  };
}

/** A member of an object, but none that every object has. */
function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || key in Object.prototype) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}

function trimEnd(values: readonly unknown[]): readonly unknown[] {
  return values.slice(0, values.findLastIndex((value) => value !== undefined) + 1);
}
