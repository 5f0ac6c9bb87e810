// The menu View: zoom, looks, what is shown of labels and of the window.

import type { Signal } from "@preact/signals-core";
import type { App } from "../app.ts";
import { takeTool } from "../file/drawing-layer.ts";
import type { LabelLayer } from "../model/label-layer.ts";
import type { SlideLayer } from "../model/slide-layer.ts";
import { prefer } from "../model/workspace.ts";
import { autoContrast, resetContrast } from "../panel/channel-controls.ts";
import { chooseSlide } from "../plugin/slide-runs.ts";
import type { ViewerCommand } from "./command.ts";

/** The commands of looking. */
export function viewCommands({ workspace, shell, view }: App): ViewerCommand[] {
  const open = (): boolean => workspace.current.value !== undefined;
  const shown = (): readonly (LabelLayer | SlideLayer)[] => {
    const entry = workspace.current.value;
    return entry ? [...entry.slides.value, ...entry.layers.value] : [];
  };
  const results = (): readonly (LabelLayer | SlideLayer)[] => {
    const predicted = shown().filter((layer) => !("kind" in layer) || layer.kind !== "annotation");
    return predicted.length > 0 ? predicted : shown();
  };
  return [
    { id: "fit", title: "Fit image", menu: "View", group: "zoom", keys: ["0"], onCanvas: true, enabled: open, run: () => view.fit() },
    {
      id: "zoom-in",
      title: "Zoom in",
      menu: "View",
      group: "zoom",
      keys: ["+", "="],
      onCanvas: true,
      enabled: open,
      run: () => view.zoomBy(1.5),
    },
    {
      id: "zoom-out",
      title: "Zoom out",
      menu: "View",
      group: "zoom",
      keys: ["-"],
      onCanvas: true,
      enabled: open,
      run: () => view.zoomBy(1 / 1.5),
    },
    { id: "zoom-1", title: "Zoom 100 %", menu: "View", group: "zoom", enabled: open, run: () => view.zoomTo(1) },
    {
      id: "contrast",
      title: "Contrast…",
      menu: "View",
      group: "look",
      keys: ["Shift+C"],
      onCanvas: true,
      enabled: open,
      run: () => {
        const entry = workspace.current.value;
        if (entry) chooseSlide(entry, undefined);
        shell.left.value = true;
      },
    },
    {
      id: "auto-contrast",
      title: "Auto contrast",
      menu: "View",
      group: "look",
      keys: ["Shift+A"],
      onCanvas: true,
      enabled: open,
      run: () => {
        const entry = workspace.current.value;
        if (entry) autoContrast(entry);
      },
    },
    {
      id: "reset-contrast",
      title: "Reset contrast",
      menu: "View",
      group: "look",
      enabled: open,
      run: () => {
        const entry = workspace.current.value;
        if (entry) resetContrast(entry);
      },
    },
    {
      id: "hide-labels",
      title: "Show prediction",
      menu: "View",
      group: "labels",
      keys: ["X"],
      onCanvas: true,
      enabled: open,
      checked: () => results().some(({ visible }) => visible.value),
      run: () => toggle(results().map(({ visible }) => visible)),
    },
    {
      id: "before",
      title: "Show the result before",
      menu: "View",
      group: "labels",
      keys: ["W"],
      onCanvas: true,
      enabled: () => results().some((layer) => "previous" in layer && layer.previous.value !== undefined),
      checked: () => workspace.showsBefore.value,
      run: () => {
        const { showsBefore, status } = workspace;
        showsBefore.value = !showsBefore.value;
        const text = showsBefore.value ? "This is the result before the last one. W shows the last one." : "This is the last result.";
        status.value = { kind: "info", text };
      },
    },
    {
      id: "outlines",
      title: "Outlines only",
      menu: "View",
      group: "labels",
      keys: ["Z"],
      onCanvas: true,
      enabled: open,
      checked: () => shown().some(({ outlinesOnly }) => outlinesOnly.value),
      run: () => toggle(shown().map(({ outlinesOnly }) => outlinesOnly)),
    },
    {
      id: "overview",
      title: "Overview",
      menu: "View",
      group: "window",
      checked: () => workspace.preferences.value.overview,
      run: () => prefer(workspace, { overview: !workspace.preferences.value.overview }),
    },
    {
      id: "scale-bar",
      title: "Scale bar",
      menu: "View",
      group: "window",
      checked: () => workspace.preferences.value.scaleBar,
      run: () => prefer(workspace, { scaleBar: !workspace.preferences.value.scaleBar }),
    },
    {
      id: "panels",
      title: "Panels",
      menu: "View",
      group: "window",
      keys: ["Ctrl+B"],
      checked: () => shell.left.value || shell.right.value,
      run: () => {
        const shown = shell.left.value || shell.right.value;
        shell.left.value = !shown && shell.width.value === "wide";
        shell.right.value = !shown;
      },
    },
    {
      id: "keyboard-drawing",
      title: "Draw by keyboard",
      menu: "View",
      group: "window",
      keys: ["K"],
      onCanvas: true,
      enabled: open,
      checked: () => workspace.keyboardDrawing.value,
      run: () => {
        takeTool(workspace, workspace.tool.value);
        workspace.keyboardDrawing.value = !workspace.keyboardDrawing.value;
      },
    },
    ...(["system", "dark", "light"] as const).map((theme) => ({
      id: `theme-${theme}`,
      title: { system: "As the system", dark: "Dark", light: "Light" }[theme],
      menu: "View > Theme",
      group: "theme",
      checked: () => workspace.preferences.value.theme === theme,
      run: () => prefer(workspace, { theme }),
    })),
  ];
}

/** All off where any is on, else all on. */
function toggle(switches: readonly Signal<boolean>[]): void {
  const on = switches.some(({ value }) => value);
  for (const one of switches) one.value = !on;
}
