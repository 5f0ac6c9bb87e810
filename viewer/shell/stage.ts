// What lies over the image: the empty state, the plane slider, the scale bar, the overview, notices.

import { showText } from "../../core/source/plain-text.ts";
import type { App } from "../app.ts";
import type { Actions } from "../command/actions.ts";
import { html, nothing, type Part } from "../dom/html.ts";
import { icon } from "../dom/icon.ts";
import type { ImageEntry } from "../model/image-entry.ts";

/** What an empty viewer says. */
export function emptyStage({ workspace }: App, actions: Actions, request: Part): Part {
  if (workspace.current.value) return nothing;
  return html`<div class="empty">
    <h2>Open an image</h2>
    <p>PNG, JPEG, TIFF, OME-TIFF and OME-Zarr, also 16‑bit, with several channels, or larger than the memory. Drop a file anywhere, or choose one.</p>
    <div class="empty-buttons"><button class=${request === nothing ? "primary large" : "large"} @click=${() => actions.openFiles()}>${icon("folder")}Open an image</button><button class="large" data-action="sample" @click=${() => actions.openSample()}>${icon("image")}Try the sample</button></div>
    <ol class="path"><li>Open</li><li>Draw a few cells</li><li>Train</li><li>Segment</li><li>Correct</li><li>Export</li></ol>
    ${request}
  </div>`;
}

/** Sliders for planes in depth and time. */
export function planeSliders({ workspace }: App): Part {
  const entry = workspace.current.value;
  if (!entry || entry.source.sizeZ * entry.source.sizeT === 1) return nothing;
  const slider = (key: "z" | "t", size: number, name: string): Part =>
    size > 1
      ? html`<label class="slider"><span>${name}</span><input type="range" aria-label=${name === "z" ? "Depth" : "Time"} aria-valuetext=${`${entry.plane.value[key] + 1} of ${size}`} min="0" max=${size - 1} step="1" .value=${String(entry.plane.value[key])} @input=${(
          event: Event,
        ) => {
          entry.plane.value = { ...entry.plane.value, [key]: Number((event.target as HTMLInputElement).value) };
        }} /><output>${entry.plane.value[key] + 1} / ${size}</output></label>`
      : nothing;
  const { sizeZ, sizeT } = entry.source;
  return html`<div class=${sizeZ > 1 && sizeT > 1 ? "planes planes-two" : "planes"}>${slider("z", sizeZ, "z")}${slider("t", sizeT, "t")}</div>`;
}

/** A bar of a round length. */
export function scaleBar({ workspace, view }: App): Part {
  const entry = workspace.current.value;
  if (!entry || !workspace.preferences.value.scaleBar) return nothing;
  const um = entry.source.pixelSizeUm;
  const perPx = (um ?? 1) / view.scale.value;
  const { length, px } = roundLength(perPx);
  const unit = um === undefined ? "px" : length >= 1000 ? "mm" : "µm";
  const shown = um !== undefined && length >= 1000 ? length / 1000 : length;
  return html`<div class="scale-bar" style=${`width:${px}px`}><span>${Number(shown.toPrecision(3))} ${unit}</span></div>`;
}

function roundLength(perPx: number): { length: number; px: number } {
  const target = perPx * 100;
  const power = 10 ** Math.floor(Math.log10(target));
  const length = ([5, 2, 1].find((digit) => digit * power <= target) ?? 1) * power;
  return { length, px: Math.round(length / perPx) };
}

/** The frame of what is in sight, over a small picture of the whole; nothing while all is in sight. */
export function overview({ workspace, view }: App, picture: HTMLCanvasElement | undefined): Part {
  const entry = workspace.current.value;
  const sight = view.sight.value;
  if (!entry || !sight || !picture || !workspace.preferences.value.overview || isWhole(entry, sight)) return nothing;
  const { width, height } = entry.source;
  const percent = (part: number, whole: number): string => `${Math.min(100, Math.max(0, (100 * part) / whole))}%`;
  const frame = `left:${percent(sight.x0, width)};top:${percent(sight.y0, height)};right:${percent(width - sight.x1, width)};bottom:${percent(height - sight.y1, height)}`;
  const go = (event: PointerEvent): void => {
    if (event.buttons !== 1) return;
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    view.centreOn({ x: ((event.clientX - box.left) / box.width) * width, y: ((event.clientY - box.top) / box.height) * height });
  };
  return html`<div class="overview" aria-hidden="true" @pointerdown=${go} @pointermove=${go}>${picture}<div class="overview-frame" style=${frame}></div></div>`;
}

function isWhole({ source }: ImageEntry, { x0, y0, x1, y1 }: { x0: number; y0: number; x1: number; y1: number }): boolean {
  return x0 <= 0 && y0 <= 0 && x1 >= source.width && y1 >= source.height;
}

/** The sentence that the viewer has to say. Errors stay until they are closed. */
export function notice({ workspace }: App): Part {
  const status = workspace.status.value;
  if (!status) return nothing;
  return html`<div class=${`notice ${status.kind}`} role=${status.kind === "error" ? "alert" : "status"}>${status.kind === "error" ? icon("warning") : nothing}<span>${showText(status.text, "\n")}</span>
    ${status.action ? html`<button class="quiet" @click=${() => status.action?.run()}>${status.action.title}</button>` : nothing}
    <button class="icon-button small" aria-label="Close message" @click=${() => {
      workspace.status.value = undefined;
    }}>${icon("close")}</button></div>`;
}
