// The viewer's own dialogs: plugins, export, keys.

import { signal } from "@preact/signals-core";
import { showText } from "../../core/source/plain-text.ts";
import { titleOf, type ViewerCommand } from "../command/command.ts";
import { html, nothing } from "../dom/html.ts";
import { icon } from "../dom/icon.ts";
import { layerExports } from "../file/export.ts";
import { slideExports } from "../file/export-slide.ts";
import type { Workspace } from "../model/workspace.ts";
import type { Library } from "../plugin/library.ts";
import { listAnnotatedPlanes } from "../plugin/samples.ts";
import type { Dialogs } from "./dialogs.ts";

/** The plugin manager: what is installed, install from an address, remove. */
export async function askPlugins(dialogs: Dialogs, library: Library): Promise<void> {
  const busy = signal(false);
  await dialogs.open("Plugins", (close) => {
    const install = async (event: SubmitEvent): Promise<void> => {
      event.preventDefault();
      const input = (event.currentTarget as HTMLFormElement).querySelector("input")!;
      if (!input.value.trim() || busy.value) return;
      busy.value = true;
      await library.install(input.value.trim(), { byHand: true });
      busy.value = false;
      input.value = "";
    };
    const plugins = library.plugins.value;
    return html`<div class="dialog-body">
        ${plugins.length === 0 ? html`<p class="hint">None installed.</p>` : nothing}
        <ul class="plugin-list">${plugins.map(
          ({
            url,
            manifest,
            state,
            reason,
          }) => html`<li><div class="plugin-line"><strong class="clip">${manifest?.display_name ?? "Plugin"}</strong><span class="muted">${manifest?.version ?? ""}</span><span class="grow"></span><span class="muted">${state === "ready" ? "ready" : state === "loading" ? "starting…" : "failed"}</span><button class="quiet" @click=${() => library.remove(url)}>Remove</button></div>
            ${manifest?.description ? html`<p class="help">${manifest.description}</p>` : nothing}<p class="help clip">${url}</p>${reason ? html`<p class="fault" role="alert">${showText(reason, "\n")}</p>` : nothing}</li>`,
        )}</ul>
        <form @submit=${install} novalidate><label class="field"><span>Address of a manifest.json</span><span class="field-line"><input autofocus name="url" inputmode="url" placeholder="../manifest.json" /><button ?disabled=${busy.value}>${busy.value ? "Installing…" : "Install"}</button></span></label>
        <p class="help">A plugin is a program: install only what you trust. It runs with this page's rights, and must lie on this page's own server: copy its folder there first.</p></form>
      </div>
      <footer class="dialog-foot"><button class="primary" @click=${() => close()}>Done</button></footer>`;
  });
}

/** Asks what to export; resolves with the kind. */
export function askExport(dialogs: Dialogs, workspace: Workspace, hasModel: boolean): Promise<string | undefined> {
  return dialogs.open<string>("Export", (close) => {
    const entry = workspace.current.value;
    const layer = entry?.activeLayer.value ?? entry?.layers.value[0];
    const slide = entry?.activeSlide.value;
    const row = (kind: string, title: string, enabled: boolean) =>
      html`<button class="choice" data-export=${kind} ?disabled=${!enabled} @click=${() => close(kind)}>${icon("download")}<span>${title}</span></button>`;
    return html`<div class="dialog-body">
      <p class="hint">${slide ? `From "${slide.facts.name}"${slide.state.value === "done" ? "." : ", once all of it is segmented."}` : layer ? html`From the layer "${layer.name.value}"${entry && entry.source.sizeZ * entry.source.sizeT > 1 ? ", the plane shown (TIFF: all planes)" : ""}.` : "Open an image first."}</p>
      ${slide ? slideExports.map(({ id, title }) => row(id, title, slide.state.value === "done")) : layerExports.map(({ kind, title }) => row(kind, title, layer !== undefined))}
      <div class="popup-line"></div>
      ${row("picture", "The picture as shown, PNG", entry !== undefined)}
      ${row("dataset", "Dataset of all annotations, zip", listAnnotatedPlanes(workspace).length > 0)}
      ${row("model", "Model, bioimage.io archive", hasModel)}
    </div>`;
  });
}

/** Shows every key. */
export async function showKeys(dialogs: Dialogs, commands: readonly ViewerCommand[]): Promise<void> {
  const row = (keys: readonly string[], title: string) =>
    html`<tr><td>${keys.map((key, i) => html`${i > 0 ? " or " : nothing}<kbd>${key}</kbd>`)}</td><td>${title}</td></tr>`;
  const canvas = commands.filter(({ id, keys, onCanvas }) => keys && onCanvas && !id.startsWith("number-"));
  const everywhere = commands.filter(({ keys, onCanvas }) => keys && !onCanvas);
  await dialogs.open(
    "Keys",
    (close) => html`<div class="dialog-body keys" tabindex="0">
        <h3>On the image</h3>
        <table><tbody>${canvas.map((command) => row(command.keys!, titleOf(command).replace("…", "")))}
          ${row(["Space"], "Pan while held")}${row(["H"], "Peek at the image while held")}${row(["Alt"], "Erase while painting")}${row(["Shift"], "Begin a new object with the brush")}${row(["Enter"], "End a polygon")}${row(["Esc"], "Cancel what is being drawn")}${row(["Backspace"], "Take the last corner back")}${row(["1 … 9"], "Class to draw; channel on an image layer")}</tbody></table>
        <h3>Drawing without a mouse</h3>
        <table><tbody>${row(["K"], "Show a crosshair")}${row(["Arrows"], "Move it 1 px, with Shift 10 px")}${row(["Enter"], "Put a point down; start and end a stroke; on the same point: end a polygon")}</tbody></table>
        <h3>Everywhere</h3>
        <table><tbody>${everywhere.map((command) => row(command.keys!, titleOf(command).replace("…", "")))}</tbody></table>
      </div>
      <footer class="dialog-foot"><button class="primary" @click=${() => close()}>Close</button></footer>`,
    { wide: true },
  );
}
