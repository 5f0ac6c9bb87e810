// What the page's own address asks for (?image=, ?model=, ?macro=, ?plugin=): shown in full, and done only after a click.

import { signal } from "@preact/signals-core";
import { download, largestTextBytes } from "../../core/source/download.ts";
import type { App } from "../app.ts";
import type { Actions } from "../command/actions.ts";
import { runMacroText } from "../command/run-macro.ts";
import { html, nothing, type Part } from "../dom/html.ts";
import type { MacroState } from "../model/macro-state.ts";

const kinds = { plugin: "Install the plugin", image: "Open the image", model: "Import the model", macro: "Run the macro" } as const;
type Kind = keyof typeof kinds;

/** The card with the requests; call it while rendering. */
export function watchAddress(app: App, actions: Actions, macro: MacroState): () => Part {
  const given = new URLSearchParams(location.search);
  const requests = signal((Object.keys(kinds) as Kind[]).flatMap((kind) => given.getAll(kind).map((value) => ({ kind, value }))));
  const doAll = (): void => {
    const all = requests.value;
    requests.value = [];
    void actions.attempt(async () => {
      for (const { kind, value } of all) await act(app, actions, macro, kind, value);
    });
  };
  return () => {
    if (requests.value.length === 0) return nothing;
    return html`<section class="request" aria-label="Asked for by the address">
      <p>The address of this page asks for:</p>
      <ul>${requests.value.map(({ kind, value }) => html`<li>${kinds[kind]} <code>${value}</code></li>`)}</ul>
      <p class="hint">Do it only if you trust where the link came from.</p>
      <div class="button-row"><button class="primary" @click=${doAll}>Do it</button><button @click=${() => {
        requests.value = [];
      }}>Ignore</button></div>
    </section>`;
  };
}

async function act(app: App, actions: Actions, macro: MacroState, kind: Kind, value: string): Promise<void> {
  if (kind === "image") await app.host.open(new URL(value, location.href).href);
  if (kind === "plugin") await app.library.install(value, { byHand: true });
  if (kind === "model") await actions.importArchive(new URL(value, location.href));
  if (kind === "macro") {
    await app.library.settled();
    const text = looksLikeAddress(value) ? await fetchMacro(new URL(value, location.href)) : value;
    if (await actions.showMacro(text, "the macro of the address")) await runMacroText(app, macro);
  }
}

async function fetchMacro(address: URL): Promise<string> {
  return new TextDecoder().decode(await download(address, { what: "a macro", most: largestTextBytes }));
}

function looksLikeAddress(value: string): boolean {
  return /^(https?:|\.?\/)|\.ijm$/i.test(value) && !value.includes("(");
}
