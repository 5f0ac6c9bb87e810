// The recorder: what was done, as a macro that does it again. A command's line is written when the command starts and
// completed at its end with what was resolved (`auto` has become a number by then); one that did not end well becomes a comment.
// Law: replaying the text calls the same commands with equal parameters.

import { describeError } from "../core/problem.ts";
import { createEmitter } from "./emitter.ts";
import { formatOptions } from "./macro/format-options.ts";
import { formatCall } from "./macro/literal.ts";
import type { ParametersSchema } from "./manifest.ts";
import { toOptionValues } from "./resolve-parameters.ts";

/** What the recorder needs of a command. */
export interface RecordedCommand {
  /** The command's name in macros, or its id. */
  readonly name: string;
  readonly schema?: ParametersSchema | undefined;
  /** True for what neither works on the active image nor makes another one active. */
  readonly leavesImages?: boolean;
}

/** A line whose command is still running. */
export interface OpenLine {
  /** Writes the line anew, with the parameters as resolved. */
  complete(parameters: Readonly<Record<string, unknown>>): void;
  /** Makes the line a comment that says why. */
  fail(error: unknown): void;
}

export interface Recorder {
  /** The macro so far, one statement a line. */
  readonly text: string;
  /** Writes a statement that was carried out. */
  record(name: string, ...args: readonly (string | number)[]): void;
  /**
   * Before a statement that acts on the active image: writes selectImage, unless a replay has the same image active there. A
   * text that begins with such a statement is for any image: that is batch.
   */
  recordSelection(): void;
  /** Writes the line of a command that starts. */
  begin(command: RecordedCommand, parameters: Readonly<Record<string, unknown>>): OpenLine;
  clear(): void;
  onChange(listener: () => void): () => void;
}

/** An empty recorder. `activeTitle` gives the title of the image that is active now. */
export function createRecorder(activeTitle: () => string | undefined = () => undefined): Recorder {
  const emitter = createEmitter<"change">();
  let lines: { text: string }[] = [];
  // The image that a replay of the text would have active at its end; undefined while that is not known.
  let replayedTitle: string | undefined;

  function add(text: string): { text: string } {
    const line = { text };
    lines.push(line);
    emitter.emit("change");
    return line;
  }

  function record(name: string, ...args: readonly (string | number)[]): void {
    add(formatCall(name, ...args));
    replayedTitle = activeTitle();
  }

  return {
    get text() {
      return lines.map((line) => `${line.text}\n`).join("");
    },
    record,
    recordSelection() {
      const title = activeTitle();
      if (title !== undefined && title !== replayedTitle && lines.length > 0) record("selectImage", title);
    },
    begin(command, parameters) {
      const line = add(formatRun(command, parameters));
      if (!command.leavesImages) replayedTitle = undefined;
      const rewrite = (text: string): void => {
        line.text = text;
        emitter.emit("change");
      };
      return {
        complete(resolved) {
          rewrite(formatRun(command, { ...parameters, ...resolved }));
          if (!command.leavesImages && lines.at(-1) === line) replayedTitle = activeTitle();
        },
        fail: (error) => rewrite(`// ${isAbort(error) ? "cancelled" : "failed"}: ${line.text}`),
      };
    },
    clear() {
      lines = [];
      emitter.emit("change");
    },
    onChange: (listener) => emitter.on("change", listener),
  };
}

/** `run("Name", "options");`, or a comment with the reason where the parameters cannot be written in a macro. */
function formatRun({ name, schema }: RecordedCommand, parameters: Readonly<Record<string, unknown>>): string {
  try {
    const options = formatOptions(toOptionValues(schema, parameters));
    return options === "" ? formatCall("run", name) : formatCall("run", name, options);
  } catch (error) {
    return `// not recorded: ${formatCall("run", name)} ${describeError(error).replaceAll(/[\r\n]+/g, " ")}`;
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
