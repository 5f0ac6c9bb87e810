// What concerns the viewer itself: plugins, help, diagnostics, macros.

import { decodeText } from "../../core/source/plain-text.ts";
import type { App } from "../app.ts";
import { askPlugins, showKeys } from "../dialog/viewer-dialogs.ts";
import { html } from "../dom/html.ts";
import { download } from "../file/export.ts";
import type { ImageSync } from "../file/image-sync.ts";
import { acceptedFiles } from "../file/open-image.ts";
import type { MacroState } from "../model/macro-state.ts";
import { type Attempt, pickFiles } from "./attempt.ts";
import { runMacroText } from "./run-macro.ts";

/** Plugins, help, macros. */
export function createWindowActions(app: App, imageSync: ImageSync, macro: MacroState, attempt: Attempt) {
  const { host, dialogs, library, shell, view } = app;

  /** Opens a macro in the editor; one that is written there is not replaced unasked. */
  async function loadMacro(file: File): Promise<void> {
    await showMacro(decodeText(new Uint8Array(await file.arrayBuffer())), file.name);
  }

  /** True once the text is in the editor; false where the user keeps what is there. */
  async function showMacro(text: string, name: string): Promise<boolean> {
    const isOther = macro.source.value.trim() !== "" && macro.source.value !== text;
    const question = "The macro in the editor is replaced. Save it first to keep it.";
    if (isOther && !(await dialogs.confirm(`Open ${name}?`, question, "Replace the macro"))) return false;
    macro.source.value = text;
    macro.fault.value = undefined;
    shell.right.value = true;
    shell.tab.value = "macro";
    return true;
  }

  async function diagnose(): Promise<string> {
    const parts = [
      `Viewer: ${navigator.userAgent}`,
      `WebGL for images: ${view.webgl ? "yes" : "no"}`,
      `Storage: ${app.autosave.limit ?? "kept in this browser"}`,
    ];
    for (const { manifest, api, state, reason } of library.plugins.value) {
      parts.push(`${manifest?.display_name ?? "plugin"} ${manifest?.version ?? ""}: ${state}${reason ? `, ${reason}` : ""}`);
      if (api) parts.push(await api.diagnostics());
    }
    return parts.join("\n");
  }

  return {
    loadMacro,
    showMacro,
    managePlugins: () => attempt(() => askPlugins(dialogs, library)),
    installPlugin: (url: string) => attempt(() => library.install(url, { byHand: true })),
    showKeys: () => attempt(() => showKeys(dialogs, app.commands)),
    about: () =>
      attempt(() =>
        dialogs.open(
          "About Overtile",
          (
            close,
          ) => html`<div class="dialog-body"><p>Overtile trains a U-Net on a few annotated cells and segments images of any size, in this browser. Nothing is uploaded.</p><p class="muted">U-Net and its overlap-tile strategy: Ronneberger, Fischer and Brox 2015, arXiv:1505.04597. Licence: MIT.</p></div>
            <footer class="dialog-foot"><button class="primary" @click=${() => close()}>Close</button></footer>`,
        ),
      ),
    diagnostics: () => attempt(() => dialogs.tell("Diagnostics", diagnose())),
    runMacro: () => attempt(() => runMacroText(app, macro)),
    openMacro: () =>
      attempt(async () => {
        const [file] = await pickFiles(".ijm,.txt", false);
        if (file) await loadMacro(file);
      }),
    saveMacro(): void {
      download(new Blob([macro.source.value], { type: "text/plain" }), "macro.ijm");
    },
    /** Opens each file in turn and runs the macro on it: batch. */
    runMacroOnFiles: () =>
      attempt(async () => {
        host.checkMacro(macro.source.value); // before anything is opened
        for (const file of await pickFiles(acceptedFiles)) {
          await host.open(imageSync.offer(file, file.name));
          if (!(await runMacroText(app, macro))) return;
        }
      }),
  };
}
