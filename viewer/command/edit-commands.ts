// The menu Edit: history, objects, how the brush behaves, and the tools with their keys.

import type { App } from "../app.ts";
import { takeTool, toolInHand } from "../file/drawing-layer.ts";
import { reviewTarget } from "../model/review.ts";
import { walkHistory } from "../model/walk-history.ts";
import { backgroundClass, ignoreClass, prefer, type Workspace } from "../model/workspace.ts";
import { setChannel } from "../panel/channel-controls.ts";
import { toolTable } from "../panel/tool-strip.ts";
import type { Actions } from "./actions.ts";
import type { ViewerCommand } from "./command.ts";

/** The commands of editing. */
export function editCommands({ workspace, view }: App, actions: Actions): ViewerCommand[] {
  const { history } = workspace;
  const selected = (): readonly number[] => workspace.activeLayer.value?.selected.value ?? [];
  const reviewed = (): readonly number[] => reviewTarget(workspace)?.layer.selected.value ?? [];
  const drawable = (): boolean => workspace.activeLayer.value !== undefined;
  // What is not ended yet is no step, and its pixels would stay.
  const step = (way: "undo" | "redo"): void => {
    view.cancelTool();
    walkHistory(workspace, way, { view, select: actions.selectImage });
  };
  return [
    {
      id: "undo",
      title: () => (history.undoTitle.value ? `Undo ${history.undoTitle.value}` : "Undo"),
      menu: "Edit",
      group: "undo",
      keys: ["Ctrl+Z"],
      enabled: () => history.undoTitle.value !== undefined,
      run: () => step("undo"),
    },
    {
      id: "redo",
      title: () => (history.redoTitle.value ? `Redo ${history.redoTitle.value}` : "Redo"),
      menu: "Edit",
      group: "undo",
      keys: ["Ctrl+Shift+Z", "Ctrl+Y"],
      enabled: () => history.redoTitle.value !== undefined,
      run: () => step("redo"),
    },
    {
      id: "next-label",
      title: "Next label",
      menu: "Edit",
      group: "object",
      keys: ["M"],
      onCanvas: true,
      enabled: drawable,
      run: () => actions.nextLabel(),
    },
    {
      id: "delete",
      title: "Delete selected objects",
      menu: "Edit",
      group: "object",
      keys: ["Delete", "Backspace"],
      onCanvas: true,
      enabled: () => selected().length > 0,
      run: () => actions.deleteSelected(),
    },
    {
      id: "merge",
      title: "Merge selected objects",
      menu: "Edit",
      group: "object",
      keys: ["J"],
      onCanvas: true,
      enabled: () => selected().length > 1,
      run: () => actions.mergeSelected(),
    },
    {
      id: "accept",
      title: "Accept selected objects of the prediction",
      menu: "Edit",
      group: "review",
      keys: ["Y"],
      onCanvas: true,
      enabled: () => reviewed().length > 0,
      run: () => actions.acceptObjects(),
    },
    {
      id: "reject",
      title: "Reject selected objects of the prediction",
      menu: "Edit",
      group: "review",
      keys: ["N"],
      onCanvas: true,
      enabled: () => reviewed().length > 0,
      run: () => actions.rejectObjects(),
    },
    { id: "clear", title: "Clear layer", menu: "Edit", group: "object", enabled: drawable, run: () => actions.clear() },
    {
      id: "preserve",
      title: "Do not paint over labels",
      menu: "Edit",
      group: "options",
      checked: () => workspace.preferences.value.preserveLabels,
      run: () => prefer(workspace, { preserveLabels: !workspace.preferences.value.preserveLabels }),
    },
    {
      id: "brush-in-image",
      title: "Brush size in image pixels",
      menu: "Edit",
      group: "options",
      checked: () => workspace.preferences.value.brushInImage,
      run: () => prefer(workspace, { brushInImage: !workspace.preferences.value.brushInImage }),
    },
    {
      id: "single-keys",
      title: "Single-letter keys",
      menu: "Edit",
      group: "options",
      checked: () => workspace.preferences.value.singleKeys,
      run: () => prefer(workspace, { singleKeys: !workspace.preferences.value.singleKeys }),
    },
  ];
}

/** The tools, the brush and the numbers. */
export function toolCommands({ workspace }: App, actions: Actions): ViewerCommand[] {
  const open = (): boolean => workspace.current.value !== undefined;
  return [
    ...toolTable.map(({ name, title, key }) => ({
      id: `tool-${name}`,
      title,
      menu: "Edit > Tool",
      group: "tool",
      keys: [key],
      onCanvas: true,
      enabled: () => name === "select" || open(),
      checked: () => toolInHand(workspace) === name,
      run: () => takeTool(workspace, name),
    })),
    {
      id: "ignore",
      title: "Draw ignored pixels",
      menu: "Edit > Tool",
      group: "tool",
      keys: ["I"],
      onCanvas: true,
      checked: () => workspace.currentClass.value === ignoreClass,
      run: () => actions.chooseClass(workspace.currentClass.value === ignoreClass ? 1 : ignoreClass),
    },
    {
      id: "background",
      title: "Draw background",
      menu: "Edit > Tool",
      group: "tool",
      keys: ["G"],
      onCanvas: true,
      checked: () => workspace.currentClass.value === backgroundClass,
      run: () => actions.chooseClass(workspace.currentClass.value === backgroundClass ? 1 : backgroundClass),
    },
    { id: "brush-smaller", title: "Smaller brush", keys: ["[", ","], onCanvas: true, run: () => resizeBrush(workspace, 1 / 1.2) },
    { id: "brush-larger", title: "Larger brush", keys: ["]", "."], onCanvas: true, run: () => resizeBrush(workspace, 1.2) },
    ...Array.from({ length: 9 }, (_, i) => ({
      id: `number-${i + 1}`,
      title: `Class or channel ${i + 1}`,
      keys: [String(i + 1)],
      onCanvas: true,
      run: () => chooseNumber(workspace, actions, i + 1),
    })),
  ];
}

function chooseNumber(workspace: Workspace, actions: Actions, number: number): void {
  const entry = workspace.current.value;
  if (!entry) return;
  const channel = entry.channels.value[number - 1];
  if (entry.activeLayer.value) actions.chooseClass(number);
  else if (channel) setChannel(entry, number - 1, { visible: !channel.visible });
}

function resizeBrush(workspace: Workspace, factor: number): void {
  const { brushPx } = workspace.preferences.value;
  const wanted = factor > 1 ? Math.max(brushPx + 1, Math.round(brushPx * factor)) : Math.min(brushPx - 1, Math.round(brushPx * factor));
  prefer(workspace, { brushPx: Math.min(500, Math.max(1, wanted)) });
}
