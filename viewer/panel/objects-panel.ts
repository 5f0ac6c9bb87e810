// The table of objects: the text form of what is drawn. Linked with the image both ways; only the rows in sight are made.

import { computed, type ReadonlySignal, signal } from "@preact/signals-core";
import type { LabelObject } from "../../core/label/objects.ts";
import type { App } from "../app.ts";
import type { Actions } from "../command/actions.ts";
import { html, nothing, type Part } from "../dom/html.ts";
import { toCss } from "../labels/label-color.ts";
import { listPlaneObjects } from "../labels/plane-objects.ts";
import { layerColor } from "../map/label-view.ts";

type Column = "id" | "areaPx" | "x" | "y" | "class";

const rowPx = 26;
const order = signal<{ column: Column; down: boolean }>({ column: "id", down: false });
const scroll = signal(0);

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

/** The table. */
export function objectsPanel(app: App, actions: Actions, objects: readonly LabelObject[]): Part {
  const { workspace } = app;
  const entry = workspace.current.value;
  const layer = entry?.activeLayer.value;
  if (!entry || !layer)
    return html`<p class="hint">${entry ? "Choose a label layer to list its objects." : "Objects that are drawn or found are listed here."}</p>`;
  if (objects.length === 0) return html`<p class="hint">No objects in "${layer.name.value}" yet.</p>`;
  const color = layerColor(workspace, layer);
  const um = entry.source.pixelSizeUm;
  const selected = new Set(layer.selected.value);
  const sorted = sortObjects(objects, layer.classOf.value);
  const first = Math.max(0, Math.floor(scroll.value / rowPx) - 5);
  const shown = sorted.slice(first, first + 60);
  const className = (id: number): string => workspace.classes.value[(layer.classOf.value.get(id) ?? 1) - 1]?.name ?? "";
  const several = workspace.classes.value.length > 1;
  return html`
    <div class="table-head"><span>${objects.length} ${objects.length === 1 ? "object" : "objects"}</span><span class="grow"></span>
      ${
        selected.size > 0
          ? html`<button class="quiet" @click=${() => actions.deleteSelected()}>Delete</button>${selected.size > 1 ? html`<button class="quiet" @click=${() => actions.mergeSelected()}>Merge</button>` : nothing}`
          : html`<button class="quiet" @click=${() => actions.exportDialog()}>Export…</button>`
      }</div>
    <div class="table" tabindex="0" role="region" aria-label="Objects" @scroll=${(event: Event) => {
      scroll.value = (event.target as HTMLElement).scrollTop;
    }}>
      <table aria-rowcount=${objects.length + 1}>
        <thead><tr>${header("id", "Label")}${several ? header("class", "Class") : nothing}${header("areaPx", um ? "Area µm²" : "Area px")}${header("x", "x")}${header("y", "y")}</tr></thead>
        <tbody>
          ${first > 0 ? html`<tr aria-hidden="true" style=${`height:${first * rowPx}px`}></tr>` : nothing}
          ${shown.map(
            (
              object,
              i,
            ) => html`<tr aria-rowindex=${first + i + 2} aria-selected=${selected.has(object.id)} class=${selected.has(object.id) ? "selected" : ""} @click=${(event: MouseEvent) => actions.selectObject(object, event.shiftKey || event.ctrlKey)}>
              <td><button class="cell-button" @click=${(event: MouseEvent) => {
                event.stopPropagation();
                actions.selectObject(object, event.shiftKey || event.ctrlKey);
              }}><span class="swatch" style=${`background:${toCss(color(object.id))}`}></span>${object.id}</button></td>
              ${several ? html`<td>${className(object.id)}</td>` : nothing}
              <td>${um ? (object.areaPx * um * um).toFixed(1) : object.areaPx}</td><td>${object.centre.x.toFixed(1)}</td><td>${object.centre.y.toFixed(1)}</td>
            </tr>`,
          )}
          ${first + shown.length < sorted.length ? html`<tr aria-hidden="true" style=${`height:${(sorted.length - first - shown.length) * rowPx}px`}></tr>` : nothing}
        </tbody>
      </table>
    </div>`;
}

function header(column: Column, title: string): Part {
  const { column: by, down } = order.value;
  return html`<th scope="col" aria-sort=${by === column ? (down ? "descending" : "ascending") : "none"}><button class="cell-button" @click=${() => {
    order.value = { column, down: by === column ? !down : false };
  }}>${title}${by === column ? (down ? " ↓" : " ↑") : ""}</button></th>`;
}

function sortObjects(objects: readonly LabelObject[], classOf: ReadonlyMap<number, number>): readonly LabelObject[] {
  const { column, down } = order.value;
  const key = (object: LabelObject): number => {
    if (column === "x" || column === "y") return object.centre[column];
    return column === "class" ? (classOf.get(object.id) ?? 1) : object[column];
  };
  return [...objects].sort((a, b) => (down ? key(b) - key(a) : key(a) - key(b)));
}
