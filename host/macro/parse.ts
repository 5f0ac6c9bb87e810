// The macro language of ImageJ as far as this host speaks it: a straight list of calls and assignments. A macro is understood
// whole before its first statement runs, so that a fault in its last line does not cost an hour of training.
// The language is in docs/macros.md; run.ts gives the statements their meaning.

import { nearestWord } from "../../core/problem.ts";
import { invalidMacro, lexMacro, type Token } from "./lex.ts";
import { adviseFunction, assertNoOperator, assertStraight } from "./unsupported.ts";

/** One term of a sum: a literal, a variable, or the active image's title. */
export type Term =
  | { readonly kind: "literal"; readonly value: string | number }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "title" };

/** Terms joined by +; run.ts says how they add up. */
export type Expression = readonly Term[];

export type Statement =
  | { readonly kind: "call"; readonly name: FunctionName; readonly args: readonly Expression[]; readonly line: number }
  | { readonly kind: "assign"; readonly name: string; readonly value: Expression; readonly line: number };

export type Macro = readonly Statement[];

/** What can be called, with the least and the most arguments. */
const functions = {
  run: { least: 1, most: 2, usage: 'run("Command", "options")' },
  open: { least: 1, most: 1, usage: 'open("path or URL")' },
  selectImage: { least: 1, most: 1, usage: 'selectImage("title")' },
  selectWindow: { least: 1, most: 1, usage: 'selectWindow("title")' },
  rename: { least: 1, most: 1, usage: 'rename("title")' },
  close: { least: 0, most: 1, usage: 'close() or close("title")' },
  getTitle: { least: 0, most: 0, usage: "getTitle()" },
  print: { least: 1, most: 64, usage: 'print("text", ...)' },
  wait: { least: 1, most: 1, usage: "wait(milliseconds)" },
  saveAs: { least: 2, most: 2, usage: 'saveAs("Tiff", "path")' },
  setOption: { least: 1, most: 2, usage: 'setOption("name", true)' },
  requires: { least: 1, most: 1, usage: 'requires("1.53t")' },
  setBatchMode: { least: 1, most: 1, usage: "setBatchMode(true)" },
} as const;

export type FunctionName = keyof typeof functions;

const constants: ReadonlyMap<string, number> = new Map([
  ["true", 1],
  ["false", 0],
]);

/** The statements of a macro. Throws Problem InvalidMacro with the line of the first thing that is not of the language. */
export function parseMacro(source: string): Macro {
  const tokens = lexMacro(source);
  assertStraight(tokens);
  const reader = createReader(tokens);
  const statements: Statement[] = [];
  const variables = new Set<string>();
  for (;;) {
    while (reader.take(";"));
    if (reader.peek().kind === "end") return statements;
    statements.push(parseStatement(reader, variables));
    if (reader.peek().kind !== "end") reader.expect(";", "between statements");
  }
}

/** How a function is called, for messages. */
export function usageOf(name: FunctionName): string {
  return functions[name].usage;
}

interface Reader {
  peek(): Token;
  next(): Token;
  take(sign: string): boolean;
  expect(sign: string, where: string): void;
}

function createReader(tokens: readonly Token[]): Reader {
  let at = 0;
  const peek = (): Token => {
    const token = tokens[at]!;
    if (token.kind === "fault") throw token.problem;
    return token;
  };
  const next = (): Token => {
    const token = peek();
    if (token.kind !== "end") at++;
    return token;
  };
  const take = (sign: string): boolean => {
    const found = peek().kind === "sign" && peek().text === sign;
    if (found) next();
    return found;
  };
  const expect = (sign: string, where: string): void => {
    // A missing sign belongs to the line that it is missing from.
    const line = (tokens[at - 1] ?? peek()).line;
    if (!take(sign)) throw invalidMacro(line, peek().text, `"${sign}" must stand ${where}; got ${describe(peek())}.`);
  };
  return { peek, next, take, expect };
}

function parseStatement(reader: Reader, variables: Set<string>): Statement {
  const first = reader.next();
  if (first.kind !== "name") throw invalidMacro(first.line, first.text, `A statement must begin with a name; got ${describe(first)}.`);
  if (first.text === "var") {
    const name = reader.next();
    if (name.kind !== "name") throw invalidMacro(name.line, name.text, `"var" must be followed by a name; got ${describe(name)}.`);
    return parseAssignment(reader, name, variables);
  }
  if (reader.peek().text === "=" && reader.peek().kind === "sign") return parseAssignment(reader, first, variables);
  const name = toFunctionName(first, reader);
  const args = parseArguments(reader, name, variables);
  return { kind: "call", name, args, line: first.line };
}

function parseAssignment(reader: Reader, target: Token, variables: Set<string>): Statement {
  const name = target.text;
  if (name === "var" || constants.has(name) || Object.hasOwn(functions, name)) {
    throw invalidMacro(target.line, name, `"${name}" is a word of the language; a variable needs another name.`);
  }
  reader.expect("=", `behind the variable "${name}"`);
  const value = parseExpression(reader, variables);
  variables.add(name);
  return { kind: "assign", name, value, line: target.line };
}

function parseArguments(reader: Reader, name: FunctionName, variables: ReadonlySet<string>): Expression[] {
  const { line, text } = reader.peek();
  // As in ImageJ, what takes no arguments needs no brackets: `title = getTitle;`.
  if (functions[name].least === 0 && text !== "(") return [];
  reader.expect("(", `behind "${name}"`);
  const args: Expression[] = [];
  if (!reader.take(")")) {
    do args.push(parseExpression(reader, variables));
    while (reader.take(","));
    reader.expect(")", `at the end of ${name}(...)`);
  }
  const { least, most, usage } = functions[name];
  if (args.length < least || args.length > most) {
    throw invalidMacro(line, name, `"${name}" was given ${args.length} arguments. Write ${usage}.`);
  }
  return args;
}

function parseExpression(reader: Reader, variables: ReadonlySet<string>): Expression {
  const terms: Term[] = [];
  do terms.push(parseTerm(reader, variables));
  while (reader.take("+"));
  assertNoOperator(reader.peek());
  return terms;
}

function parseTerm(reader: Reader, variables: ReadonlySet<string>): Term {
  const negative = reader.take("-");
  const token = reader.next();
  if (token.kind === "number") return { kind: "literal", value: negative ? -token.number : token.number };
  if (!negative && token.kind === "text") return { kind: "literal", value: token.text };
  if (!negative && token.kind === "name") return parseName(reader, token, variables);
  throw invalidMacro(token.line, token.text, `A string, a number, a variable or getTitle() must stand here; got ${describe(token)}.`);
}

function parseName(reader: Reader, token: Token, variables: ReadonlySet<string>): Term {
  const constant = constants.get(token.text);
  if (constant !== undefined) return { kind: "literal", value: constant };
  if (token.text === "getTitle") {
    parseArguments(reader, "getTitle", variables);
    return { kind: "title" };
  }
  if (variables.has(token.text)) return { kind: "variable", name: token.text };
  if (Object.hasOwn(functions, token.text)) throw invalidMacro(token.line, token.text, `"${token.text}" gives no value.`);
  const name = readDotted(reader, token);
  if (name !== token.text || reader.peek().text === "(" || adviseFunction(name) !== "") throw unknownFunction(token, name);
  throw invalidMacro(token.line, token.text, `The variable "${token.text}" has no value yet.${suggest(token.text, [...variables])}`);
}

/** "File.exists" of a name with members behind it. */
function readDotted(reader: Reader, { text }: Token): string {
  let name = text;
  while (reader.take(".")) name += `.${reader.next().text}`;
  return name;
}

function unknownFunction({ line, text }: Token, name: string): Error {
  return invalidMacro(line, text, `"${name}" is no function of this host.${adviseFunction(name) || " It knows getTitle()."}`);
}

function toFunctionName(token: Token, reader: Reader): FunctionName {
  if (Object.hasOwn(functions, token.text)) return token.text as FunctionName;
  const dotted = readDotted(reader, token);
  if (adviseFunction(dotted) !== "") throw unknownFunction(token, dotted);
  const names = Object.keys(functions);
  const known = `A macro of this host knows ${names.join(", ")} and var.`;
  throw invalidMacro(token.line, token.text, `"${token.text}" is no statement.${suggest(token.text, names)} ${known}`);
}

function suggest(word: string, candidates: readonly string[]): string {
  const nearest = nearestWord(word.slice(0, 40), candidates);
  return nearest === undefined ? "" : ` Did you mean "${nearest}"?`;
}

function describe(token: Token): string {
  if (token.kind === "end") return "the end of the macro";
  return token.kind === "text" ? `the string ${JSON.stringify(token.text.slice(0, 40))}` : `"${token.text}"`;
}
