// The pointer as the tool in hand hears it.

import type { Signal } from "@preact/signals-core";
import PointerInteraction from "ol/interaction/Pointer.js";
import type MapBrowserEvent from "ol/MapBrowserEvent.js";
import type { Point } from "../labels/paint.ts";
import type { Input, Tool } from "../tool/tool.ts";
import { toImagePoint } from "./coordinates.ts";

/** Takes presses for the tool before the map's own panning sees them. A second finger ends the stroke: two fingers pan and zoom. */
export function createToolPointer({
  tool,
  pointer,
  isPanning,
  refresh,
}: {
  tool: () => Tool;
  pointer: Signal<Point | undefined>;
  isPanning: () => boolean;
  refresh: () => void;
}): { interaction: PointerInteraction } {
  const scaleOf = (event: MapBrowserEvent): number => 1 / event.map.getView().getResolution()!;
  let abandoned = false;
  const interaction = new PointerInteraction({
    handleDownEvent(event) {
      const { button } = event.originalEvent as PointerEvent;
      abandoned = false;
      if (isPanning() || button !== 0) return false;
      return tool().down(toImagePoint(event.coordinate), inputOf(event, scaleOf(event)));
    },
    handleDragEvent(event) {
      if ((event.activePointers?.length ?? 1) > 1 && !abandoned) {
        abandoned = true;
        tool().cancel();
      }
      if (abandoned) return;
      pointer.value = toImagePoint(event.coordinate);
      tool().drag(toImagePoint(event.coordinate), inputOf(event, scaleOf(event)));
    },
    handleUpEvent(event) {
      if (!abandoned) tool().up(toImagePoint(event.coordinate), inputOf(event, scaleOf(event)));
      return false;
    },
    handleMoveEvent(event) {
      pointer.value = toImagePoint(event.coordinate);
      tool().hover?.(toImagePoint(event.coordinate), inputOf(event, scaleOf(event)));
      refresh();
    },
  });
  return { interaction };
}

function inputOf(event: MapBrowserEvent, scale: number): Input {
  const { shiftKey, altKey } = event.originalEvent as PointerEvent;
  return { scale, shift: shiftKey, alt: altKey };
}
