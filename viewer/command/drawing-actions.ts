// What is done to annotations beside drawing: layers, boxes, classes, the selected objects.

import type { Box } from "../../core/array/raster.ts";
import type { LabelObject } from "../../core/label/objects.ts";
import type { App } from "../app.ts";
import { chooseDrawingLayer, takeTool } from "../file/drawing-layer.ts";
import { addAnnotationLayer } from "../file/image-sync.ts";
import type { ObjectTable } from "../labels/object-table.ts";
import { listPlaneObjects } from "../labels/plane-objects.ts";
import { allAnnotations, annotationsOf } from "../model/annotations.ts";
import { clearLayer, deleteObjects, mergeObjects, setObjectClass, setRegions } from "../model/edit.ts";
import { boxTarget, changeValues, editTarget, stepOn, wholeBox } from "../model/edit-step.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import { coversWhole, type LabelLayer } from "../model/label-layer.ts";
import { deleteLayer, moveLayer, rememberLayer } from "../model/layer-steps.ts";
import { reviewTarget } from "../model/review.ts";
import type { SlideLayer } from "../model/slide-layer.ts";
import { type ClassInfo, classColors } from "../model/workspace.ts";
import { review } from "../tool/review-tool.ts";
import { type Attempt, focusCanvas } from "./attempt.ts";
import { checkPlainName } from "./names.ts";

/** Layers, boxes, classes and the selected objects. */
export function createDrawingActions({ workspace, dialogs, shell, view }: App, attempt: Attempt, viewBox: () => Box | undefined) {
  /** Goes where the box is, where it is not seen whole. */
  function showBox({ y0, x0, y1, x1 }: Box): void {
    const sight = view.sight.value;
    const seen = sight && x0 >= sight.x0 && x1 <= sight.x1 && y0 >= sight.y0 && y1 <= sight.y1;
    if (!seen) view.centreOn({ x: (x0 + x1) / 2, y: (y0 + y1) / 2 });
  }

  function changeClass(title: string, number: number, change: Partial<ClassInfo>): void {
    const { classes } = workspace;
    changeValues(workspace, { title, values: [classes], joins: `${title} ${number}` }, () => {
      classes.value = classes.value.map((one, i) => (i === number - 1 ? { ...one, ...change } : one));
    });
  }

  return {
    renameLayer: (layer: LabelLayer) =>
      attempt(async () => {
        const name = await dialogs.prompt("Rename layer", "Name", layer.name.value, (value) =>
          value.trim() ? undefined : "Expected a name.",
        );
        if (name === undefined || name.trim() === layer.name.value) return;
        const values = [layer.name, layer.madeBy];
        changeValues(workspace, { title: "rename layer", values, ...stepOn(workspace, layer) }, () => {
          layer.name.value = name.trim();
          // One that was named is kept: the next result does not take its place.
          layer.madeBy.value = undefined;
        });
      }),
    addLayer(entry: ImageEntry): void {
      const count = entry.layers.value.filter(({ kind }) => kind === "annotation").length;
      rememberLayer(workspace, entry, addAnnotationLayer(entry, `Annotations ${count + 1}`));
    },
    moveLayer: (entry: ImageEntry, layer: LabelLayer, step: number): void => moveLayer(workspace, entry, layer, step),
    deleteLayer(entry: ImageEntry, layer: LabelLayer): void {
      view.cancelTool();
      deleteLayer(workspace, entry, layer);
    },
    removeRegion(layer: LabelLayer, index: number): void {
      setRegions(workspace, layer, layer.regions.value.toSpliced(index, 1), "remove box");
    },
    /** Puts a box of a few cells into the middle of what is in sight, to be drawn in completely. */
    placeBox(): void {
      chooseDrawingLayer(workspace);
      const target = boxTarget(workspace);
      const box = viewBox();
      if (!target || !box) return;
      const { regions } = target.layer;
      if (regions.value.length > 0) takeTool(workspace, "box");
      else setRegions(workspace, target.layer, [middleOf(box)], "place box");
    },
    /** Says that the whole image is drawn, by a box over all of it; where that was said, takes it back. */
    markWhole(): void {
      chooseDrawingLayer(workspace);
      const target = boxTarget(workspace);
      if (!target) return;
      const isWhole = coversWhole(target.layer);
      setRegions(workspace, target.layer, isWhole ? [] : [wholeBox(target)], isWhole ? "remove box" : "box over the image");
    },
    /** Makes the box large enough for all objects drawn; what is unmarked in it becomes background. */
    growBox(): void {
      const entry = workspace.current.value;
      const layer = entry && annotationsOf(entry);
      const all = entry && allAnnotations(entry);
      if (!entry || !layer || !all) return;
      const boxes = [...listPlaneObjects(all.raster, entry.planeIndex.value).map(({ box }) => box), ...all.regions.value];
      const grown = boxes.reduce((all, box) => ({
        y0: Math.min(all.y0, box.y0),
        x0: Math.min(all.x0, box.x0),
        y1: Math.max(all.y1, box.y1),
        x1: Math.max(all.x1, box.x1),
      }));
      setRegions(workspace, layer, [grown], "grow box");
    },
    /** Copies the selected objects of a prediction into the annotations, or all where none is selected. */
    acceptObjects(): void {
      const target = reviewTarget(workspace);
      if (!target) return;
      const { selected, raster } = target.layer;
      const chosen = selected.value.length > 0 ? selected.value : listPlaneObjects(raster, target.plane).map(({ id }) => id);
      review(workspace, target, chosen, "accept");
    },
    /** Removes the selected objects of a prediction; their place is learnt as background. */
    rejectObjects(): void {
      const target = reviewTarget(workspace);
      if (target) review(workspace, target, target.layer.selected.value, "reject");
    },
    /** Keeps a result: the next one makes a layer of its own. */
    keepResult(layer: LabelLayer): void {
      const values = [layer.name, layer.madeBy];
      changeValues(workspace, { title: "keep result", values, ...stepOn(workspace, layer) }, () => {
        layer.name.value = `${layer.name.value} (kept)`;
        layer.madeBy.value = undefined;
      });
    },
    startDrawing(): void {
      const { value } = workspace.tool;
      chooseDrawingLayer(workspace, { annotates: true });
      takeTool(workspace, value === "select" || value === "box" ? "brush" : value);
      focusCanvas();
    },
    addClass: () =>
      attempt(async () => {
        const classes = workspace.classes.value;
        const name = await dialogs.prompt("New class", "Name", `class ${classes.length + 1}`, (value) => checkClassName(value, classes));
        if (name === undefined) return;
        changeValues(workspace, { title: "add class", values: [workspace.classes, workspace.currentClass] }, () => {
          workspace.classes.value = [...classes, { name: name.trim(), color: classColors[classes.length % classColors.length]! }];
          workspace.currentClass.value = classes.length + 1;
        });
      }),
    renameClass: (number: number) =>
      attempt(async () => {
        const classes = workspace.classes.value;
        const others = classes.filter((_, i) => i !== number - 1);
        const name = await dialogs.prompt("Rename class", "Name", classes[number - 1]?.name ?? "", (value) =>
          checkClassName(value, others),
        );
        if (name !== undefined) changeClass("rename class", number, { name: name.trim() });
      }),
    recolorClass: (number: number, color: string): void => changeClass("change colour", number, { color }),
    /** Deletes the last class; its objects become of class 1. */
    deleteClass(): void {
      const { classes, currentClass } = workspace;
      const last = classes.value.length;
      const marked = workspace.images.value
        .flatMap(({ layers }) => layers.value.map(({ classOf }) => classOf))
        .filter(({ value }) => [...value.values()].includes(last));
      changeValues(workspace, { title: "delete class", values: [classes, currentClass, ...marked] }, () => {
        classes.value = classes.value.slice(0, -1);
        currentClass.value = Math.min(currentClass.value, last - 1);
        for (const classOf of marked) classOf.value = new Map([...classOf.value].filter(([, number]) => number !== last));
      });
    },
    /** Chooses the class to draw; selected objects take it. */
    chooseClass(number: number): void {
      if (number > workspace.classes.value.length) return;
      workspace.currentClass.value = number;
      const target = editTarget(workspace);
      if (number > 0 && target && target.layer.selected.value.length > 0 && workspace.tool.value === "select") {
        setObjectClass(workspace, target, target.layer.selected.value, number);
      }
    },
    nextLabel(): void {
      const target = editTarget(workspace);
      if (target) target.layer.selected.value = [];
    },
    deleteSelected(): void {
      view.cancelTool();
      const target = editTarget(workspace);
      if (target && target.layer.selected.value.length > 0) deleteObjects(workspace, target, target.layer.selected.value);
    },
    mergeSelected(): void {
      view.cancelTool();
      const target = editTarget(workspace);
      if (target) mergeObjects(workspace, target, target.layer.selected.value);
    },
    clear(): void {
      view.cancelTool();
      const target = editTarget(workspace);
      if (target) clearLayer(workspace, target);
    },
    selectObject(object: LabelObject, add: boolean): void {
      const layer = editTarget(workspace)?.layer;
      if (!layer) return;
      const { selected } = layer;
      const { id, box } = object;
      selected.value = !add ? [id] : selected.value.includes(id) ? selected.value.filter((other) => other !== id) : [...selected.value, id];
      showBox(box);
    },
    /** Selects objects of the topmost prediction, and goes to the first. */
    showUndrawn(objects: readonly LabelObject[]): void {
      const entry = workspace.current.value;
      const found = entry?.layers.value.find(({ kind }) => kind === "labels");
      if (!entry || !found || objects.length === 0) return;
      found.visible.value = true;
      entry.activeLayer.value = found;
      found.selected.value = objects.map(({ id }) => id);
      showBox(objects[0]!.box);
      focusCanvas();
    },
    /** Chooses an object of a slide by its row, and goes there. */
    selectInSlide({ selected }: SlideLayer, { ids, boxOf }: ObjectTable, row: number, add: boolean): void {
      const id = ids[row]!;
      const others = selected.value.filter((other) => other !== id);
      selected.value = !add ? [id] : selected.value.includes(id) ? others : [...others, id];
      showBox(boxOf(row));
    },
    showObjects(): void {
      shell.right.value = true;
      shell.tab.value = "objects";
    },
  };
}

function middleOf({ y0, x0, y1, x1 }: Box): Box {
  const height = Math.max(16, Math.round((y1 - y0) * 0.45));
  const width = Math.max(16, Math.round((x1 - x0) * 0.45));
  const side = Math.min(height, width, 320, y1 - y0, x1 - x0);
  const y = Math.round((y0 + y1 - side) / 2);
  const x = Math.round((x0 + x1 - side) / 2);
  return { y0: y, x0: x, y1: y + side, x1: x + side };
}

function checkClassName(value: string, others: readonly ClassInfo[]): string | undefined {
  if (others.some(({ name }) => name === value.trim())) return "Another class has that name.";
  return checkPlainName(value);
}
