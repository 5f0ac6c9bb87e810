// The reading worker: files are opened, read and decoded here, so that the page is never busy with them. reading.ts says what
// it is asked; reader.ts is the page's end.

/// <reference lib="webworker" />

import { isProblem, toPlainProblem } from "../../core/problem.ts";
import type { Gaps } from "../../core/source/gaps.ts";
import type { OpenOptions } from "../../core/source/open.ts";
import type { ImageSource } from "../../core/source/source.ts";
import { openHere } from "./open-here.ts";
import { readEvery } from "./read-every.ts";
import type { Answer, Failure, FromReader, Question, ToReader } from "./reading.ts";

const worker = globalThis as unknown as DedicatedWorkerGlobalScope;
const sources = new Map<number, ImageSource>();
const running = new Map<number, AbortController>();
let lastSource = 0;

worker.onmessage = ({ data }: MessageEvent<ToReader>) => {
  if ("abort" in data) running.get(data.abort)?.abort();
  else void reply(data.id, data);
};
tell("ready");

function tell(message: FromReader, transfers: Transferable[] = []): void {
  worker.postMessage(message, transfers);
}

async function reply(id: number, question: Question): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const answer = await find(question, controller.signal, (bytes, total) => tell({ id, received: { bytes, total } }));
    tell({ id, answer }, buffersOf(answer));
  } catch (error) {
    tell({ id, failure: toFailure(error) });
  } finally {
    running.delete(id);
  }
}

async function find(question: Question, signal: AbortSignal, onBytes: OpenOptions["onBytes"]): Promise<Answer> {
  if (question.ask === "open") {
    const { input, name } = question;
    const opened = await openHere(typeof input === "string" ? new URL(input) : input, { name, signal, onBytes });
    // Nobody would close it.
    if (signal.aborted && "dispose" in opened) opened.dispose?.();
    signal.throwIfAborted();
    if (!("read" in opened)) return { opened: { pixels: opened } };
    sources.set(++lastSource, opened);
    const { read: _, dispose: __, gaps: ___, fingerprint: ____, plan: _____, ...facts } = opened;
    return { opened: { source: lastSource, facts, ...gapsOf(opened) } };
  }
  const source = sources.get(question.source);
  if (question.ask === "close") {
    source?.dispose?.();
    sources.delete(question.source);
    return { closed: true };
  }
  if (!source) throw new Error("An image must be open to be read; it was closed. Open it again.");
  if (question.ask === "fingerprint") return { fingerprint: await source.fingerprint?.(signal) };
  const raster = await readEvery(source, { ...question.request, signal }, question.stride);
  return { raster, ...gapsOf(source) };
}

/** The gaps as they are now, as plain data. */
function gapsOf({ gaps }: ImageSource): { readonly gaps?: Gaps } {
  return gaps ? { gaps: { missingChunks: gaps.missingChunks, foundAny: gaps.foundAny, badChunks: [...gaps.badChunks] } } : {};
}

function buffersOf(answer: Answer): ArrayBuffer[] {
  const data =
    "raster" in answer ? answer.raster.data : "opened" in answer && "pixels" in answer.opened ? answer.opened.pixels.data : undefined;
  return data ? [data.buffer as ArrayBuffer] : [];
}

function toFailure(error: unknown): Failure {
  if (isProblem(error)) return { problem: toPlainProblem(error) };
  return error instanceof Error ? { name: error.name, message: error.message } : { name: "Error", message: String(error) };
}
