// The table of objects: the text form of what is drawn, linked with the image both ways.

import { computed, effect, type ReadonlySignal, signal } from "@preact/signals-core";
import type { LabelObject } from "../../core/label/objects.ts";
import type { App } from "../app.ts";
import type { Actions } from "../command/actions.ts";
import { html, nothing, type Part } from "../dom/html.ts";
import { toCss } from "../labels/label-color.ts";
import { listPlaneObjects } from "../labels/plane-objects.ts";
import { layerColor } from "../map/label-view.ts";
import type { LabelLayer } from "../model/label-layer.ts";
import { createRowWindow } from "./row-window.ts";

type Column = "id" | "areaPx" | "x" | "y" | "class";

export interface ObjectsPanel {
  /** The table of the active layer's objects. */
  panel(): Part;
  dispose(): void;
}

/** The objects of the active layer and plane; counted anew when it has changed and the table is looked at. */
export function createObjectList(app: App, settled: ReadonlySignal<number>): ReadonlySignal<readonly LabelObject[]> {
  return computed(() => {
    settled.value;
    const entry = app.workspace.current.peek();
    const layer = entry?.activeLayer.peek();
    if (!entry || !layer) return [];
    // A whole plane above this size is not counted while one draws.
    return layer.raster.tiles.size > 4096 ? [] : listPlaneObjects(layer.raster, entry.planeIndex.peek());
  });
}

/** The table of these objects; what is chosen in the image is brought into its sight. */
export function createObjectsPanel(app: App, actions: Actions, objects: ReadonlySignal<readonly LabelObject[]>): ObjectsPanel {
  const { workspace } = app;
  const order = signal<{ column: Column; down: boolean }>({ column: "id", down: false });
  const rows = createRowWindow();
  const sorted = computed(() => sortObjects(objects.value, order.value, workspace.activeLayer.value?.classOf.value ?? new Map()));
  const stop = effect(() => {
    const id = workspace.activeLayer.value?.selected.value.at(-1);
    const listed = sorted.value;
    if (id !== undefined)
      rows.show(
        listed.findIndex((object) => object.id === id),
        listed.length,
      );
  });

  const header = (column: Column, title: string): Part => {
    const { column: by, down } = order.value;
    return html`<th scope="col" aria-sort=${by === column ? (down ? "descending" : "ascending") : "none"}><button class="cell-button" @click=${() => {
      order.value = { column, down: by === column ? !down : false };
    }}>${title}${by === column ? (down ? " ↓" : " ↑") : ""}</button></th>`;
  };

  function panel(): Part {
    const entry = workspace.current.value;
    const layer = entry?.activeLayer.value;
    if (!entry || !layer)
      return html`<p class="hint">${entry ? "Choose a label layer to list its objects." : "Objects that are drawn or found are listed here."}</p>`;
    const listed = sorted.value;
    const { sizeZ, sizeT } = entry.source;
    if (listed.length === 0)
      return html`<p class="hint">No objects in "${layer.name.value}" ${sizeZ * sizeT > 1 ? "on this plane" : "yet"}.</p>`;
    const selected = layer.selected.value;
    const um = entry.source.pixelSizeUm;
    const several = workspace.classes.value.length > 1;
    return html`
      <div class="table-head"><span>${listed.length} ${listed.length === 1 ? "object" : "objects"}</span><span class="grow"></span>
        ${
          selected.length > 0
            ? html`<button class="quiet" @click=${() => actions.deleteSelected()}>Delete</button>${selected.length > 1 ? html`<button class="quiet" @click=${() => actions.mergeSelected()}>Merge</button>` : nothing}`
            : html`<button class="quiet" @click=${() => actions.exportDialog()}>Export…</button>`
        }</div>
      ${rows.frame(
        layer,
        "table",
        html`<table aria-rowcount=${listed.length + 1}>
          <thead><tr>${header("id", "Label")}${several ? header("class", "Class") : nothing}${header("areaPx", um ? "Area µm²" : "Area px")}${header("x", "x")}${header("y", "y")}</tr></thead>
          <tbody>${rows.rows(listed.length, createRow({ layer, um, several, listed }))}</tbody>
        </table>`,
      )}`;
  }

  function createRow({ layer, um, several, listed }: RowOptions): (index: number) => Part {
    const color = layerColor(workspace, layer);
    const selected = new Set(layer.selected.value);
    const classOf = layer.classOf.value;
    return (index) => {
      const object = listed[index]!;
      const isSelected = selected.has(object.id);
      const choose = (event: MouseEvent): void => {
        event.stopPropagation();
        actions.selectObject(object, event.shiftKey || event.ctrlKey);
      };
      return html`<tr aria-rowindex=${index + 2} aria-selected=${isSelected} class=${isSelected ? "selected" : ""} @click=${choose}>
        <td><button class="cell-button" @click=${choose}><span class="swatch" style=${`background:${toCss(color(object.id))}`}></span>${object.id}</button></td>
        ${several ? html`<td>${workspace.classes.value[(classOf.get(object.id) ?? 1) - 1]?.name ?? ""}</td>` : nothing}
        <td>${um ? (object.areaPx * um * um).toFixed(1) : object.areaPx}</td><td>${object.centre.x.toFixed(1)}</td><td>${object.centre.y.toFixed(1)}</td>
      </tr>`;
    };
  }

  return { panel, dispose: stop };
}

interface RowOptions {
  readonly layer: LabelLayer;
  readonly um: number | undefined;
  readonly several: boolean;
  readonly listed: readonly LabelObject[];
}

function sortObjects(
  objects: readonly LabelObject[],
  { column, down }: { readonly column: Column; readonly down: boolean },
  classOf: ReadonlyMap<number, number>,
): readonly LabelObject[] {
  const key = (object: LabelObject): number => {
    if (column === "x" || column === "y") return object.centre[column];
    return column === "class" ? (classOf.get(object.id) ?? 1) : object[column];
  };
  return [...objects].sort((a, b) => (down ? key(b) - key(a) : key(a) - key(b)));
}
