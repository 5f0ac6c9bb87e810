// The viewer's own commands: the one table that menus, keys and the key list are made of. A plugin's commands join it from
// its manifest (plugin-commands.ts).

import type { App } from "../app.ts";
import type { Actions } from "./actions.ts";
import type { ViewerCommand } from "./command.ts";
import { editCommands, toolCommands } from "./edit-commands.ts";
import { fileCommands } from "./file-commands.ts";
import { layerCommands } from "./layer-commands.ts";
import { learningCommands } from "./learning-commands.ts";
import { viewCommands } from "./view-commands.ts";

/** All commands of the viewer, in the order of the menus. */
export function createViewerCommands(app: App, actions: Actions): ViewerCommand[] {
  return [
    ...fileCommands(app, actions),
    ...editCommands(app, actions),
    ...toolCommands(app, actions),
    ...viewCommands(app),
    ...layerCommands(app, actions),
    ...learningCommands(app, actions),
    ...otherCommands(app, actions),
  ];
}

function otherCommands({ shell }: App, actions: Actions): ViewerCommand[] {
  return [
    { id: "plugins", title: "Manage plugins…", menu: "Plugins", group: "manage", run: () => actions.managePlugins() },
    {
      id: "macro-panel",
      title: "Recorder and editor",
      menu: "Macro",
      group: "macro",
      checked: () => shell.right.value && shell.tab.value === "macro",
      run: () => {
        shell.right.value = true;
        shell.tab.value = "macro";
      },
    },
    { id: "macro-open", title: "Open macro…", menu: "Macro", group: "macro", run: () => actions.openMacro() },
    { id: "macro-run", title: "Run macro", menu: "Macro", group: "run", run: () => actions.runMacro() },
    { id: "macro-batch", title: "Run on files…", menu: "Macro", group: "run", run: () => actions.runMacroOnFiles() },
    { id: "keys", title: "Keys", menu: "Help", group: "help", keys: ["?"], onCanvas: true, run: () => actions.showKeys() },
    { id: "diagnostics", title: "Diagnostics…", menu: "Help", group: "help", run: () => actions.diagnostics() },
    { id: "about", title: "About Overtile", menu: "Help", group: "about", run: () => actions.about() },
  ];
}
