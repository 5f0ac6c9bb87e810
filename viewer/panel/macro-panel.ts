// Macros: what was done, written as it happens; an editor; run and stop; an error stands at its line.

import type { App } from "../app.ts";
import type { Actions } from "../command/actions.ts";
import { html, nothing, type Part } from "../dom/html.ts";
import { icon } from "../dom/icon.ts";
import type { MacroState } from "../model/macro-state.ts";

/** The panel. */
export function macroPanel(app: App, actions: Actions, state: MacroState): Part {
  const running = state.running.value;
  const fault = state.fault.value;
  const lines = state.source.value.split("\n").length;
  return html`<section class="section" aria-label="Recorder">
      <header class="section-head"><h2>Recorder</h2>
        <button class="quiet" ?disabled=${!state.recorded.value} @click=${() => {
          state.source.value += (state.source.value && !state.source.value.endsWith("\n") ? "\n" : "") + state.recorded.value;
        }}>Copy to editor</button><button class="quiet" ?disabled=${!state.recorded.value} @click=${() => {
          state.earlier.value = "";
          app.host.recorder.clear();
        }}>Clear</button></header>
      ${state.recorded.value ? html`<pre class="code recorded" tabindex="0" aria-label="Recorded macro">${state.recorded.value}</pre>` : html`<p class="hint">What you do is written here as a macro: open, train, segment, save.</p>`}
    </section>
    <section class="section grow-section" aria-label="Macro editor">
      <header class="section-head"><h2>Editor</h2><button class="quiet" @click=${() => actions.openMacro()}>Open…</button><button class="quiet" ?disabled=${!state.source.value} @click=${() => actions.saveMacro()}>Save…</button></header>
      <div class="editor"><div class="gutter" aria-hidden="true">${Array.from({ length: lines }, (_, i) => html`<div class=${fault?.line === i + 1 ? "fault-line" : ""}>${i + 1}</div>`)}</div>
        <textarea class="code" spellcheck="false" wrap="off" rows=${Math.min(24, Math.max(8, lines + 1))} aria-label="Macro" aria-invalid=${fault !== undefined} .value=${state.source.value} @input=${(
          event: Event,
        ) => {
          state.source.value = (event.target as HTMLTextAreaElement).value;
          state.fault.value = undefined;
        }}></textarea></div>
      ${fault ? html`<p class="fault" role="alert">${fault.text}</p>` : nothing}
      <div class="button-row">${running ? html`<button @click=${() => running.abort()}>Stop</button>` : html`<button ?disabled=${!state.source.value.trim()} @click=${() => actions.runMacro()}>${icon("play")}Run</button>`}<button class="quiet" ?disabled=${running !== undefined || !state.source.value.trim()} @click=${() => actions.runMacroOnFiles()}>Run on files…</button></div>
      ${state.output.value.length > 0 ? html`<pre class="code output" tabindex="0" aria-label="Macro output">${state.output.value.slice(-200).join("\n")}</pre>` : nothing}
    </section>`;
}
