// Dialogs: the platform's own <dialog>, which keeps the focus inside and closes with Escape. One at a time.

import { signal } from "@preact/signals-core";
import { render } from "lit-html";
import { describeError } from "../../core/problem.ts";
import { showText } from "../../core/source/plain-text.ts";
import { focusCanvas } from "../dom/focus.ts";
import { html, mount, nothing, type Part } from "../dom/html.ts";
import { icon } from "../dom/icon.ts";

export interface Dialogs {
  /** Opens a dialog and resolves with what `close` is given; undefined when it was dismissed. */
  open<T>(title: string, content: (close: (value?: T) => void) => Part, options?: { wide?: boolean }): Promise<T | undefined>;
  /** Asks a yes-or-no question; false when dismissed. */
  confirm(title: string, text: string, yes: string): Promise<boolean>;
  /** Asks for a line of text; undefined when dismissed. `check` returns what is wrong with it. */
  prompt(title: string, label: string, value: string, check?: (value: string) => string | undefined): Promise<string | undefined>;
  /** Shows a text, once it is there, to be read and copied. */
  tell(title: string, text: string | Promise<string>): Promise<void>;
}

/** Dialogs that live in `parent`. */
export function createDialogs(parent: HTMLElement): Dialogs {
  const open: Dialogs["open"] = (title, content, { wide = false } = {}) =>
    new Promise((resolve) => {
      const dialog = document.createElement("dialog");
      dialog.className = wide ? "dialog dialog-wide" : "dialog";
      dialog.setAttribute("aria-label", title);
      parent.append(dialog);
      let result: Parameters<typeof resolve>[0];
      const close = (value?: typeof result): void => {
        result = value;
        dialog.close();
      };
      const stop = mount(
        dialog,
        () =>
          html`<header class="dialog-head"><h2>${title}</h2><button class="icon-button" aria-label="Close" @click=${() => close()}>${icon("close")}</button></header>${content(close as never)}`,
      );
      dialog.addEventListener("close", () => {
        stop();
        render(html``, dialog);
        dialog.remove();
        // What had the focus before may be gone by now.
        if (document.activeElement === document.body) focusCanvas();
        resolve(result);
      });
      dialog.addEventListener("click", (event) => {
        if (event.target === dialog && isOutside(dialog, event)) close();
      });
      dialog.showModal();
      // What is asked for first; the first button of all is the one that closes.
      const first = ["[autofocus]", ".dialog-body input, .dialog-foot .primary", ".choice:not(:disabled)"];
      const field = first.map((selector) => dialog.querySelector<HTMLElement>(selector)).find((element) => element !== null);
      field?.focus();
      // A name is there to be typed over.
      if (field instanceof HTMLInputElement && (field.type === "text" || field.type === "number")) field.select();
    });

  return {
    open,
    async confirm(title, text, yes) {
      return (
        (await open<boolean>(
          title,
          (close) => html`<div class="dialog-body"><p>${text}</p></div>
            <footer class="dialog-foot"><button @click=${() => close(false)}>Cancel</button><button class="primary" @click=${() => close(true)}>${yes}</button></footer>`,
        )) ?? false
      );
    },
    prompt: (title, label, value, check) => open<string>(title, (close) => promptForm(label, value, check, close)),
    async tell(title, text) {
      const shown = signal(typeof text === "string" ? text : "Asking…");
      Promise.resolve(text).then(
        (known) => {
          shown.value = known;
        },
        (error: unknown) => {
          shown.value = showText(describeError(error), "\n");
        },
      );
      await open(
        title,
        (close) => html`<div class="dialog-body"><p class="pre" role="status">${shown.value}</p></div>
          <footer class="dialog-foot">${navigator.clipboard ? html`<button @click=${() => void navigator.clipboard.writeText(shown.value).catch(() => {})}>Copy</button>` : nothing}<button class="primary" @click=${() => close()}>Close</button></footer>`,
      );
    },
  };
}

function promptForm(
  label: string,
  value: string,
  check: ((value: string) => string | undefined) | undefined,
  close: (value?: string) => void,
): Part {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const input = (event.currentTarget as HTMLFormElement).querySelector("input")!;
    const fault = check?.(input.value);
    input.setCustomValidity(fault ?? "");
    if (fault) input.reportValidity();
    else close(input.value);
  };
  return html`<form @submit=${submit} novalidate>
    <div class="dialog-body"><label class="field"><span>${label}</span><input autofocus .value=${value} @input=${(event: Event) => (event.target as HTMLInputElement).setCustomValidity("")} /></label></div>
    <footer class="dialog-foot"><button type="button" @click=${() => close()}>Cancel</button><button class="primary">OK</button></footer>
  </form>`;
}

function isOutside(dialog: HTMLElement, { clientX, clientY }: MouseEvent): boolean {
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
}
