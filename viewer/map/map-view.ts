// The map: shows the current image with its layers (shown-entry.ts), follows every signal that changes how it looks, and hands
// what the pointer does to the tool in hand (tool-pointer.ts).

import { effect, type Signal, signal, untracked } from "@preact/signals-core";
import DragPan from "ol/interaction/DragPan.js";
import MouseWheelZoom from "ol/interaction/MouseWheelZoom.js";
import PinchZoom from "ol/interaction/PinchZoom.js";
import OlMap from "ol/Map.js";
import View from "ol/View.js";
import type { Box } from "../../core/array/raster.ts";
import { toolInHand } from "../file/drawing-layer.ts";
import type { Point } from "../labels/paint.ts";
import { boxTarget, editTarget } from "../model/edit-step.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import type { ToolName, Workspace } from "../model/workspace.ts";
import { createBrushTool } from "../tool/brush-tool.ts";
import { createFillTool, createSelectTool, createSplitTool } from "../tool/point-tools.ts";
import { createFreehandTool, createPolygonTool } from "../tool/polygon-tool.ts";
import { createBoxTool, createRectangleTool } from "../tool/rectangle-tool.ts";
import { createReviewTool } from "../tool/review-tool.ts";
import type { Tool } from "../tool/tool.ts";
import { toBox, toExtent, toImagePoint, toMapCoordinate } from "./coordinates.ts";
import { createOverlay, type Overlay } from "./overlay.ts";
import { takePicture, whenDrawn } from "./picture.ts";
import { clearMap, showEntry } from "./shown-entry.ts";
import { createToolPointer } from "./tool-pointer.ts";

export interface MapView {
  readonly tools: Readonly<Record<ToolName, Tool>>;
  /** Screen pixels per image pixel. */
  readonly scale: Signal<number>;
  /** The part of the image in sight; changes with every pan. */
  readonly sight: Signal<Box | undefined>;
  /** The point under the pointer. */
  readonly pointer: Signal<Point | undefined>;
  /** The keyboard's crosshair. */
  readonly crosshair: Signal<Point | undefined>;
  /** True while the crosshair presses the tool. */
  readonly pressed: Signal<boolean>;
  readonly webgl: boolean;
  fit(): void;
  zoomBy(factor: number): void;
  zoomTo(scale: number): void;
  centreOn(point: Point): void;
  /** Ends without a trace whatever the tool in hand has under way. */
  cancelTool(): void;
  /** While true the pointer pans, whatever the tool. */
  setPanning(on: boolean): void;
  /** Draws all again. */
  refresh(): void;
  /** Resolves once all that is in sight is read and drawn. */
  drawn(): Promise<void>;
  /** The image as it is shown now, as a picture. */
  picture(): Promise<Blob>;
  dispose(): void;
}

/** Shows the workspace in `element`; `onProblem` hears of tiles that could not be read. */
export function createMapView(workspace: Workspace, element: HTMLElement, onProblem: (error: unknown) => void): MapView {
  const webgl = hasWebGL();
  const scale = signal(1);
  const { sight } = workspace;
  const pointer = signal<Point | undefined>(undefined);
  const crosshair = signal<Point | undefined>(undefined);
  const pressed = signal(false);
  let panning = false;
  const refreshOverlay = (): void => overlay.layer.changed();
  const tools = createTools(workspace, refreshOverlay);
  const tool = (): Tool => tools[untracked(() => toolInHand(workspace))];
  const overlay: Overlay = createOverlay(workspace, () => ({ tool: tool(), crosshair: crosshair.peek() }));

  const drag = createToolPointer({ tool, pointer, isPanning: () => panning, refresh: refreshOverlay });
  const map = new OlMap({
    target: element,
    controls: [],
    interactions: [
      new DragPan({ condition: () => true }),
      new PinchZoom({ duration: 0 }),
      new MouseWheelZoom({ duration: 0, timeout: 20 }),
      drag.interaction,
    ],
    layers: [],
    view: new View({ center: [0, 0], resolution: 1 }),
    // A tile queue that is not stopped while panning: slides fill in as one moves.
    maxTilesLoading: 8,
  });
  // The platform's double click: OpenLayers' own takes any two quick clicks for one, however far apart.
  const doubleClick = (event: MouseEvent): void => {
    const { shiftKey: shift, altKey: alt } = event;
    tool().doubleClick?.(toImagePoint(map.getEventCoordinate(event)), { scale: scale.peek(), shift, alt });
  };
  element.addEventListener("dblclick", doubleClick);
  // While the whole image is shown it stays whole when the window changes.
  let fitted: { readonly centre: string; readonly resolution: number } | undefined;
  map.on("change:size", () => {
    const now = map.getView();
    if (fitted && now.getResolution() === fitted.resolution && String(now.getCenter()) === fitted.centre) fitView();
  });
  map.on("postrender", () => {
    const resolution = map.getView().getResolution();
    if (resolution) scale.value = 1 / resolution;
    const size = map.getSize();
    if (size) sight.value = toBox(map.getView().calculateExtent(size));
  });
  element.addEventListener("pointerleave", () => {
    pointer.value = undefined;
    tool().leave?.();
  });

  const stops = [
    effect(() => {
      const { cursor } = tools[toolInHand(workspace)];
      element.style.cursor = workspace.current.value ? cursor : "default";
    }),
    effect(() => {
      const entry = workspace.current.value;
      return entry ? showEntry(map, workspace, entry, overlay, { webgl, onProblem, fit: () => fitView(entry) }) : clearMap(map);
    }),
    effect(() => {
      crosshair.value;
      workspace.preview.value?.version.value;
      boxTarget(workspace)?.layer.regions.value;
      refreshOverlay();
    }),
  ];
  const cancelTool = (name = untracked(() => toolInHand(workspace))): void => {
    tools[name].cancel();
    pressed.value = false;
  };
  // What was begun on one image, layer or plane must not end on another.
  let lastTool = untracked(() => toolInHand(workspace));
  stops.push(
    effect(() => {
      editTarget(workspace);
      const name = toolInHand(workspace);
      untracked(() => cancelTool(lastTool));
      if (name !== lastTool) tools[lastTool].leave?.();
      lastTool = name;
    }),
  );

  const fitView = (entry: ImageEntry | undefined = workspace.current.peek()): void => {
    const size = map.getSize();
    if (!entry || !size || size[0] === 0) return;
    const { width, height, sizeZ, sizeT } = entry.source;
    // Above the image lie the sliders of planes and, where the window is narrow, two buttons; below it the tools.
    const sliders = Number(sizeZ > 1) + Number(sizeT > 1);
    const top = (size[0]! < narrowPx ? 56 : 12) + (sliders > 0 ? 18 + 24 * sliders : 0);
    map.getView().fit(toExtent({ y0: 0, x0: 0, y1: height, x1: width }), { size, padding: [top, 12, 64, 12], minResolution: 1 / 32 });
    fitted = { centre: String(map.getView().getCenter()), resolution: map.getView().getResolution()! };
  };

  return {
    tools,
    scale,
    sight,
    pointer,
    crosshair,
    pressed,
    webgl,
    fit: () => fitView(),
    zoomBy: (factor) => map.getView().setResolution(map.getView().getResolution()! / factor),
    zoomTo: (wanted) => map.getView().setResolution(1 / wanted),
    centreOn: (point) => map.getView().setCenter(toMapCoordinate(point)),
    cancelTool: () => cancelTool(),
    setPanning(on) {
      panning = on;
      element.style.cursor = on ? "grab" : tool().cursor;
    },
    refresh: () => map.render(),
    drawn: () => whenDrawn(map),
    picture: () => takePicture(map),
    dispose() {
      for (const stop of stops) stop();
      element.removeEventListener("dblclick", doubleClick);
      clearMap(map);
      overlay.layer.dispose();
      map.setTarget(undefined);
      map.dispose();
    },
  };
}

const narrowPx = 660;

function createTools(workspace: Workspace, refresh: () => void): Record<ToolName, Tool> {
  return {
    select: createSelectTool(workspace, refresh),
    brush: createBrushTool(workspace, { erases: false, refresh }),
    eraser: createBrushTool(workspace, { erases: true, refresh }),
    polygon: createPolygonTool(workspace, refresh),
    freehand: createFreehandTool(workspace, refresh),
    rectangle: createRectangleTool(workspace, refresh),
    fill: createFillTool(workspace),
    box: createBoxTool(workspace, refresh),
    split: createSplitTool(workspace, refresh),
    review: createReviewTool(workspace),
  };
}

function hasWebGL(): boolean {
  const context = document.createElement("canvas").getContext("webgl");
  const usable = context?.getExtension("OES_texture_float") != null;
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return usable;
}
