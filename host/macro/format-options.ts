// Writing the option strings of macros, so that ImageJ's own reader gives back every value: what a plain `key=value` cannot
// say is put into [...] or '...', and words are ordered so that no value hides the key of a later word.
// ImageJ's recorder (ij/plugin/frame/Recorder.java) quotes values with a space only; the rest is our extension.

import { Problem } from "../../core/problem.ts";
import { findValue, getValue, isChecked } from "../../plugin/parameter/macro-options.ts";

/** What an option string can hold: texts, numbers and boxes, by key. */
export type OptionValues = Readonly<Record<string, string | number | boolean>>;

interface Word {
  readonly key: string;
  readonly text: string;
}

/**
 * The option string of `values`: checked boxes, then numbers, then texts, then paths and URLs; an unchecked box is an absent
 * word. For every key `getValue` (or `isChecked`) gives back the value. Throws Problem InvalidParameter, with its key, for a value
 * that this grammar has no form for: for instance "it's [" with a space, or two texts each of which holds the other's key.
 */
export function formatOptions(values: OptionValues): string {
  const unchecked = Object.keys(values).filter((key) => values[key] === false);
  const words = Object.entries(values)
    .filter(([, value]) => value !== false)
    .sort(([, a], [, b]) => rank(a) - rank(b))
    .map(([key, value]): Word => ({ key, text: formatWord(key, value, unchecked) }));
  const line = orderWords(words)
    .map((word) => word.text)
    .join(" ");
  for (const [key, value] of Object.entries(values)) {
    const back = typeof value === "boolean" ? isChecked(line, key) : getValue(line, key, undefined);
    if (back !== (typeof value === "boolean" ? value : String(value))) throw unwritable(key, value);
  }
  return line;
}

function rank(value: string | number | boolean): number {
  if (typeof value === "boolean") return 0;
  if (typeof value === "number") return 1;
  return /[/\\]/.test(value) ? 3 : 2;
}

function formatWord(key: string, value: string | number | boolean, unchecked: readonly string[]): string {
  if (typeof value !== "string") return value === true ? key : `${key}=${value}`;
  const forms: string[] = [];
  if (!/^['[]/.test(value) && value !== "" && !value.includes(" ")) forms.push(value);
  if (isBalanced(value)) forms.push(`[${value}]`);
  if (!value.includes("'")) forms.push(`'${value}'`);
  // A space in '...', or behind an inner ] in [...], would let ImageJ see a checked box there.
  const form = forms.find((text) => !unchecked.some((box) => isChecked(`${key}=${text}`, box)));
  if (form === undefined) throw unwritable(key, value);
  return `${key}=${form}`;
}

function isBalanced(value: string): boolean {
  let depth = 0;
  for (const char of value) {
    if (char === "[") depth++;
    else if (char === "]") depth--;
    if (depth < 0) return false;
  }
  return depth === 0;
}

/** The words in an order in which each stands before every word whose text ImageJ would take for it; else as given. */
function orderWords(words: readonly Word[]): Word[] {
  const left = [...words];
  const ordered: Word[] = [];
  while (left.length > 0) {
    const free = left.findIndex((word) => !left.some((other) => other !== word && hides(word, other)));
    ordered.push(...left.splice(Math.max(0, free), 1));
  }
  return ordered;
}

/** True when ImageJ would find the key of `other` within `word`, if that came first. A box has no value to be found. */
function hides(word: Word, other: Word): boolean {
  return other.text !== other.key && findValue(word.text, other.key) >= 0;
}

function unwritable(key: string, value: unknown): Problem {
  return new Problem(
    "InvalidParameter",
    `"${key}" must be a value that a macro line can hold; got ${JSON.stringify(value)}. Leave out its brackets, quotes or spaces.`,
    { parameter: key, value },
  );
}
