// The page's end of reading: images are opened and read in a worker of their own, or, where the page may have none, here. A
// worker that dies (an image larger than the memory) rejects what was asked of it, and the next image gets a new one.

import { fromPlainProblem, Problem } from "../../core/problem.ts";
import type { Gaps } from "../../core/source/gaps.ts";
import type { ImageSource } from "../../core/source/source.ts";
import type { Pixels } from "../../plugin/contract.ts";
import { type OpenHow, openHere } from "./open-here.ts";
import type { StridedSource } from "./read-every.ts";
import type { Answer, Failure, FromReader, Opened, Question } from "./reading.ts";

export interface Reader {
  /** The source of a file, an address or the folder of an OME-Zarr, or its pixels where only the browser can decode it. Throws Problem. */
  open(input: Blob | URL | FileSystemDirectoryHandle, how: OpenHow): Promise<ImageSource | Pixels>;
  dispose(): void;
}

interface ReadingWorker {
  ask(question: Question, how?: Omit<OpenHow, "name">): Promise<Answer>;
  end(): void;
}

const startTimeoutMs = 5000;

/** A reader; its worker starts with the first image. */
export function createReader(): Reader {
  let worker: Promise<ReadingWorker | undefined> | undefined;
  const forget = (): void => {
    worker = undefined;
  };
  return {
    async open(input, how) {
      worker ??= startReadingWorker(forget);
      const there = await worker;
      if (!there) return openHere(input, how);
      const { name, signal, onBytes } = how;
      const answer = await there.ask({ ask: "open", input: input instanceof URL ? input.href : input, name }, { signal, onBytes });
      const { opened } = answer as Extract<Answer, { opened: unknown }>;
      return "pixels" in opened ? opened.pixels : createDistantSource(there, opened);
    },
    dispose() {
      void worker?.then((there) => there?.end());
      forget();
    },
  };
}

function createDistantSource(worker: ReadingWorker, { source, facts, gaps: known }: Extract<Opened, { facts: unknown }>): StridedSource {
  let gaps = known;
  const readEvery: StridedSource["readEvery"] = async ({ signal, ...request }, stride) => {
    const answer = await worker.ask({ ask: "read", source, request, stride }, { signal });
    const read = answer as Extract<Answer, { raster: unknown }>;
    gaps = read.gaps ?? gaps;
    return read.raster;
  };
  const now: Gaps = {
    get missingChunks() {
      return gaps?.missingChunks ?? 0;
    },
    get foundAny() {
      return gaps?.foundAny ?? false;
    },
    get badChunks() {
      return gaps?.badChunks ?? [];
    },
  };
  return {
    ...facts,
    ...(known && { gaps: now }),
    read: (request) => readEvery(request, 1),
    readEvery,
    async fingerprint(signal) {
      const answer = await worker.ask({ ask: "fingerprint", source }, { signal });
      return (answer as Extract<Answer, { fingerprint: unknown }>).fingerprint ?? "";
    },
    dispose: () => void worker.ask({ ask: "close", source }).catch(() => {}),
  };
}

/** The worker, once it has said that it is there; undefined where none can start. */
async function startReadingWorker(onDeath: () => void): Promise<ReadingWorker | undefined> {
  const worker = createWorker();
  if (!worker) return undefined;
  const waiting = new Map<number, { resolve(answer: Answer): void; reject(reason: unknown): void; onBytes: OpenHow["onBytes"] }>();
  let count = 0;
  const reading: ReadingWorker = {
    ask: (question, { signal, onBytes } = {}) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const id = ++count;
        const abort = (): void => {
          waiting.delete(id);
          worker.postMessage({ abort: id });
          reject(signal!.reason);
        };
        const settle =
          <T>(then: (value: T) => void) =>
          (value: T): void => {
            waiting.delete(id);
            signal?.removeEventListener("abort", abort);
            then(value);
          };
        waiting.set(id, { resolve: settle(resolve), reject: settle(reject), onBytes });
        signal?.addEventListener("abort", abort);
        worker.postMessage({ ...question, id });
      }),
    end() {
      worker.terminate();
      for (const { reject } of [...waiting.values()]) reject(new DOMException("The viewer was closed.", "AbortError"));
    },
  };
  const started = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), startTimeoutMs);
    worker.onmessage = ({ data }: MessageEvent<FromReader>) => {
      if (data === "ready") {
        clearTimeout(timer);
        resolve(true);
      } else if ("received" in data) waiting.get(data.id)?.onBytes?.(data.received.bytes, data.received.total);
      else if ("answer" in data) waiting.get(data.id)?.resolve(data.answer);
      else waiting.get(data.id)?.reject(toError(data.failure));
    };
    worker.onerror = ({ message }) => {
      resolve(false);
      const reason = message || "it ended";
      const lost = `The reader of images must stay alive; it did not: ${reason}. The image may be too large for the memory. Open it again.`;
      for (const { reject } of [...waiting.values()]) reject(new Problem("WorkerLost", lost, { reason }));
      onDeath();
    };
  });
  if (started) return reading;
  worker.terminate();
  return undefined;
}

function createWorker(): Worker | undefined {
  try {
    return new Worker(new URL("reader.mjs", document.baseURI), { type: "module", name: "overtile-reader" });
  } catch {
    return undefined;
  }
}

function toError(failure: Failure): Error {
  if ("problem" in failure) return fromPlainProblem(failure.problem);
  return failure.name === "AbortError"
    ? new DOMException(failure.message, "AbortError")
    : Object.assign(new Error(failure.message), { name: failure.name });
}
