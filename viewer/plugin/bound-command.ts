// The panel's view of a plugin's command: found by its role, asked what parameters it has, never by its name.

import { Problem } from "../../core/problem.ts";
import type { RegisteredCommand } from "../../host/commands.ts";
import type { Parameters } from "../../plugin/contract.ts";
import type { Library } from "./library.ts";

/** True where a command has a parameter of that name. */
export function hasParameter({ command }: RegisteredCommand, name: string): boolean {
  return command.parameters !== undefined && Object.hasOwn(command.parameters.properties, name);
}

/** Of the values kept by command, those that this one knows. */
export function knownValues(entry: RegisteredCommand, values: Readonly<Record<string, Parameters>>): Parameters {
  return Object.fromEntries(Object.entries(values[entry.command.id] ?? {}).filter(([name]) => hasParameter(entry, name)));
}

/** The command of that role. Throws Problem InvalidData where no plugin has one. */
export function needCommand(library: Library, role: "segment" | "train"): RegisteredCommand {
  const entry = library.commandFor(role);
  if (entry) return entry;
  const reason = `no plugin can ${role}`;
  throw new Problem(
    "InvalidData",
    `A plugin that can ${role} must be installed; there is none. Install one from Plugins > Manage plugins.`,
    { reason },
  );
}
