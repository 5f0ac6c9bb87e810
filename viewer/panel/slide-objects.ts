// The objects of a slide: a table of any length, of which the rows in sight are made, ordered by any of its measurements, with a
// histogram whose chosen range filters it. Linked with the image both ways.

import { computed, effect, signal } from "@preact/signals-core";
import type { App } from "../app.ts";
import type { Actions } from "../command/actions.ts";
import { html, nothing, type Part } from "../dom/html.ts";
import { toCss } from "../labels/label-color.ts";
import { type ObjectTable, orderRows } from "../labels/object-table.ts";
import { slideColor } from "../map/slide-view.ts";
import type { SlideLayer } from "../model/slide-layer.ts";
import { createHistogram, type Range } from "./histogram.ts";
import { createRowWindow } from "./row-window.ts";

type Column = "id" | "class" | "measure" | "x" | "y";

export interface SlideObjects {
  /** The panel of the chosen slide. */
  panel(slide: SlideLayer): Part;
  dispose(): void;
}

export function createSlideObjects(app: App, actions: Actions): SlideObjects {
  const { workspace } = app;
  const order = signal<{ column: Column; down: boolean }>({ column: "id", down: false });
  const measure = signal("");
  const range = signal<Range | undefined>(undefined);
  const window = createRowWindow();
  const histogram = createHistogram((chosen) => {
    range.value = chosen;
  });
  const slide = computed(() => workspace.current.value?.activeSlide.value);
  const table = computed(() => slide.value?.table.value);
  const measureName = computed(() => chooseMeasure(table.value, measure.value));
  const rows = computed(() => {
    const objects = table.value;
    if (!objects) return new Uint32Array();
    const { column, down } = order.value;
    const values = objects.measurements.get(measureName.value) ?? objects.ids;
    const filter = range.value && { values, ...range.value };
    return orderRows(objects, column === "measure" ? values : keysOf(objects, column), down, filter);
  });

  // What is chosen in the image is shown in the table.
  const stopScrolling = effect(() => {
    const id = slide.value?.selected.value.at(-1);
    const row = id === undefined ? undefined : table.value?.rowOf(id);
    if (row === undefined) return;
    const ordered = rows.peek();
    window.show(ordered.indexOf(row), ordered.length);
  });
  const stopForgetting = effect(() => {
    table.value;
    measureName.value;
    range.value = undefined;
  });

  const header = (column: Column, title: string): Part => {
    const { column: by, down } = order.value;
    return html`<th scope="col" aria-sort=${by === column ? (down ? "descending" : "ascending") : "none"}><button class="cell-button" @click=${() => {
      order.value = { column, down: by === column ? !down : false };
    }}>${title}${by === column ? (down ? " ↓" : " ↑") : ""}</button></th>`;
  };

  const bound = (title: string, which: keyof Range): Part => {
    const now = range.value?.[which] ?? Number.NaN;
    return html`<label class="range-bound"><span class="muted">${title}</span><input inputmode="decimal" .value=${!Number.isFinite(now) ? "" : String(Number(now.toPrecision(5)))} placeholder=${which === "from" ? "least" : "most"} aria-label=${`${title} ${titleOf(measureName.value)}`} @change=${(
      event: Event,
    ) => {
      const text = (event.target as HTMLInputElement).value.trim();
      const value = Number(text.replace(",", "."));
      const all = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
      const next = { ...all, ...range.value, [which]: text === "" || Number.isNaN(value) ? all[which] : value };
      histogram.clear();
      range.value = next.from === all.from && next.to === all.to ? undefined : next;
    }} /></label>`;
  };

  function panel(layer: SlideLayer): Part {
    const objects = table.value;
    if (layer.state.value !== "done") return html`<p class="hint">Objects are listed once all of the slide is segmented.</p>`;
    if (!objects) return html`<p class="hint" role="status">Reading the table…</p>`;
    if (objects.count === 0) return html`<p class="hint">No objects were found.</p>`;
    const name = measureName.value;
    const values = objects.measurements.get(name)!;
    histogram.show(values, titleOf(name));
    const color = slideColor(workspace, layer);
    const selected = new Set(layer.selected.value);
    const ordered = rows.value;
    const several = objects.classNames.length > 1;
    return html`
      <div class="table-head"><span class="numbers">${ordered.length === objects.count ? "" : `${ordered.length.toLocaleString("en")} of `}${objects.count.toLocaleString("en")} ${objects.count === 1 ? "object" : "objects"}</span><span class="grow"></span>
        ${range.value ? html`<button class="quiet" @click=${() => clearRange()}>Show all</button>` : nothing}<button class="quiet" @click=${() => actions.exportDialog()}>Export…</button></div>
      <div class="table-controls">
        <label class="slider wide"><span>Measure</span><select aria-label="Measurement" @change=${(event: Event) => {
          measure.value = (event.target as HTMLSelectElement).value;
        }}>${[...objects.measurements.keys()].map((key) => html`<option value=${key} ?selected=${key === name}>${titleOf(key)}</option>`)}</select></label>
        ${histogram.element}
        <div class="range-row">${bound("From", "from")}${bound("To", "to")}</div>
      </div>
      ${window.frame(
        layer,
        "table slide-table",
        html`<table aria-rowcount=${ordered.length + 1}>
          <thead><tr>${header("id", "Label")}${several ? header("class", "Class") : nothing}${header("measure", shortTitle(name))}${header("x", "x")}${header("y", "y")}</tr></thead>
          <tbody>${window.rows(ordered.length, (index) => {
            const row = ordered[index]!;
            const id = objects.ids[row]!;
            return tableRow(layer, objects, { row, index, values, several, isSelected: selected.has(id), color: toCss(color(id)) });
          })}</tbody>
        </table>`,
      )}`;
  }

  function clearRange(): void {
    range.value = undefined;
    histogram.clear();
  }

  interface RowOptions {
    readonly row: number;
    readonly index: number;
    readonly values: Float64Array;
    readonly several: boolean;
    readonly isSelected: boolean;
    readonly color: string;
  }

  function tableRow(layer: SlideLayer, objects: ObjectTable, { row, index, values, several, isSelected, color }: RowOptions): Part {
    const place = (axis: "x" | "y"): string => String(Math.round(keysOf(objects, axis)[row]!));
    const choose = (event: MouseEvent): void => {
      event.stopPropagation();
      actions.selectInSlide(layer, objects, row, event.shiftKey || event.ctrlKey);
    };
    return html`<tr aria-rowindex=${index + 2} aria-selected=${isSelected} class=${isSelected ? "selected" : ""} @click=${choose}>
      <td><button class="cell-button" @click=${choose}><span class="swatch" style=${`background:${color}`}></span>${objects.ids[row]}</button></td>
      ${several ? html`<td>${objects.classNames[objects.classOf[row]!]}</td>` : nothing}
      <td>${formatValue(values[row]!)}</td><td>${place("x")}</td><td>${place("y")}</td>
    </tr>`;
  }

  return {
    panel,
    dispose() {
      stopScrolling();
      stopForgetting();
      histogram.dispose();
    },
  };
}

function chooseMeasure(table: ObjectTable | undefined, wanted: string): string {
  const names = [...(table?.measurements.keys() ?? [])];
  return [wanted, "area_um2", "area_px"].find((name) => names.includes(name)) ?? names[0] ?? "";
}

function keysOf(table: ObjectTable, column: Exclude<Column, "measure">): ArrayLike<number> {
  if (column === "id") return table.ids;
  if (column === "class") return table.classOf;
  const { measurements } = table;
  return measurements.get(`centroid_${column}_px`) ?? table.ids;
}

/** "area_um2" as "Area µm²". */
function titleOf(name: string): string {
  const words = name.replace(/_um2$/, " µm²").replace(/_px$/, " px").replace(/_um$/, " µm").replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function shortTitle(name: string): string {
  const title = titleOf(name);
  return title.length > 14 ? `${title.slice(0, 13)}…` : title;
}

function formatValue(value: number): string {
  if (Number.isNaN(value)) return "";
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
