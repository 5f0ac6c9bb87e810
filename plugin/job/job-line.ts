// The line of one job between page and worker, a message port of its own: signals go in, progress and log lines come out.
// Functions and signals cannot cross a worker; this is what stands for them.

import type { Context, Progress } from "../contract.ts";

type View = ReturnType<NonNullable<Context["view"]>>;
type ToJob = "abort" | "stop" | "heard" | { readonly view: View };
type FromJob = { readonly progress: Progress } | { readonly line: string } | "view" | "end";

/** The caller's end: follows `context`. `port` goes to the worker; `close` ends it. */
export function openLine({ signal, stop, onProgress, log, view }: Context): { readonly port: MessagePort; close(): void } {
  const { port1, port2 } = new MessageChannel();
  const tell = (word: ToJob): void => port1.postMessage(word);
  port1.onmessage = ({ data }: MessageEvent<FromJob>) => {
    if (data === "view") tell({ view: view?.() });
    else if (data === "end") tell("heard");
    else if ("progress" in data) onProgress?.(data.progress);
    else log?.(data.line);
  };
  const abort = (): void => tell("abort");
  const end = (): void => tell("stop");
  if (signal?.aborted) abort();
  if (stop?.aborted) end();
  signal?.addEventListener("abort", abort);
  stop?.addEventListener("abort", end);
  return {
    port: port2,
    close() {
      signal?.removeEventListener("abort", abort);
      stop?.removeEventListener("abort", end);
      port1.close();
    },
  };
}

// Whoever has gone does not answer.
const longestWaitMs = 1000;

export interface FollowedLine {
  readonly context: Required<Omit<Context, "slide">>;
  /** Resolves when the caller has taken all that was sent, so that no result comes before the last progress; after a second at most. */
  heard(): Promise<void>;
  close(): void;
}

/** The worker's end: a context like the caller's. */
export function followLine(port: MessagePort, job: string): FollowedLine {
  const cancelling = new AbortController();
  const stopping = new AbortController();
  const send = (message: FromJob): void => port.postMessage(message);
  const view = createDistantView(() => send("view"));
  let onHeard = (): void => {};
  port.onmessage = ({ data }: MessageEvent<ToJob>) => {
    if (data === "abort") cancelling.abort();
    else if (data === "stop") stopping.abort();
    else if (data === "heard") onHeard();
    else view.answer(data.view);
  };
  return {
    context: {
      signal: cancelling.signal,
      stop: stopping.signal,
      onProgress: (progress) => send({ progress }),
      log: (line) => send({ line }),
      view: view.look,
      job,
      transfer: false,
    },
    heard: () =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, longestWaitMs);
        onHeard = () => {
          clearTimeout(timer);
          resolve();
        };
        send("end");
      }),
    close: () => port.close(),
  };
}

/** A view that is asked for and comes later: a job never waits for the page. Each answer is given once. */
function createDistantView(ask: () => void): { look(): View; answer(view: View): void } {
  let isAsked = false;
  let known: View;
  return {
    look() {
      const seen = known;
      known = undefined;
      if (seen === undefined && !isAsked) {
        isAsked = true;
        ask();
      }
      return seen;
    },
    answer(view) {
      isAsked = false;
      known = view;
    },
  };
}
