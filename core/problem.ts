// One error class for everything that can go wrong in a way the user can do something about.
// A message has three parts: what was expected; what came; what to do. `kind` and `details` are plain data,
// so that a Problem crosses a worker whole (toPlain, fromPlain). Aborts stay the platform's AbortError.

/** The kinds of Problem and the details that each carries. */
export interface ProblemDetails {
  InvalidParameter: { parameter: string; value?: unknown; nearest?: readonly (string | number)[] };
  InvalidData: { path?: string; reason?: string };
  UnsupportedImage: { path?: string; reason: string };
  InvalidModel: { path?: string; reason: string };
  MissingFile: { path: string };
  CannotWrite: { path: string; reason: string };
  NoBackend: { tried: readonly { backend: string; reason: string }[] };
  OutOfMemory: { neededBytes?: number; budgetBytes?: number };
  WorkerLost: { reason: string };
  Diverged: { step: number; quantity: "loss" | "gradient"; savedStep?: number };
  InvalidMacro: { line: number; word?: string };
  StorageUnavailable: { reason: string };
  ProtocolMismatch: { ours: number; theirs: number };
}
export type ProblemKind = keyof ProblemDetails;

/** A Problem as plain data: what crosses a worker. */
export interface PlainProblem {
  readonly kind: ProblemKind;
  readonly message: string;
  readonly details: ProblemDetails[ProblemKind];
  readonly cause?: string;
}

export class Problem<K extends ProblemKind = ProblemKind> extends Error {
  override readonly name = "Problem";
  readonly kind: K;
  readonly details: ProblemDetails[K];

  constructor(kind: K, message: string, details: ProblemDetails[K], options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.details = details;
  }
}

/** True for a Problem, of the given kind where one is given. */
export function isProblem<K extends ProblemKind>(error: unknown, kind?: K): error is Problem<K> {
  return error instanceof Problem && (kind === undefined || error.kind === kind);
}

/** The Problem as plain data. */
export function toPlainProblem(problem: Problem): PlainProblem {
  const plain = { kind: problem.kind, message: problem.message, details: problem.details };
  return problem.cause === undefined ? plain : { ...plain, cause: describeError(problem.cause) };
}

/** The Problem that `toPlainProblem` was made from. */
export function fromPlainProblem(plain: PlainProblem): Problem {
  return new Problem(plain.kind, plain.message, plain.details, plain.cause === undefined ? undefined : { cause: new Error(plain.cause) });
}

/** One line about anything that was thrown: libraries throw strings and objects without a message, too. */
export function describeError(error: unknown): string {
  if (error instanceof Error && /call stack|too much recursion/i.test(error.message)) return "it is nested too deeply";
  if (error instanceof Error) return error.message || error.name;
  return typeof error === "string" ? error : (JSON.stringify(error) ?? String(error));
}

/** The candidate nearest to `word` by edit distance, for "did you mean"; undefined when nothing is near. */
export function nearestWord(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.ceil(word.length / 2)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}
