// JSON from outside: parsed no deeper than anything here is nested, since what walks it afterwards (formatting, copying to a worker)
// would end the stack.

/** Lists and objects in each other; what is written by us and others has a dozen. */
const mostDepth = 100;

/** The value of a text. Throws Error for what is no JSON, and for what is nested too deeply. */
export function parseJson(text: string): unknown {
  assertShallow(text);
  try {
    return JSON.parse(text);
  } catch (cause) {
    // The message quotes the text, line breaks and all.
    throw new SyntaxError((cause as Error).message.replaceAll(/[\s\p{Cc}]+/gu, " "), { cause });
  }
}

/** The value of UTF-8 bytes. Throws Error, also for bytes that are no text. */
export function parseJsonBytes(bytes: Uint8Array): unknown {
  return parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
}

/** The value that data name, of a table of ours; undefined for names that are not in it, and for those that every object knows. */
export function lookUp<T>(table: Readonly<Record<string, T>>, name: unknown): T | undefined {
  return typeof name === "string" && Object.hasOwn(table, name) ? table[name] : undefined;
}

const [quote, backslash, openList, closeList, openObject, closeObject] = [...'"\\[]{}'].map((letter) => letter.charCodeAt(0));

function assertShallow(text: string): void {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) at = findQuote(text, at + 1);
    else if (code === openList || code === openObject) {
      if (++depth > mostDepth) throw new Error(`it is nested more than ${mostDepth} times`);
    } else if (code === closeList || code === closeObject) depth--;
  }
}

/** The place of the quote that ends a text. */
function findQuote(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1;
  return at;
}
