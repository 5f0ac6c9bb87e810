// One image with its layers on the map, and everything of it that changes how they look. Layers are disposed one by one:
// OpenLayers' map.dispose() leaves their WebGL contexts.

import { effect } from "@preact/signals-core";
import type Layer from "ol/layer/Layer.js";
import type OlMap from "ol/Map.js";
import View from "ol/View.js";
import type { ImageEntry } from "../model/image-entry.ts";
import type { LabelLayer } from "../model/label-layer.ts";
import type { SlideLayer } from "../model/slide-layer.ts";
import type { Workspace } from "../model/workspace.ts";
import { createPixelProjection, toMapCoordinate } from "./coordinates.ts";
import { createImageLayer, type ImageLayer } from "./image-layer.ts";
import { createLabelView } from "./label-view.ts";
import type { Overlay } from "./overlay.ts";
import { createSlideView } from "./slide-view.ts";

/** Shows an image until the returned function is called. */
export function showEntry(
  map: OlMap,
  workspace: Workspace,
  entry: ImageEntry,
  overlay: Overlay,
  { webgl, onProblem, fit: fitNow }: { webgl: boolean; onProblem: (error: unknown) => void; fit: () => void },
): () => void {
  const { source } = entry;
  const projection = createPixelProjection(source.width, source.height);
  map.setView(
    new View({
      projection,
      center: toMapCoordinate({ x: source.width / 2, y: source.height / 2 }),
      resolution: Math.max(source.width, source.height) / 800,
      minResolution: 1 / 64,
      maxResolution: Math.max(1, Math.max(source.width, source.height) / 64),
      constrainResolution: false,
      enableRotation: false,
      constrainOnlyCenter: true,
    }),
  );
  map.updateSize();
  fitNow();
  const stops: (() => void)[] = [];
  stops.push(showImage(map, entry, { webgl, onProblem }));
  const views = new Map<LabelLayer, Layer>();
  stops.push(effect(() => showLabelLayers(map, workspace, entry, views)));
  const slideViews = new Map<SlideLayer, Layer>();
  stops.push(effect(() => showSlides(map, workspace, entry, slideViews)));
  overlay.layer.setZIndex(1000);
  map.addLayer(overlay.layer);
  return () => {
    for (const stop of stops) stop();
    for (const view of [...views.values(), ...slideViews.values()]) removeLayer(map, view);
    map.removeLayer(overlay.layer);
  };
}

// The layer is made once the channels are known, then follows them.
function showImage(map: OlMap, entry: ImageEntry, options: { webgl: boolean; onProblem: (error: unknown) => void }): () => void {
  let shown: ImageLayer | undefined;
  let lastPlane = entry.plane.peek();
  const stop = effect(() => {
    const channels = entry.channels.value;
    if (channels.length === 0) return;
    if (!shown) {
      shown = createImageLayer(entry, options);
      shown.layer.setZIndex(0);
      map.addLayer(shown.layer);
    } else shown.show(channels);
  });
  const stopPlane = effect(() => {
    const plane = entry.plane.value;
    if (plane !== lastPlane) shown?.showPlane(plane);
    lastPlane = plane;
  });
  const stopLook = effect(() => {
    entry.channels.value;
    shown?.layer.setVisible(entry.visible.value);
    shown?.layer.setOpacity(entry.opacity.value);
  });
  return () => {
    stop();
    stopPlane();
    stopLook();
    if (shown) map.removeLayer(shown.layer);
    shown?.dispose();
  };
}

function showLabelLayers(map: OlMap, workspace: Workspace, entry: ImageEntry, views: Map<LabelLayer, Layer>): () => void {
  const layers = entry.layers.value;
  for (const [layer, view] of views) {
    if (layers.includes(layer)) continue;
    removeLayer(map, view);
    views.delete(layer);
  }
  const stops = layers.map((layer, i) => {
    let view = views.get(layer);
    if (!view) {
      view = createLabelView(workspace, entry, layer);
      views.set(layer, view);
      map.addLayer(view);
    }
    view.setZIndex(100 + layers.length - i);
    const shown = view;
    return effect(() => {
      layer.version.value;
      layer.visible.value;
      layer.opacity.value;
      layer.outlinesOnly.value;
      layer.classOf.value;
      layer.selected.value;
      workspace.classes.value;
      workspace.peeking.value;
      workspace.showsBefore.value;
      entry.planeIndex.value;
      entry.activeLayer.value;
      shown.changed();
    });
  });
  return () => {
    for (const stop of stops) stop();
  };
}

function showSlides(map: OlMap, workspace: Workspace, entry: ImageEntry, views: Map<SlideLayer, Layer>): () => void {
  const slides = entry.slides.value;
  for (const [slide, view] of views) {
    if (slides.includes(slide)) continue;
    removeLayer(map, view);
    views.delete(slide);
  }
  const stops = slides.map((slide, i) => {
    let view = views.get(slide);
    if (!view) {
      view = createSlideView(workspace, entry, slide);
      views.set(slide, view);
      map.addLayer(view);
    }
    view.setZIndex(500 + slides.length - i);
    const shown = view;
    return effect(() => {
      slide.tiles.value?.version.value;
      for (const look of [slide.visible, slide.opacity, slide.outlinesOnly, slide.selected, slide.state, slide.table]) look.value;
      workspace.classes.value;
      workspace.peeking.value;
      entry.planeIndex.value;
      entry.activeSlide.value;
      shown.changed();
    });
  });
  return () => {
    for (const stop of stops) stop();
  };
}

function removeLayer(map: OlMap, layer: Layer): void {
  map.removeLayer(layer);
  layer.dispose();
}

/** Takes every layer off the map. */
export function clearMap(map: OlMap): undefined {
  for (const layer of [...map.getLayers().getArray()]) map.removeLayer(layer);
}
