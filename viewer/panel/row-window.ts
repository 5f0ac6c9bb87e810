// The rows of a long table that are made: those in sight and a few around them; what lies above and below is one empty row each.
// The table's element comes and goes with its tab and its layer: a new one begins at its top, or where what is chosen is.

import { computed, type ReadonlySignal, signal } from "@preact/signals-core";
import { keyed } from "lit-html/directives/keyed.js";
import { ref } from "lit-html/directives/ref.js";
import { html, nothing, type Part } from "../dom/html.ts";

/** The height of a row, as in panels.css. */
const rowPx = 26;
const rowsMade = 60;
const rowsAround = 5;
// Browsers draw no element that is higher than some ten million pixels; past it a row scrolls by less than its height.
const highestPx = 8_000_000;

export interface RowWindow {
  /** True while the table is on the page. */
  readonly isShown: ReadonlySignal<boolean>;
  /** The element that scrolls; `table` is what it holds. Another `owner` (a layer) gets another element. */
  frame(owner: unknown, className: string, table: Part): Part;
  /** Of `count` rows those that are made, `make` called for each, between the two that stand for the others. */
  rows(count: number, make: (index: number) => Part): Part;
  /** Brings a row into sight; follows the element when read in an effect, so that a new one shows it too. */
  show(index: number, count: number): void;
}

export function createRowWindow(): RowWindow {
  const element = signal<HTMLElement | undefined>(undefined);
  const scroll = signal(0);
  const heightOf = (count: number): number => Math.min(highestPx, count * rowPx);
  const take = (made: Element | undefined): void => {
    element.value = made as HTMLElement | undefined;
    scroll.value = 0;
  };
  const space = (px: number): Part => (px > 0 ? html`<tr aria-hidden="true" style=${`height:${px}px`}></tr>` : nothing);
  return {
    isShown: computed(() => element.value !== undefined),
    frame: (owner, className, table) =>
      html`${keyed(
        owner,
        html`<div class=${className} tabindex="0" role="region" aria-label="Objects" ${ref(take)} @scroll=${() => {
          scroll.value = element.peek()?.scrollTop ?? 0;
        }}>${table}</div>`,
      )}`,
    rows(count, make) {
      const height = heightOf(count);
      const at = Math.floor((scroll.value / Math.max(1, height)) * count) - rowsAround;
      const first = Math.max(0, Math.min(count - rowsMade, at));
      const made = Math.min(rowsMade, count - first);
      const above = Math.max(0, Math.min(height - made * rowPx, (first / count) * height || 0));
      const shown = Array.from({ length: made }, (_, i) => make(first + i));
      return html`${space(above)}${shown}${space(height - above - made * rowPx)}`;
    },
    show(index, count) {
      const frame = element.value;
      if (!frame || index < 0) return;
      const top = (index / count) * heightOf(count);
      const isSeen = top >= frame.scrollTop && top < frame.scrollTop + frame.clientHeight - 2 * rowPx;
      if (!isSeen) frame.scrollTop = Math.max(0, top - frame.clientHeight / 2);
    },
  };
}
