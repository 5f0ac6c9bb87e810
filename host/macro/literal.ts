// String literals of the macro language: writing them (the recorder) and reading them (the lexer).
// Source of the escapes: fixString in ij/plugin/frame/Recorder.java of ImageJ.

/** The text between the quotes of a string literal: \ and " escaped, line feed as \n, other control characters as \ooo. */
export function fixString(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped here
  return text.replace(/[\\"\u0000-\u001f\u007f-\u009f]/g, (char) => {
    if (char === "\\" || char === '"') return `\\${char}`;
    if (char === "\n") return "\\n";
    return `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`;
  });
}

/** The statement `name("...", ...);` with its arguments as literals. */
export function formatCall(name: string, ...args: readonly (string | number)[]): string {
  return `${name}(${args.map((arg) => (typeof arg === "number" ? String(arg) : `"${fixString(arg)}"`)).join(", ")});`;
}

/**
 * Reads the string literal whose opening quote, " or ', is at `start`. Returns its text and the place behind its closing quote, or the
 * place and the reason of the first fault: a literal ends on its line.
 */
export function readLiteral(source: string, start: number): { text: string; end: number } | { fault: string; end: number } {
  const quote = source[start]!;
  const parts: string[] = [];
  let from = start + 1;
  for (let at = from; at < source.length; at++) {
    const char = source[at]!;
    if (char === "\n" || char === "\r") break;
    if (char === quote) {
      parts.push(source.slice(from, at));
      return { text: parts.join(""), end: at + 1 };
    }
    if (char !== "\\") continue;
    const escaped = readEscape(source, at + 1);
    if (escaped === undefined) return { fault: `\\${[...source.slice(at + 1, at + 3)][0] ?? ""} is no escape`, end: at };
    parts.push(source.slice(from, at), escaped.char);
    from = escaped.end;
    at = escaped.end - 1;
  }
  return { fault: `the string has no closing ${quote}`, end: start };
}

const escapes: ReadonlyMap<string, string> = new Map([
  ["\\", "\\"],
  ['"', '"'],
  ["'", "'"],
  ["n", "\n"],
  ["t", "\t"],
]);

function readEscape(source: string, at: number): { char: string; end: number } | undefined {
  const simple = escapes.get(source[at] ?? "");
  if (simple !== undefined) return { char: simple, end: at + 1 };
  // As Java's StreamTokenizer: three octal digits up to \377, two otherwise.
  const octal = /^(?:[0-3][0-7]{0,2}|[4-7][0-7]?)/.exec(source.slice(at, at + 3))?.[0];
  return octal === undefined ? undefined : { char: String.fromCharCode(Number.parseInt(octal, 8)), end: at + octal.length };
}
