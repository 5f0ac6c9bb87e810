// The words of the macro language: names, numbers, strings and signs, each with its line. One pass, no recursion and no
// regular expression over unbounded text, so that any text is read in linear time.

import { isProblem, Problem } from "../../core/problem.ts";
import { readLiteral } from "./literal.ts";

export type Token =
  | { readonly kind: "name" | "sign" | "text"; readonly text: string; readonly line: number }
  | { readonly kind: "number"; readonly text: string; readonly number: number; readonly line: number }
  | { readonly kind: "end"; readonly text: ""; readonly line: number }
  | { readonly kind: "fault"; readonly text: string; readonly line: number; readonly problem: Problem };

/** The tokens of a macro. The last one is of kind "end", or of kind "fault" with what to throw once a reader comes to it. */
export function lexMacro(source: string): Token[] {
  const tokens: Token[] = [];
  try {
    readTokens(source, tokens);
  } catch (error) {
    if (!isProblem(error, "InvalidMacro")) throw error;
    tokens.push({ kind: "fault", text: error.details.word ?? "", line: error.details.line, problem: error });
  }
  return tokens;
}

/** A Problem InvalidMacro whose message begins with the line. */
export function invalidMacro(line: number, word: string, what: string, cause?: unknown): Problem<"InvalidMacro"> {
  return new Problem("InvalidMacro", `Line ${line}: ${what}`, { line, word }, cause === undefined ? undefined : { cause });
}

function readTokens(source: string, tokens: Token[]): void {
  let line = 1;
  let at = 0;
  while (at < source.length) {
    const char = source[at]!;
    if (char === "\n" || (char === "\r" && source[at + 1] !== "\n")) {
      line++;
      at++;
    } else if (/[\s\ufeff]/.test(char)) {
      at++;
    } else if (source.startsWith("//", at)) {
      at = endOfLine(source, at);
    } else if (source.startsWith("/*", at)) {
      const close = source.indexOf("*/", at + 2);
      if (close < 0) throw invalidMacro(line, "/*", "the comment has no closing */");
      line += countLines(source.slice(at, close));
      at = close + 2;
    } else if (char === '"' || char === "'") {
      const literal = readLiteral(source, at);
      if ("fault" in literal) throw invalidMacro(line, source.slice(literal.end, literal.end + 2), `${literal.fault}. ${escapesHint}`);
      tokens.push({ kind: "text", text: literal.text, line });
      at = literal.end;
    } else {
      const token = readWord(source, at, line);
      tokens.push(token);
      at += token.text.length;
    }
  }
  tokens.push({ kind: "end", text: "", line });
}

const escapesHint = 'A string stands in " or \' on one line and knows \\" \\\\ \\n \\t and \\ooo (octal).';

// All of ImageJ's: what this host does not do with them is told by the reader of statements, which knows where they stand.
const signs = "=+-(),;{}[]<>!*/%&|^~?:.";

// Longer than any name or number that a person writes; a bound keeps the matching linear.
const longestWord = 256;

function readWord(source: string, at: number, line: number): Token {
  const ahead = source.slice(at, at + longestWord);
  const name = /^[A-Za-z_]\w*/.exec(ahead)?.[0];
  if (name !== undefined) return { kind: "name", text: name, line };
  const number = /^(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/.exec(ahead)?.[0];
  if (number !== undefined) {
    if (/^\w/.test(ahead.slice(number.length))) throw invalidMacro(line, number, `"${number}" must be followed by a sign or a space.`);
    return { kind: "number", text: number, number: Number(number), line };
  }
  const char = String.fromCodePoint(source.codePointAt(at)!);
  if (signs.includes(char)) return { kind: "sign", text: char, line };
  throw invalidMacro(line, char, `${JSON.stringify(char)} has no meaning in a macro of this host.`);
}

function endOfLine(source: string, at: number): number {
  let end = at;
  while (end < source.length && source[end] !== "\n" && source[end] !== "\r") end++;
  return end;
}

function countLines(text: string): number {
  return text.match(/\r\n|\r|\n/g)?.length ?? 0;
}
