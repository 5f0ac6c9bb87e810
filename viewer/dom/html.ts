// lit-html, and the one way parts of the page follow signals. Texts are always text: lit-html never reads a value as markup.

import { effect } from "@preact/signals-core";
import { html, nothing, render, type TemplateResult } from "lit-html";
import { keepFocus } from "./focus.ts";

export { html, nothing, type TemplateResult };

/** Anything that can stand in a template. */
export type Part = TemplateResult | typeof nothing | string | number | undefined | readonly Part[];

/** Renders `view` into `container` now and whenever a signal that it read changes. Returns what ends it. */
export function mount(container: HTMLElement, view: () => Part): () => void {
  return effect(() => {
    const part = view();
    keepFocus(() => render(part, container));
  });
}
