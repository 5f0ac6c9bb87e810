// The edge of a panel, dragged or moved by arrow keys to make it wider.

import { html, type TemplateResult } from "../dom/html.ts";
import type { ShellState } from "../model/shell-state.ts";

const limits = { least: 200, most: 560 };

/** The grip of one side's panel. */
export function resizer(shell: ShellState, side: "left" | "right"): TemplateResult {
  const width = side === "left" ? shell.leftPx : shell.rightPx;
  const sign = side === "left" ? 1 : -1;
  const set = (px: number): void => {
    width.value = Math.min(limits.most, Math.max(limits.least, Math.round(px)));
  };
  const drag = (event: PointerEvent): void => {
    const grip = event.currentTarget as HTMLElement;
    const [from, start] = [event.clientX, width.value];
    grip.setPointerCapture(event.pointerId);
    const move = ({ clientX }: PointerEvent): void => set(start + sign * (clientX - from));
    grip.addEventListener("pointermove", move);
    grip.addEventListener("lostpointercapture", () => grip.removeEventListener("pointermove", move), { once: true });
  };
  return html`<div class=${`resizer resizer-${side}`} role="separator" tabindex="0" aria-orientation="vertical" aria-label=${`Width of the ${side} panel`} aria-valuenow=${width.value} aria-valuemin=${limits.least} aria-valuemax=${limits.most} @pointerdown=${drag} @keydown=${(
    event: KeyboardEvent,
  ) => {
    const step = { ArrowLeft: -16, ArrowRight: 16 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    set(width.value + sign * step);
  }}></div>`;
}
