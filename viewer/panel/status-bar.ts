// The line at the bottom: the image, the zoom, where the pointer is and what lies there, whether work is kept.

import type { App } from "../app.ts";
import { html, nothing, type Part } from "../dom/html.ts";
import { backgroundId, ignoreId, labelAt } from "../labels/label-raster.ts";
import type { ImageEntry } from "../model/image-entry.ts";

/** The status bar; `value` is the text of the pixel under the pointer. */
export function statusBar(app: App, value: string): Part {
  const { workspace, view, autosave } = app;
  const entry = workspace.current.value;
  const point = view.crosshair.value ?? view.pointer.value;
  const inside = entry && point && point.x >= 0 && point.y >= 0 && point.x < entry.source.width && point.y < entry.source.height;
  const layer = entry?.activeLayer.value;
  layer?.version.value;
  const id = inside && layer ? labelAt(layer.raster, entry.planeIndex.value, Math.floor(point.y), Math.floor(point.x)) : 0;
  return html`
    <span>${entry ? describeImage(entry) : nothing}</span>
    <span>${entry ? `zoom ${formatZoom(view.scale.value)}` : nothing}</span>
    <span class="status-position">${inside ? html`x ${Math.floor(point.x)} y ${Math.floor(point.y)}${value ? html` &nbsp;value ${value}` : nothing}${id ? html` &nbsp;${id === ignoreId ? "ignore" : id === backgroundId ? "background" : `label ${id}`}` : nothing}` : nothing}</span>
    <span class="grow"></span>
    ${view.webgl ? nothing : html`<span title="Images are drawn without the graphics processor">No WebGL here: drawing is slower</span>`}
    <span class="status-saved" title=${autosave.limit ?? ""}>${autosave.limit ? "not kept: export your work" : entry ? saveText(autosave.state.value) : nothing}</span>
    <span class="status-private">nothing leaves this computer</span>
  `;
}

function saveText(state: string): string {
  return state === "saved" ? "saved in this browser" : state === "failed" ? "not saved" : "saving…";
}

function describeImage({ source }: ImageEntry): string {
  const size = `${source.width} x ${source.height}`;
  return source.pixelSizeUm === undefined ? size : `${size}, ${Number(source.pixelSizeUm.toPrecision(3))} µm/px`;
}

function formatZoom(scale: number): string {
  return `${scale >= 0.1 ? Math.round(scale * 100) : (scale * 100).toPrecision(2)} %`;
}
