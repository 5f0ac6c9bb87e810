// What menus, buttons and keys do beyond drawing with the tools. Each action is safe to call at any time; what goes wrong becomes
// a sentence in the notice. The actions lie by what they know in the files imported here.

import type { Box } from "../../core/array/raster.ts";
import type { App } from "../app.ts";
import type { ImageSync } from "../file/image-sync.ts";
import type { MacroState } from "../model/macro-state.ts";
import { createAttempt, focusCanvas } from "./attempt.ts";
import { createDrawingActions } from "./drawing-actions.ts";
import { createFileActions } from "./file-actions.ts";
import { createLearningActions } from "./learning-actions.ts";
import { createWindowActions } from "./window-actions.ts";

export type Actions = ReturnType<typeof createActions>;

/** The actions of an app. */
export function createActions(app: App, imageSync: ImageSync, macro: MacroState) {
  const { workspace } = app;
  const attempt = createAttempt(workspace);

  /** What is in sight, in whole pixels of the image. */
  function viewBox(): Box | undefined {
    const entry = workspace.current.value;
    const box = workspace.sight.value;
    if (!entry || !box) return undefined;
    const { width, height } = entry.source;
    const cut = {
      y0: Math.max(0, Math.floor(box.y0)),
      x0: Math.max(0, Math.floor(box.x0)),
      y1: Math.min(height, Math.ceil(box.y1)),
      x1: Math.min(width, Math.ceil(box.x1)),
    };
    return cut.x1 > cut.x0 && cut.y1 > cut.y0 ? cut : undefined;
  }

  const learning = createLearningActions(app, attempt, viewBox);
  const windows = createWindowActions(app, imageSync, macro, attempt);
  return {
    attempt,
    ...createFileActions(app, imageSync, attempt, {
      archive: learning.importArchive,
      macro: windows.loadMacro,
      dataset: learning.offerDataset,
    }),
    ...createDrawingActions(app, attempt, viewBox),
    ...learning,
    ...windows,
    focusCanvas,
  };
}
