// Every action of the viewer as one value: menus, keys and the key list all read the same table.

/** An action with its place in the menus and its keys. */
export interface ViewerCommand {
  readonly id: string;
  /** As in the menu. An ellipsis: a dialog comes first. */
  readonly title: string | (() => string);
  /** Menu, and submenu after " > ". Absent: only by key. */
  readonly menu?: string;
  /** Items of one group stand together; a line between groups. */
  readonly group?: string;
  /** As on the keyboard: "Ctrl+Shift+Z", "B", "[". The first is shown. */
  readonly keys?: readonly string[];
  /** Acts only while the image has the focus, and only where single keys are on. */
  readonly onCanvas?: boolean;
  /** False: it has no place in the menu now. */
  readonly listed?: () => boolean;
  readonly enabled?: () => boolean;
  readonly checked?: () => boolean;
  readonly run: () => unknown;
}

/** The title as it is now. */
export function titleOf(command: ViewerCommand): string {
  return typeof command.title === "function" ? command.title() : command.title;
}
