// The commands of the installed plugins as items of the menus: what their manifests declare, nothing else.

import type { Command, Manifest, MenuItem } from "../../host/manifest.ts";
import type { App } from "../app.ts";
import type { Actions } from "./actions.ts";
import type { ViewerCommand } from "./command.ts";
import { isSingleKey } from "./keys.ts";
import { plainTitle } from "./plain-title.ts";

/** Menu items of every plugin that is ready, with the keys that its manifest binds. */
export function createPluginCommands({ library }: App, actions: Actions): ViewerCommand[] {
  return library.plugins.value.flatMap(({ state, manifest }) => (state === "ready" && manifest ? commandsOf(manifest, actions) : []));
}

function commandsOf(manifest: Manifest, actions: Actions): ViewerCommand[] {
  const { commands, keybindings = [] } = manifest.contributions;
  const listed = listMenuItems(manifest);
  const shown = listed.length > 0 ? listed : commands.map((command) => ({ command, submenu: manifest.display_name }));
  return shown.map(({ command, submenu }) => {
    const keys = keybindings.filter((binding) => binding.command === command.id).map(({ key }) => toKey(key));
    return {
      id: command.id,
      title: `${plainTitle(command)}${hasDialog(command) ? "…" : ""}`,
      menu: `Plugins > ${submenu}`,
      group: manifest.name,
      ...(keys.length > 0 && { keys, onCanvas: keys.some(isSingleKey) }),
      run: () => actions.runCommand(command.id),
    };
  });
}

// Menus of npe2: any menu's items, and those of the submenus that they open.
function listMenuItems({
  contributions: { commands, menus = {}, submenus = [] },
  display_name,
}: Manifest): { command: Command; submenu: string }[] {
  const labels = new Map(submenus.map(({ id, label }) => [id, label]));
  const found: { command: Command; submenu: string }[] = [];
  const seen = new Set<string>();
  const add = (items: readonly MenuItem[], submenu: string): void => {
    for (const item of items) {
      const command = commands.find(({ id }) => id === item.command);
      if (command && !seen.has(command.id)) {
        seen.add(command.id);
        found.push({ command, submenu });
      }
      if (item.submenu && !seen.has(item.submenu)) {
        seen.add(item.submenu);
        add(Object.hasOwn(menus, item.submenu) ? menus[item.submenu]! : [], labels.get(item.submenu) ?? display_name);
      }
    }
  };
  for (const [name, items] of Object.entries(menus)) if (!labels.has(name)) add(items, display_name);
  return found;
}

function hasDialog({ parameters }: Command): boolean {
  return parameters !== undefined && Object.keys(parameters.properties).length > 0;
}

/** "ctrl+shift+s" of npe2 as "Ctrl+Shift+S". */
function toKey(key: string): string {
  return key
    .split("+")
    .map((part) => (part.length === 1 ? part.toUpperCase() : part.replace(/^./, (first) => first.toUpperCase())))
    .join("+")
    .replace("Cmd", "Ctrl")
    .replace("Meta", "Ctrl");
}
