// Names and texts that came from outside, made safe to show. Control characters drive a terminal, line breaks make one line look like
// two, and direction marks (Unicode's bidirectional controls) show a text in another order than it has.

// C0, DEL, C1, line and paragraph separators, ALM, LRM, RLM, embeddings, overrides and isolates.
const hidden = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** True for a text with a character that is not seen but changes how the text looks. `\n` counts. */
export function hasHidden(text: string): boolean {
  return text.search(hidden) >= 0;
}

/** The text with such characters as \uXXXX, but for those in `keep`. Within JSON this is the same JSON. */
export function showText(text: string, keep = ""): string {
  return text.replace(hidden, (char) => (keep.includes(char) ? char : `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`));
}

/** A name without such characters, for what is called by it: direction marks go, the others become "_". */
export function toPlainName(name: string): string {
  return name.replace(hidden, (char) => (/\p{Cc}|[\u2028\u2029]/u.test(char) ? "_" : ""));
}
