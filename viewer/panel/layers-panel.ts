// The left panel: open images, the layers of the current one, models.

import type { Signal } from "@preact/signals-core";
import type { App } from "../app.ts";
import type { Actions } from "../command/actions.ts";
import { html, nothing, type Part, type TemplateResult } from "../dom/html.ts";
import { icon } from "../dom/icon.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import type { LabelLayer } from "../model/label-layer.ts";
import type { SlideLayer } from "../model/slide-layer.ts";
import { chooseSlide } from "../plugin/slide-runs.ts";
import { channelControls } from "./channel-controls.ts";
import { describeModel } from "./describe-model.ts";

/** Images and layers. */
export function layersPanel(app: App, actions: Actions): Part {
  const { workspace } = app;
  const images = workspace.images.value;
  const entry = workspace.current.value;
  return html`
    ${images.length > 1 || !entry ? imageList(app, actions) : nothing}
    <section class="section" aria-label="Layers">
      <header class="section-head"><h2>Layers</h2>${
        app.shell.width.value === "medium"
          ? html`<button class="icon-button small" title="Fold panel" aria-label="Hide layers" @click=${() => {
              app.shell.left.value = false;
            }}>${icon("close")}</button>`
          : nothing
      }${
        entry
          ? html`<button class="icon-button small" title="New label layer" aria-label="New label layer" @click=${() => actions.addLayer(entry)}>${icon("plus")}</button>`
          : nothing
      }</header>
      ${entry ? layerList(app, actions, entry) : html`<p class="hint">Layers of the image appear here.</p>`}
    </section>
    ${modelsSection(app, actions)}
  `;
}

function imageList(app: App, actions: Actions): TemplateResult {
  const { workspace } = app;
  return html`<section class="section" aria-label="Images">
    <header class="section-head"><h2>Images</h2><button class="icon-button small" title="Open image" aria-label="Open image" @click=${() => actions.openFiles()}>${icon("plus")}</button></header>
    ${workspace.images.value.length === 0 ? html`<p class="hint">None open.</p>` : nothing}
    <ul class="rows">
      ${workspace.images.value.map(
        (entry) => html`<li class=${entry === workspace.current.value ? "row active" : "row"}>
          <button class="row-name" aria-current=${entry === workspace.current.value} @click=${() => actions.selectImage(entry)} title=${entry.title.value}>${icon("image")}<span class="clip">${entry.title.value}</span></button>
          <button class="icon-button small hover-only" title="Close image" aria-label=${`Close ${entry.title.value}`} @click=${() => actions.closeImage(entry)}>${icon("close")}</button>
        </li>`,
      )}
    </ul>
  </section>`;
}

function layerList(app: App, actions: Actions, entry: ImageEntry): TemplateResult {
  const { workspace } = app;
  const active = entry.activeLayer.value;
  const chosen = entry.activeSlide.value;
  const layers = entry.layers.value;
  return html`<ul class="rows">
      ${entry.slides.value.map((slide) => slideRow(actions, entry, slide))}
      ${layers.map((layer) => labelRow(actions, entry, layer, layer === active))}
      <li class=${active || chosen ? "row" : "row active"}>
        ${eye(entry.visible.value, `Show ${entry.title.value}`, () => {
          entry.visible.value = !entry.visible.value;
        })}
        <button class="row-name" aria-current=${!active && !chosen} @click=${() => chooseSlide(entry, undefined)} title=${entry.title.value}><span class="clip">${entry.title.value}</span><span class="muted">${describeType(entry)}</span></button>
      </li>
    </ul>
    ${chosen ? slideControls(actions, chosen) : active ? labelControls(actions, entry, active) : channelControls(entry)}
    ${workspace.peeking.value ? html`<p class="hint">Labels are hidden while H is held.</p>` : nothing}`;
}

function labelRow(actions: Actions, entry: ImageEntry, layer: LabelLayer, active: boolean): TemplateResult {
  return html`<li class=${active ? "row active" : "row"} data-layer=${layer.id}>
    ${eye(layer.visible.value, `Show ${layer.name.value}`, () => {
      layer.visible.value = !layer.visible.value;
    })}
    <button class="row-name" aria-current=${active} title=${layer.name.value} @click=${() => {
      entry.activeLayer.value = layer;
    }} @dblclick=${() => actions.renameLayer(layer)}><span class="clip">${layer.name.value}</span></button>
    <button class="icon-button small hover-only" title="Delete layer" aria-label=${`Delete ${layer.name.value}`} @click=${() => actions.deleteLayer(entry, layer)}>${icon("trash")}</button>
  </li>`;
}

function slideRow(actions: Actions, entry: ImageEntry, slide: SlideLayer): TemplateResult {
  const { facts, visible, state, blocks } = slide;
  const active = entry.activeSlide.value === slide;
  const { done, total } = blocks.value;
  const share = state.value === "done" || total === 0 ? "" : `${Math.floor((100 * done) / total)} %`;
  return html`<li class=${active ? "row active" : "row"} data-slide=${facts.id}>
    ${eye(visible.value, `Show ${facts.name}`, () => {
      visible.value = !visible.value;
    })}
    <button class="row-name" aria-current=${active} title=${facts.region ? `${facts.name}, a part` : facts.name} @click=${() => chooseSlide(entry, slide)}><span class="clip">${facts.name}</span><span class="muted numbers">${share}</span></button>
    <button class="icon-button small hover-only" title="Delete result" aria-label=${`Delete ${facts.name}`} @click=${() => actions.deleteSlide(entry, slide)}>${icon("trash")}</button>
  </li>`;
}

function slideControls(actions: Actions, { opacity, outlinesOnly, facts: { region } }: SlideLayer): TemplateResult {
  return html`<div class="controls">
    ${opacitySlider(opacity)}
    <label class="check"><input type="checkbox" .checked=${outlinesOnly.value} @change=${() => {
      outlinesOnly.value = !outlinesOnly.value;
    }} />Outlines only</label>
    ${region ? html`<div class="muted small-text">${region.x1 - region.x0} x ${region.y1 - region.y0} px at ${region.x0}, ${region.y0}</div>` : nothing}
    <div class="button-row"><button class="icon-button small" title="Export" aria-label="Export" @click=${() => actions.exportDialog()}>${icon("download")}</button></div>
  </div>`;
}

function opacitySlider(opacity: Signal<number>): Part {
  return html`<label class="slider"><span>Opacity</span><input type="range" min="0" max="1" step="0.05" .value=${String(opacity.value)} @input=${(
    event: Event,
  ) => {
    opacity.value = Number((event.target as HTMLInputElement).value);
  }} /><output>${Math.round(opacity.value * 100)} %</output></label>`;
}

function labelControls(actions: Actions, entry: ImageEntry, layer: LabelLayer): TemplateResult {
  return html`<div class="controls">
    ${opacitySlider(layer.opacity)}
    <label class="check"><input type="checkbox" .checked=${layer.outlinesOnly.value} @change=${() => {
      layer.outlinesOnly.value = !layer.outlinesOnly.value;
    }} />Outlines only <kbd>Z</kbd></label>
    ${regionList(actions, layer)}
    <div class="button-row">
      <button class="icon-button small" title="Rename layer" aria-label="Rename layer" @click=${() => actions.renameLayer(layer)}>${icon("pencil")}</button>
      <button class="icon-button small" title="Move layer up" aria-label="Move layer up" @click=${() => actions.moveLayer(entry, layer, -1)}>${icon("arrowUp")}</button>
      <button class="icon-button small" title="Move layer down" aria-label="Move layer down" @click=${() => actions.moveLayer(entry, layer, 1)}>${icon("arrowDown")}</button>
      <button class="icon-button small" title="Export layer" aria-label="Export layer" @click=${() => actions.exportDialog()}>${icon("download")}</button>
    </div>
  </div>`;
}

function regionList(actions: Actions, layer: LabelLayer): Part {
  const regions = layer.regions.value;
  if (regions.length === 0) return nothing;
  return html`<div class="muted small-text">Everything in ${regions.length === 1 ? "this box" : "these boxes"} is drawn: what is undrawn there is background</div>
    <ul class="rows">${regions.map(
      (box, i) =>
        html`<li class="row"><span class="row-name">${box.x1 - box.x0} x ${box.y1 - box.y0} px at ${box.x0}, ${box.y0}</span><button class="icon-button small" title="Remove box" aria-label=${`Remove box ${i + 1}`} @click=${() => actions.removeRegion(layer, i)}>${icon("close")}</button></li>`,
    )}</ul>`;
}

function modelsSection(app: App, actions: Actions): Part {
  const models = app.training.models.value;
  return html`<section class="section" aria-label="Models">
    <header class="section-head"><h2>Models</h2><button class="icon-button small" title="Import model" aria-label="Import model" @click=${() => actions.importModel()}>${icon("plus")}</button></header>
    ${models.length === 0 ? html`<p class="hint">${app.training.modelsKnown.value ? "A model appears here once it is trained or imported." : "Looking for models…"}</p>` : nothing}
    <ul class="rows">
      ${models.map((model) => {
        const { name, version } = model;
        const chosen = app.training.model.value === name;
        return html`<li class=${chosen ? "row active" : "row"}>
          <button class="row-name" aria-current=${chosen} title=${describeModel(model)} @click=${() => {
            app.training.model.value = name;
          }}>${icon("boxes")}<span class="clip">${name}</span><span class="muted">v${version}</span></button>
          <button class="icon-button small hover-only" title="Rename model" aria-label=${`Rename ${name}`} @click=${() => actions.renameModel(name)}>${icon("pencil")}</button>
          <button class="icon-button small hover-only" title="Export model" aria-label=${`Export ${name}`} @click=${() => actions.exportModel(name)}>${icon("download")}</button>
          <button class="icon-button small hover-only" title="Delete model" aria-label=${`Delete ${name}`} @click=${() => actions.deleteModel(name)}>${icon("trash")}</button>
        </li>`;
      })}
    </ul>
  </section>`;
}

function eye(on: boolean, label: string, toggle: () => void): TemplateResult {
  return html`<button class="icon-button small" aria-pressed=${on} aria-label=${label} title=${on ? "Hide" : "Show"} @click=${toggle}>${icon(on ? "eye" : "eyeOff")}</button>`;
}

function describeType({ source }: ImageEntry): string {
  const { dtype, channels } = source;
  const bits = dtype.startsWith("float") ? dtype.replace("float", "float ") : `${dtype.replace(/\D+/, "")}-bit`;
  return channels.length === 1 ? bits : `${channels.length} ch, ${bits}`;
}
