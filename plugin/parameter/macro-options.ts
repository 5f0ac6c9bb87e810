// Reading the option strings of ImageJ macros, `key=value key2=[a b] flag`, exactly as ImageJ does: also where its answer
// surprises. `readOptionString` refuses what ImageJ would read in another way than it was meant. Macros of our hosts and option
// strings of foreign ones (adapter/read-options.ts) are read here; what is safe to write is host/macro/format-options.ts's business.
// Source of the rules: ij/Macro.java (getValue, trimKey) and ij/gui/GenericDialog.java (isMatch, saveLabel) of ImageJ
// 1.53t, public domain.

import { Problem } from "../../core/problem.ts";

/** A word of an option string: a bare word (a checked box), or a key with its value. */
export interface OptionWord {
  readonly key: string;
  readonly value?: string;
}

/**
 * The words of an option string by their keys; a bare word is `true`. `names`: all keys that may stand there. `isFlag`: whether a
 * key is a box; undefined where it may be one, or have a value. Throws Problem InvalidParameter for a key that is written twice, for a box with a
 * value and a value without, and for a string in which ImageJ would find another value.
 */
export function readOptionString(
  options: string,
  names: readonly string[],
  isFlag: (key: string) => boolean | undefined,
): ReadonlyMap<string, string | true> {
  const words = new Map<string, string | true>();
  for (const { key, value = true } of readWords(options)) {
    const wanted = isFlag(key);
    if (words.has(key)) throw ambiguous(key, "it is written twice");
    if (wanted !== undefined && wanted !== (value === true)) throw wrongWord(key, value);
    words.set(key, value);
  }
  for (const name of names) {
    const word = words.get(name);
    const asBox = isFlag(name);
    if (asBox !== false && isChecked(options, name) !== (word === true))
      throw ambiguous(name, "ImageJ would see this box where another value stands");
    if (asBox || word === true) continue;
    const value = getValue(options, name, undefined);
    if (value !== word) throw ambiguous(name, `ImageJ would read ${JSON.stringify(value)}`);
  }
  return words;
}

/** The key of a dialog's label: cut at the first space, then at the first colon, in lower case. */
export function trimKey(label: string): string {
  const word = label.split(" ", 1)[0]!;
  return word.split(":", 1)[0]!.toLowerCase();
}

/**
 * The value that ImageJ's `Macro.getValue(options, key, default)` returns. The first `key=` counts that has no letter before it,
 * be it inside of another value; a value that is opened by [ or ' and not closed gives the default.
 */
export function getValue<D>(options: string, key: string, defaultValue: D): string | D {
  const line = options.endsWith(" ") ? options : `${options} `;
  const start = findValue(line, trimKey(key));
  return start < 0 ? defaultValue : (readValue(line, start)?.value ?? defaultValue);
}

/** The place where ImageJ takes the value of `key` from: behind the first `key=` without a letter before it; -1 without one. */
export function findValue(options: string, key: string): number {
  const wanted = `${key}=`;
  let at = -1;
  do {
    at = options.indexOf(wanted, at + 1);
    if (at < 0) return -1;
  } while (at > 0 && isLetter(options[at - 1]!));
  return at + wanted.length;
}

/** True where ImageJ takes the box `key` for checked: a whole word outside of [...] that does not follow an = directly. */
export function isChecked(options: string, key: string): boolean {
  const line = options.endsWith(" ") ? options : `${options} `;
  if (line.startsWith(`${key} `)) return true;
  const wanted = ` ${key} `;
  let inLiteral = false;
  for (let i = 0; i + wanted.length <= line.length; i++) {
    if (inLiteral && line[i] === "]") inLiteral = false;
    else if (line[i] === "[") inLiteral = true;
    // ImageJ looks back from its third character on only.
    if (line[i] !== " " || inLiteral || (i > 1 && line[i - 1] === "=")) continue;
    if (line.startsWith(wanted, i)) return true;
  }
  return false;
}

/**
 * The words of an option string, read from left to right as its writer meant them. Throws Problem InvalidParameter for a
 * value that is opened and never closed.
 */
export function readWords(options: string): OptionWord[] {
  const line = `${options} `;
  const words: OptionWord[] = [];
  let at = 0;
  while (at < line.length) {
    if (line[at] === " ") {
      at++;
      continue;
    }
    const space = line.indexOf(" ", at);
    const equals = line.slice(at, space).indexOf("=");
    if (equals < 0) {
      words.push({ key: line.slice(at, space) });
      at = space;
      continue;
    }
    const key = line.slice(at, at + equals);
    const read = readValue(line, at + equals + 1);
    if (read === undefined) {
      const opened = line.slice(at + equals + 1, -1).slice(0, 80);
      throw new Problem("InvalidParameter", `The value of "${key}" must end with ${opened[0] === "[" ? "]" : "'"}; got ${opened}.`, {
        parameter: key,
        value: opened,
      });
    }
    words.push({ key, value: read.value });
    at = read.end;
  }
  return words;
}

/** The value that starts at `start` and the place behind it; undefined when it is opened and not closed. `line` ends with a space. */
function readValue(line: string, start: number): { value: string; end: number } | undefined {
  if (line[start] === "'") {
    const close = line.indexOf("'", start + 1);
    return close < 0 ? undefined : { value: line.slice(start + 1, close), end: close + 1 };
  }
  if (line[start] !== "[") {
    const space = line.indexOf(" ", start);
    return { value: line.slice(start, space), end: space };
  }
  let depth = 0;
  for (let i = start; i < line.length; i++) {
    if (line[i] === "[") depth++;
    else if (line[i] === "]") depth--;
    if (depth === 0) return { value: line.slice(start + 1, i), end: i + 1 };
  }
  return undefined;
}

/** Java's Character.isLetter of one UTF-16 unit. */
function isLetter(unit: string): boolean {
  return /^\p{L}$/u.test(unit);
}

function ambiguous(parameter: string, why: string): Problem {
  return new Problem(
    "InvalidParameter",
    `"${parameter}" must be clear to every reader of the line, but ${why}. Write it once, and first.`,
    {
      parameter,
    },
  );
}

function wrongWord(parameter: string, value: string | true): Problem {
  const what =
    value === true
      ? `"${parameter}" must have a value: write ${parameter}=...`
      : `"${parameter}" must be a bare word: write ${parameter} to turn it on, and leave it out to turn it off; got ${parameter}=${value}.`;
  return new Problem("InvalidParameter", what, { parameter, value });
}
