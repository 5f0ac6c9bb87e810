// The viewer as one value: what its parts share. main.ts makes it; panels, menus and commands are handed it.

import type { LocalHost } from "../host/host.ts";
import type { ViewerCommand } from "./command/command.ts";
import type { Dialogs } from "./dialog/dialogs.ts";
import type { MapView } from "./map/map-view.ts";
import type { ShellState } from "./model/shell-state.ts";
import type { Workspace } from "./model/workspace.ts";
import type { Library } from "./plugin/library.ts";
import type { SlideRuns } from "./plugin/slide-runs.ts";
import type { Training } from "./plugin/training.ts";
import type { Autosave } from "./store/autosave.ts";

export interface App {
  readonly workspace: Workspace;
  readonly shell: ShellState;
  readonly host: LocalHost;
  readonly library: Library;
  readonly training: Training;
  readonly autosave: Autosave;
  readonly slides: SlideRuns;
  readonly dialogs: Dialogs;
  readonly view: MapView;
  readonly commands: readonly ViewerCommand[];
}
