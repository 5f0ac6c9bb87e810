// Keys to commands. Single keys act only while the image has the focus and can be turned off; none acts in a text field.

import type { ViewerCommand } from "./command.ts";

/** The command that a key press stands for, if any. */
export function commandForKey(
  event: KeyboardEvent,
  commands: readonly ViewerCommand[],
  { singleKeys, canvasFocused }: { singleKeys: boolean; canvasFocused: boolean },
): ViewerCommand | undefined {
  const pressed = describeKey(event);
  return commands.find(
    ({ keys, onCanvas }) => keys?.some((key) => normalize(key) === pressed) && (!onCanvas || (singleKeys && canvasFocused)),
  );
}

/** True for a key that is pressed by itself, or with Shift alone, and would be a character in a text. */
export function isSingleKey(key: string): boolean {
  return /^(shift\+)?.$/i.test(key);
}

/** True while what has the focus takes text, where keys are the user's own. */
export function isTextField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !["button", "checkbox", "radio", "range", "color", "file"].includes(target.type);
}

/** A key press as "Ctrl+Shift+z". Cmd counts as Ctrl. */
function describeKey({ key, code, ctrlKey, metaKey, shiftKey, altKey }: KeyboardEvent): string {
  // Alt and Shift change the letter on some keyboards: letters and digits go by what is printed on them.
  const letter = /^Key([A-Z])$/.exec(code)?.[1] ?? (/^Digit(\d)$/.exec(code)?.[1] && !shiftKey ? code.slice(5) : undefined);
  const plain = key.length === 1 && !/[a-z0-9]/i.test(key) && !altKey && key !== " " ? key : (letter ?? (key === " " ? "Space" : key));
  const isSign = plain.length === 1 && !/[a-z0-9]/i.test(plain);
  return `${ctrlKey || metaKey ? "ctrl+" : ""}${altKey ? "alt+" : ""}${shiftKey && !isSign ? "shift+" : ""}${plain.toLowerCase()}`;
}

function normalize(key: string): string {
  const parts = key.toLowerCase().split(/\+(?=.)/);
  const last = parts.at(-1)!;
  const has = (modifier: string): string => (parts.slice(0, -1).includes(modifier) ? `${modifier}+` : "");
  return `${has("ctrl")}${has("alt")}${has("shift")}${last}`;
}
