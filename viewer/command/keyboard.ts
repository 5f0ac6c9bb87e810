// The keyboard: commands by their keys; keys that are held (Space pans, H peeks); keys of the tool in hand; and the crosshair,
// with which everything can be drawn without a mouse.

import type { App } from "../app.ts";
import { toolInHand } from "../file/drawing-layer.ts";
import type { Point } from "../labels/paint.ts";
import type { ViewerCommand } from "./command.ts";
import { commandForKey, isTextField } from "./keys.ts";

const steps: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Listens until the returned function is called. */
export function listenToKeys(
  app: App,
  canvas: HTMLElement,
  commands: () => readonly ViewerCommand[],
  run: (command: ViewerCommand) => void,
): () => void {
  const { workspace, view } = app;
  const cursor = createCrosshair(app);
  const release = (): void => {
    view.setPanning(false);
    workspace.peeking.value = false;
  };
  const down = (event: KeyboardEvent): void => {
    if (event.isComposing || document.querySelector("dialog[open]") || isTextField(event.target)) return;
    const canvasFocused = document.activeElement === canvas;
    if (canvasFocused && handleOnCanvas(event)) {
      event.preventDefault();
      return;
    }
    const { singleKeys } = workspace.preferences.value;
    const command = commandForKey(event, commands(), { singleKeys, canvasFocused });
    if (!command || command.enabled?.() === false) return;
    event.preventDefault();
    run(command);
  };
  const handleOnCanvas = (event: KeyboardEvent): boolean => {
    if (event.ctrlKey || event.metaKey) return false;
    const tool = view.tools[toolInHand(workspace)];
    if (event.key === " ") {
      view.setPanning(true);
      return true;
    }
    if (event.key.toLowerCase() === "h" && !event.shiftKey && workspace.preferences.value.singleKeys) {
      workspace.peeking.value = true;
      return true;
    }
    if (workspace.keyboardDrawing.value && cursor.key(event)) return true;
    if (event.key === "Enter" || event.key === "Escape" || event.key === "Backspace") return tool.key?.(event.key) ?? false;
    return false;
  };
  const up = (event: KeyboardEvent): void => {
    if (event.key === " ") view.setPanning(false);
    if (event.key.toLowerCase() === "h") workspace.peeking.value = false;
  };
  addEventListener("keydown", down);
  addEventListener("keyup", up);
  addEventListener("blur", release);
  return () => {
    removeEventListener("keydown", down);
    removeEventListener("keyup", up);
    removeEventListener("blur", release);
    cursor.dispose();
  };
}

// The crosshair acts on the tool like a pointer: Enter presses and lets go, where there is something to drag. A polygon takes a
// corner at each Enter, and closes at the second one on the same point; a chosen object is taken up and put down.
function createCrosshair({ workspace, view }: App): { key(event: KeyboardEvent): boolean; dispose(): void } {
  const { pressed } = view;
  const start = (): Point | undefined => {
    const box = view.sight.peek();
    const entry = workspace.current.peek();
    if (!box || !entry) return undefined;
    return {
      x: Math.floor((Math.max(0, box.x0) + Math.min(entry.source.width, box.x1)) / 2) + 0.5,
      y: Math.floor((Math.max(0, box.y0) + Math.min(entry.source.height, box.y1)) / 2) + 0.5,
    };
  };
  const stop = workspace.keyboardDrawing.subscribe((on) => {
    view.crosshair.value = on ? start() : undefined;
    view.cancelTool();
  });
  const input = (event: KeyboardEvent) => ({ scale: view.scale.peek(), shift: false, alt: event.altKey });
  return {
    key(event) {
      const at = view.crosshair.value;
      const entry = workspace.current.value;
      if (!at || !entry) return false;
      const tool = view.tools[toolInHand(workspace)];
      const step = steps[event.key];
      if (step) {
        const size = event.shiftKey ? 10 : 1;
        const moved = { x: clamp(at.x + step[0] * size, entry.source.width), y: clamp(at.y + step[1] * size, entry.source.height) };
        view.crosshair.value = moved;
        if (pressed.value) tool.drag(moved, input(event));
        else tool.hover?.(moved, input(event));
        keepInSight(moved);
        return true;
      }
      if (event.key === "Enter") {
        const clicks = tool === view.tools.polygon || tool === view.tools.fill;
        if (pressed.value) {
          tool.up(at, input(event));
          pressed.value = false;
        } else {
          pressed.value = tool.down(at, input(event)) && !clicks;
          if (clicks) tool.up(at, input(event));
        }
        return true;
      }
      if (event.key === "Escape") {
        const used = tool.key?.("Escape") ?? false;
        if (!used && !pressed.value) workspace.keyboardDrawing.value = false;
        pressed.value = false;
        return true;
      }
      return false;
    },
    dispose: stop,
  };
  function keepInSight(point: Point): void {
    const box = view.sight.peek();
    if (box && (point.x < box.x0 || point.x > box.x1 || point.y < box.y0 || point.y > box.y1)) view.centreOn(point);
  }
}

function clamp(value: number, size: number): number {
  return Math.min(size - 0.5, Math.max(0.5, value));
}
