// A job is an async generator: it yields progress and returns its result. Whoever runs it decides what becomes of the
// progress; cancelling is an AbortSignal that the job looks at whenever it gives the event loop a turn.

/** Progress of a running job: a closed union by `kind`. `secondsLeft` only when it is known. */
export type Progress =
  | { readonly kind: "phase"; readonly name: string; readonly done: number; readonly total?: number; readonly secondsLeft?: number }
  | {
      readonly kind: "tile";
      readonly done: number;
      readonly total: number;
      readonly secondsLeft?: number;
      /** Of a slide: boxes of the image whose pixels can be read from now on. */
      readonly written?: readonly { readonly y0: number; readonly x0: number; readonly y1: number; readonly x1: number }[];
    }
  | {
      readonly kind: "step";
      readonly done: number;
      readonly total: number;
      readonly secondsLeft?: number;
      readonly loss: number;
      readonly learningRate: number;
    }
  | {
      readonly kind: "validation";
      readonly done: number;
      readonly total: number;
      readonly secondsLeft?: number;
      readonly scores: Readonly<Record<string, number>>;
      readonly best: boolean;
    }
  | {
      readonly kind: "preview";
      readonly done: number;
      readonly total: number;
      /** Number of the image of a training, or of the plane of a segmentation. */
      readonly image: number;
      readonly box: { readonly y0: number; readonly x0: number; readonly y1: number; readonly x1: number };
      /** The class of each pixel of the box, as it is known now. */
      readonly classes: Uint8Array;
    }
  | { readonly kind: "notice"; readonly done: number; readonly total?: number; readonly message: string };

/** A job that yields progress and returns `R`. */
export type Job<R> = AsyncGenerator<Progress, R, void>;

/** Runs a job to its end, handing each progress to `onProgress`, and returns its result. */
export async function runJob<R>(job: Job<R>, onProgress?: (progress: Progress) => void): Promise<R> {
  for (;;) {
    const { value, done } = await job.next();
    if (done) return value;
    onProgress?.(value);
  }
}

/** Work that is no job, as one: yields what it tells, of what comes faster than it is taken the newest, and returns what it does. */
export async function* followWork<R>(work: (tell: (progress: Progress) => void) => Promise<R>): Job<R> {
  let newest: Progress | undefined;
  let isOver = false;
  let wake = (): void => {};
  const result = work((progress) => {
    newest = progress;
    wake();
  });
  const end = (): void => {
    isOver = true;
    wake();
  };
  result.then(end, end);
  for (;;) {
    const told = newest;
    newest = undefined;
    if (told !== undefined) yield told;
    else if (isOver) return await result;
    else
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
}

/** Throws the signal's AbortError once it is aborted. */
export function assertNotAborted(signal: AbortSignal | undefined): void {
  signal?.throwIfAborted();
}

/**
 * Gives the event loop one turn, then throws AbortError if `signal` was aborted meanwhile. Messages only reach a worker
 * between turns, so this is what makes cancel work in the middle of synchronous WASM.
 */
export async function takeTurn(signal?: AbortSignal): Promise<void> {
  await nextTurn();
  assertNotAborted(signal);
}

const nextTurn: () => Promise<void> =
  typeof setImmediate === "function"
    ? () => new Promise((resolve) => setImmediate(resolve))
    : () =>
        new Promise((resolve) => {
          // setTimeout waits at least 4 ms when nested; a message does not.
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => {
            port1.close();
            resolve();
          };
          port2.postMessage(0);
        });

/** Seconds left of a run, from what is done so far; undefined before anything is known. */
export function createClock(total: number, now: () => number = () => performance.now()): (done: number) => number | undefined {
  const start = now();
  return (done) => (done > 0 ? (((now() - start) / 1000) * (total - done)) / done : undefined);
}

/** A signal that aborts when one of these does, until it is released. AbortSignal.any is missing in Safari 16 and Firefox 121. */
export function joinSignals(...signals: readonly (AbortSignal | undefined)[]): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const releases = signals.flatMap((signal) => {
    if (signal === undefined) return [];
    const abort = (): void => controller.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    return [() => signal.removeEventListener("abort", abort)];
  });
  return {
    signal: controller.signal,
    release: () => {
      for (const release of releases) release();
    },
  };
}
