// Names and texts that came from outside, made safe to show. Control characters drive a terminal, line breaks make one line look like
// two, and direction marks (Unicode's bidirectional controls) show a text in another order than it has.

// C0, DEL, C1, line and paragraph separators, ALM, LRM, RLM, embeddings, overrides and isolates.
const hidden = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Characters of windows-1252 from 0x80 on, where Latin-1 has control characters. Some versions of Node decode it as Latin-1. */
const windows = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

/**
 * The text in bytes that some editor wrote: UTF-8, UTF-16 where a byte order mark says so, and windows-1252 (Latin-1) where they are no
 * UTF-8. The mark is left out.
 */
export function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => (byte >= 0x80 && byte < 0xa0 ? windows[byte - 0x80]! : String.fromCharCode(byte))).join("");
  }
}

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
