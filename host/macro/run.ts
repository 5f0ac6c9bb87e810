// Runs macros: a walk over the statements that parse.ts returns, each handed to a MacroTarget (host.ts is one). No eval; a
// signal ends the walk between any two statements and in the middle of wait, open and run.

import { assertNotAborted, takeTurn } from "../../core/job.ts";
import { describeError, isProblem, nearestWord, Problem } from "../../core/problem.ts";
import { invalidMacro } from "./lex.ts";
import { type Expression, type FunctionName, type Macro, parseMacro, type Statement, type Term, usageOf } from "./parse.ts";

/** Variables of a running macro, by name. */
export type Variables = ReadonlyMap<string, string | number>;

/** What a saveAs can write. */
const saveKinds = ["Tiff", "PNG", "GeoJSON", "ROI", "CSV", "Model"] as const;
export type SaveKind = (typeof saveKinds)[number];

/** How a running macro is ended. */
export interface MacroContext {
  /** Ends it at once, also in the middle of wait, open and run. */
  readonly signal?: AbortSignal;
  /** Ends it after the statement that is running; a training among these ends early and keeps what it learnt. */
  readonly stop?: AbortSignal;
}

/** What a macro will read and does not write itself before: an image's path or address, a model's name or file. */
export interface MacroUse {
  readonly kind: "image" | "model";
  readonly path: string;
  readonly line: number;
}

/** What a command that is only checked would use and make. */
export interface CheckedCommand {
  readonly model?: unknown;
  /** True where models or images may come of it that later statements use. */
  readonly isMaker?: boolean;
}

/** The duties of who gives a macro its meaning. Titles are exact; what cannot be done is thrown as a Problem. */
export interface MacroTarget {
  /** Throws what `run` would throw for command and options before it does anything. Default: nothing. */
  check?(command: string, options: string | undefined, variables: Variables): CheckedCommand;
  /** Throws a Problem where what the macro will read is not there; asked before the first statement. Default: nothing. */
  assertThere?(use: MacroUse, signal?: AbortSignal): Promise<void>;
  /** Runs a command to its end. `options` is in the grammar of options.ts and may name the macro's variables. */
  run(command: string, options: string | undefined, context: MacroContext & { variables: Variables }): Promise<unknown>;
  open(pathOrUrl: string, signal?: AbortSignal): Promise<unknown>;
  selectImage(title: string): void;
  rename(title: string): void;
  /** Closes the image of that title, or the active one. */
  close(title?: string): void;
  getTitle(): string;
  print(line: string): void;
  saveAs(kind: SaveKind, path: string, signal?: AbortSignal): Promise<void>;
  setOption(name: string, on: boolean): void;
}

/**
 * Runs a macro to its end, once all that it will read is there. Throws Problem InvalidMacro with the line for what the language or a
 * command's parameters do not allow; other Problems keep their kind and get the line before their message; AbortError when a signal
 * ended it.
 */
export async function runMacro(source: string, target: MacroTarget, context: MacroContext = {}): Promise<void> {
  const { signal, stop } = context;
  const macro: Macro = parseMacro(source);
  for (const use of checkMacro(macro, target)) {
    try {
      await target.assertThere?.(use, signal);
    } catch (error) {
      assertNotAborted(signal);
      throw atLine(error, use);
    }
  }
  const variables = new Map<string, string | number>();
  for (const statement of macro) {
    await takeTurn(signal);
    assertNotAborted(stop);
    try {
      await runStatement(statement, { ...context, target, variables });
    } catch (error) {
      assertNotAborted(signal);
      throw atLine(error, statement);
    }
  }
}

/** Stands for the title of an image in a macro that is only checked. */
const anyTitle = "\0title\0";

/**
 * Goes through a macro without doing anything: commands, options and arguments are looked at as far as they do not depend on an image's
 * title. Returns what it will read. Throws Problem InvalidMacro with the line, as `runMacro` does.
 */
export function checkMacro(macro: Macro, { check = () => ({}) }: Pick<MacroTarget, "check">): readonly MacroUse[] {
  const nothing = (): void => {};
  const uses: MacroUse[] = [];
  const written = new Set<string>();
  let at = 0;
  const use = (kind: MacroUse["kind"], path: unknown): void => {
    const isKnown = typeof path === "string" && path !== "" && !path.includes(anyTitle) && !written.has(path) && !written.has(anyTitle);
    if (isKnown) uses.push({ kind, path, line: at });
  };
  const target: MacroTarget = {
    run(command, options, { variables }) {
      const known = new Map([...variables].filter(([, value]) => !String(value).includes(anyTitle)));
      const isKnown = [...variables.keys()].every((name) => known.has(name) || options?.includes(name) !== true);
      const isWhole = isKnown && !`${command}${options ?? ""}`.includes(anyTitle);
      const { model, isMaker } = (isWhole && check(command, options, known)) || { model: undefined, isMaker: !isWhole };
      use("model", model);
      if (isMaker) written.add(anyTitle); // what it makes may be what comes next
      return Promise.resolve();
    },
    open: async (path) => use("image", path),
    ...{ selectImage: nothing, rename: nothing, close: nothing, print: nothing, setOption: nothing },
    saveAs: async (_, path) => void written.add(path.includes(anyTitle) ? anyTitle : path),
    getTitle: () => anyTitle,
  };
  const run: Run = { target, variables: new Map(), isCheck: true };
  for (const statement of macro) {
    try {
      const { line } = statement;
      at = line;
      if (statement.kind === "assign") run.variables.set(statement.name, evaluate(statement.value, run, line));
      else
        calls[statement.name](
          statement.args.map((arg) => evaluate(arg, run, line)),
          run,
          line,
        );
    } catch (error) {
      throw atLine(error, statement);
    }
  }
  return uses;
}

interface Run extends MacroContext {
  readonly target: MacroTarget;
  readonly variables: Map<string, string | number>;
  /** True: nothing is done, and nothing waited for. */
  readonly isCheck?: boolean;
}

async function runStatement(statement: Statement, run: Run): Promise<void> {
  if (statement.kind === "assign") {
    run.variables.set(statement.name, evaluate(statement.value, run, statement.line));
    return;
  }
  const args = statement.args.map((arg) => evaluate(arg, run, statement.line));
  await untilAborted(calls[statement.name](args, run, statement.line), run.signal);
}

type Value = string | number;
type Call = (args: readonly Value[], run: Run, line: number) => unknown;

const calls: Readonly<Record<FunctionName, Call>> = {
  run: (args, { target, ...context }, line) => {
    const options = args.length > 1 ? text("run", args, 1, line) : undefined;
    return target.run(text("run", args, 0, line), options, context);
  },
  open: (args, { target, signal }, line) => target.open(text("open", args, 0, line), signal),
  selectImage: (args, { target }, line) => target.selectImage(text("selectImage", args, 0, line)),
  selectWindow: (args, { target }, line) => target.selectImage(text("selectWindow", args, 0, line)),
  rename: (args, { target }, line) => target.rename(text("rename", args, 0, line)),
  close: (args, { target }, line) => (args.length === 0 ? target.close() : target.close(text("close", args, 0, line))),
  getTitle: (_, { target }) => target.getTitle(),
  print: (args, { target }) => target.print(args.join(" ")),
  wait: (args, context, line) => wait(args[0]!, context, line),
  saveAs: (args, { target, signal }, line) => target.saveAs(saveKind(args, line), text("saveAs", args, 1, line), signal),
  requires: (args, _, line) => void text("requires", args, 0, line), // a version of ImageJ, which this is not
  setBatchMode: () => {}, // windows are no hindrance here: nothing waits for them
  setOption: (args, { target }, line) => target.setOption(text("setOption", args, 0, line), isOn(args[1] ?? 1, line)),
};

// `x = x + x` doubles a text with each line: thirty of them would exhaust the memory.
const longestText = 1 << 22;

/** The sum of the terms. As in ImageJ, neighbouring numbers add up before they are put to a text: "a" + 1 + 2 is "a3". */
function evaluate(expression: Expression, run: Run, line: number): Value {
  let text: string | undefined;
  let number: number | undefined;
  const append = (more: string): void => {
    text = `${text ?? ""}${number ?? ""}${more}`;
    number = undefined;
    if (text.length <= longestText) return;
    throw invalidMacro(line, "+", `A text must have at most ${longestText} characters; this one has ${text.length}.`);
  };
  for (const term of expression) {
    const value = evaluateTerm(term, run);
    if (typeof value === "number") number = (number ?? 0) + value;
    else append(value);
  }
  if (text === undefined) return number!;
  append("");
  return text;
}

function evaluateTerm(term: Term, { target, variables }: Run): Value {
  if (term.kind === "literal") return term.value;
  return term.kind === "title" ? target.getTitle() : variables.get(term.name)!;
}

function text(name: FunctionName, args: readonly Value[], index: number, line: number): string {
  const value = args[index];
  if (typeof value === "string") return value;
  throw invalidMacro(line, name, `"${name}" must be given a string; got the number ${value}. Write ${usageOf(name)}.`);
}

function isOn(value: Value, line: number): boolean {
  if (typeof value === "number") return value !== 0;
  throw invalidMacro(line, "setOption", `"setOption" must be given true or false; got ${JSON.stringify(value)}.`);
}

function saveKind(args: readonly Value[], line: number): SaveKind {
  const given = text("saveAs", args, 0, line);
  const kind = saveKinds.find((known) => known.toLowerCase() === given.toLowerCase());
  if (kind !== undefined) return kind;
  if (given.includes(anyTitle)) return "Tiff"; // only checked
  const nearest = nearestWord(given.slice(0, 40), saveKinds);
  const hint = nearest === undefined ? "" : ` Did you mean "${nearest}"?`;
  throw invalidMacro(line, given, `"saveAs" must be given one of ${saveKinds.join(", ")}; got ${JSON.stringify(given)}.${hint}`);
}

// The longest time that a timer can hold; longer ones end at once.
const longestWaitMs = 2 ** 31 - 1;

function wait(timeMs: Value, { signal, stop, isCheck }: Run, line: number): Promise<void> | undefined {
  if (typeof timeMs !== "number" || !(timeMs >= 0 && timeMs <= longestWaitMs)) {
    throw invalidMacro(line, "wait", `"wait" must be given 0 to ${longestWaitMs} milliseconds; got ${JSON.stringify(timeMs)}.`);
  }
  if (isCheck) return undefined;
  const ends = [signal, stop].filter((one) => one !== undefined);
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      for (const one of ends) one.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, timeMs);
    for (const one of ends) one.addEventListener("abort", end);
  });
}

/** What `work` gives, or AbortError as soon as the signal is aborted, even where the work does not listen to it. */
async function untilAborted(work: unknown, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined || !(work instanceof Promise)) {
    await work;
    return;
  }
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
  });
  try {
    await Promise.race([work, aborted]);
    assertNotAborted(signal);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function atLine(error: unknown, { line }: { readonly line: number }): unknown {
  if (isProblem(error, "InvalidMacro")) return error;
  if (isProblem(error, "InvalidParameter")) return invalidMacro(line, error.details.parameter, error.message, error);
  const message = `Line ${line}: ${describeError(error)}`;
  if (isProblem(error)) return new Problem(error.kind, message, error.details, { cause: error });
  return error instanceof Error && error.name === "AbortError" ? error : new Error(message, { cause: error });
}
