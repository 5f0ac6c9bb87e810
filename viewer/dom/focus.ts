// Where the focus is when nothing else has it: on the image, so that single keys act.

/** Gives the image the focus. */
export function focusCanvas(): void {
  document.querySelector<HTMLElement>("#map")?.focus({ preventScroll: true });
}

/** Does what may take the focused element off the page; the focus then goes to the image instead of being lost. */
export function keepFocus(work: () => void): void {
  const before = document.activeElement;
  work();
  if (before && before !== document.body && !before.isConnected) focusCanvas();
}
