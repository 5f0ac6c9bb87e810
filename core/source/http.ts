// Requests to servers as they are: slow, overloaded, refusing, answering pages. A few run at a time; one that hangs, breaks off or
// meets an overloaded server is tried again, later each time; what cannot get better is a Problem at once, and says what the
// server would have to do. Readers stand on this: http-reader.ts, zarr/http-store.ts.

import { joinSignals } from "../job.ts";
import { describeError, Problem } from "../problem.ts";
import { createGate } from "./gate.ts";

export interface HttpOptions {
  /** Further tries after a failure that may pass. */
  readonly retries?: number;
  /** Wait before the first further try; doubled for each one after. */
  readonly backoffMs?: number;
  /** A request that brings nothing for so long is given up. */
  readonly timeoutMs?: number;
  /** A body of which hardly anything comes in so long is given up, too. */
  readonly windowMs?: number;
  /** Requests that run at the same time. */
  readonly inFlight?: number;
  /** What sends requests; default is the platform's. */
  readonly fetch?: (url: URL, init: RequestInit) => Promise<Response>;
}

/** A request to an address. */
export interface HttpRequest {
  /** A part of the file; without it, all. */
  readonly range?: { readonly offset: number; readonly length: number };
  /** More bytes than this are refused. */
  readonly most: number;
  /** True: pages (HTML) come, too; the caller says what is wrong with them. */
  readonly takesPages?: boolean | undefined;
  /** Told of each piece of a whole file as it comes: bytes so far, and of the file where the server says it. Parts of files are not told. */
  readonly onBytes?: ((bytes: number, total: number | undefined) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly bytes: Uint8Array;
  /** False: the whole file came, though a part was asked for. */
  readonly isPartial: boolean;
  /** Bytes of the whole file, where the server lets us know. */
  readonly total?: number;
}

export interface HttpClient {
  /** The answer; undefined when the server has no such file (404, 410). Throws Problem MissingFile for everything else that fails. */
  get(url: URL, request: HttpRequest): Promise<HttpAnswer | undefined>;
  /** Bytes of the file by a HEAD request; undefined when the server does not say. */
  findSize(url: URL, signal?: AbortSignal): Promise<number | undefined>;
  /** Ends all requests. */
  dispose(): void;
}

/** Called when something came: the head of an answer, or so many bytes of its body so far. Throws Passing where they come too slowly. */
type Alive = (bytes?: number) => void;

/** A failure that may pass. */
class Passing extends Error {
  readonly waitMs: number;
  constructor(message: string, waitMs = 0, options?: ErrorOptions) {
    super(message, options);
    this.waitMs = waitMs;
  }
}

/** The server cannot be reached, or does not let this page see its answer: browsers do not tell which. */
class Unreachable extends Passing {}

const longestWaitMs = 20_000;
/** Bytes that come in a window at least: slower than the slowest line, a server that drips never ends. */
const leastBytes = 2 ** 14;
/** Taken for an answer at first; doubled as it grows. */
const firstBytes = 2 ** 16;
/** Before a server has answered once, it is not tried for long: its name may be wrong. */
const triesUnknown = 3;

/** Most bytes of an answer that does not say its size: it might never end. */
const mostUntold = 2 ** 29;

export function createHttpClient({
  retries = 4,
  backoffMs = 300,
  timeoutMs = 20_000,
  windowMs = 60_000,
  inFlight = 6,
  fetch = (url, init) => globalThis.fetch(url, init),
}: HttpOptions = {}): HttpClient {
  const ending = new AbortController();
  const enter = createGate(inFlight);
  let hasAnswered = false;

  async function send<T>(
    url: URL,
    method: string,
    request: HttpRequest,
    read: (response: Response, alive: Alive) => Promise<T>,
  ): Promise<T> {
    const { range, signal } = request;
    const leave = enter.atOnce() ?? (await enter.inTurn(signal));
    const stall = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const pace = { from: performance.now(), bytes: 0 };
    const alive: Alive = (bytes = 0) => {
      clearTimeout(timer);
      timer = setTimeout(() => stall.abort(), timeoutMs);
      const now = performance.now();
      if (bytes > 0 && now - pace.from < windowMs) return;
      const came = bytes - pace.bytes;
      Object.assign(pace, { from: now, bytes });
      if (bytes === 0 || came >= leastBytes) return;
      stall.abort();
      throw new Passing(`only ${came} bytes came in ${windowMs / 1000} s`);
    };
    const joined = joinSignals(signal, ending.signal, stall.signal);
    let isAnswered = false;
    try {
      alive();
      const headers = range ? { Range: `bytes=${range.offset}-${range.offset + range.length - 1}` } : undefined;
      const response = await fetch(url, { method, signal: joined.signal, ...(headers ? { headers } : {}) });
      hasAnswered = true;
      isAnswered = true;
      alive();
      return await read(response, alive);
    } catch (cause) {
      signal?.throwIfAborted();
      ending.signal.throwIfAborted();
      if (cause instanceof Passing || cause instanceof Problem) throw cause;
      if (stall.signal.aborted) throw new Passing(`no data came for ${timeoutMs / 1000} s`);
      if (isAnswered) throw new Passing(`its answer broke off (${describeFailure(cause)})`, 0, { cause });
      throw new Unreachable(describeFailure(cause), 0, { cause });
    } finally {
      clearTimeout(timer);
      joined.release();
      leave();
    }
  }

  async function persist<T>(url: URL, request: HttpRequest, attempt: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      request.signal?.throwIfAborted();
      try {
        return await attempt();
      } catch (cause) {
        if (!(cause instanceof Passing)) throw cause;
        const most = cause instanceof Unreachable && !hasAnswered ? Math.min(triesUnknown, retries + 1) : retries + 1;
        if (tries >= most) throw giveUp(url, cause, tries);
        // Not all at the same moment again.
        const wait = backoffMs * 2 ** (tries - 1) * (0.75 + Math.random() / 2);
        await sleep(Math.min(longestWaitMs, Math.max(cause.waitMs, wait)), request.signal);
      }
    }
  }

  return {
    get: (url, request) =>
      persist(url, request, () => send(url, "GET", request, (response, alive) => readAnswer(url, response, request, alive))),
    findSize: (url, signal) => {
      const request = { most: 0, signal };
      return persist(url, request, () =>
        send(url, "HEAD", request, async (response) => {
          if (response.status >= 500) throw new Passing(`the server answered ${response.status}`);
          const length = response.headers.get("content-length");
          return response.ok && length !== null && !response.headers.has("content-encoding") ? Number(length) : undefined;
        }),
      );
    },
    dispose: () => ending.abort(),
  };
}

async function readAnswer(url: URL, response: Response, request: HttpRequest, alive: Alive): Promise<HttpAnswer | undefined> {
  const { range, most } = request;
  const { status, headers } = response;
  const drop = (): void => void response.body?.cancel().catch(() => {});
  if (status === 404 || status === 410) {
    drop();
    return undefined;
  }
  if (status >= 500 || status === 429 || status === 408) {
    drop();
    throw new Passing(`the server answered ${status} ${response.statusText}`.trim(), 1000 * (Number(headers.get("retry-after")) || 0));
  }
  // 416: the file has no byte at that place. An empty file answers so to any range.
  if (status === 416 && range?.offset === 0) return { bytes: new Uint8Array(0), isPartial: true, total: 0 };
  if (!response.ok) {
    drop();
    throw refuse(url, `the server answered ${status} ${response.statusText}`.trim(), advise(status));
  }
  if (!request.takesPages && /^(text\/html|application\/xhtml)/i.test(headers.get("content-type") ?? "")) {
    drop();
    throw refuse(url, "the server answers a page (HTML) in place of a file", "Check the address.");
  }
  const isPartial = status === 206;
  const declared = headers.has("content-encoding") ? undefined : readLength(headers);
  const total = isPartial ? readContentRange(url, headers, range) : declared;
  if (declared !== undefined && declared > most) {
    drop();
    throw createTooLarge(url, declared, most, range !== undefined && !isPartial);
  }
  const limit = declared ?? Math.min(most, mostUntold);
  const told = (bytes: number): void => {
    alive(bytes);
    if (!isPartial) request.onBytes?.(bytes, declared);
  };
  const bytes = await readBody(response, limit, told);
  if (bytes === undefined) {
    if (declared === undefined) throw createTooLarge(url, undefined, limit, range !== undefined && !isPartial);
    throw new Passing(`more than the ${declared} bytes came that it had announced`);
  }
  const wanted = isPartial && range ? Math.min(range.length, (total ?? Number.POSITIVE_INFINITY) - range.offset) : declared;
  // Without knowing the size, only the first part of a file may be shorter than what was asked for.
  const mayEnd = isPartial && total === undefined && range?.offset === 0 && bytes.length <= range.length;
  if (wanted !== undefined && bytes.length !== wanted && !mayEnd) throw new Passing(`${bytes.length} of ${wanted} bytes came`);
  return { bytes, isPartial, ...(total === undefined ? {} : { total }) };
}

/** The body; undefined where it is longer than `most`. Memory is taken as bytes come: what was announced may not be true. */
async function readBody(response: Response, most: number, told: (bytes: number) => void): Promise<Uint8Array | undefined> {
  const reader = response.body?.getReader();
  let out = new Uint8Array(Math.min(most, firstBytes));
  let length = 0;
  while (reader) {
    const { value, done } = await reader.read();
    if (done) break;
    const end = length + value.length;
    if (end > most) {
      void reader.cancel().catch(() => {});
      return undefined;
    }
    if (end > out.length) {
      const larger = new Uint8Array(Math.min(most, Math.max(end, 2 * out.length)));
      larger.set(out.subarray(0, length));
      out = larger;
    }
    out.set(value, length);
    length = end;
    told(length);
  }
  return length === out.length ? out : out.slice(0, length);
}

function readLength(headers: Headers): number | undefined {
  const text = headers.get("content-length");
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** The size of the whole file from `Content-Range`, which a page of another origin sees only if the server lets it. */
function readContentRange(url: URL, headers: Headers, range: HttpRequest["range"]): number | undefined {
  const text = headers.get("content-range");
  if (text === null) return undefined;
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(text) ?? [];
  if (first === undefined || Number(first) !== range?.offset)
    throw refuse(url, `the server answered other bytes (${text})`, "Ask who runs it.");
  return total === "*" ? undefined : Number(total);
}

function refuse(url: URL, reason: string, advice: string): Problem {
  return new Problem("MissingFile", `Expected a file at ${url.href}; ${reason}. ${advice}`, { path: url.href });
}

function advise(status: number): string {
  return status === 401 || status === 403
    ? "It must allow reading without a password, or the address must carry one."
    : "Check the address.";
}

function createTooLarge(url: URL, bytes: number | undefined, most: number, isRefusedRange: boolean): Problem {
  const size = bytes === undefined ? `more than ${most} bytes` : `${bytes} bytes`;
  if (!isRefusedRange)
    return refuse(url, `it has ${size}; the most is ${most}`, "Check the address, or download the file and open it from the disk.");
  const reason = `the server sends no parts of it (no range requests), and whole it has ${size}, more than ${Math.round(most / 2 ** 20)} MiB`;
  return refuse(url, reason, 'The server must answer "Range" with 206; or download the file and open it from the disk.');
}

function giveUp(url: URL, cause: Passing, tries: number): Problem {
  const times = tries === 1 ? "" : ` in ${tries} tries`;
  // Only pages and their workers are refused by CORS.
  const cors = globalThis.location
    ? ' If the server is up, it does not let pages read it: it must send "Access-Control-Allow-Origin" and allow the header "Range" (CORS).'
    : "";
  const advice = cause instanceof Unreachable ? `Check the address and the network.${cors}` : "Try again later.";
  return new Problem(
    "MissingFile",
    `Expected an answer from ${url.href}; got none${times}: ${cause.message}. ${advice}`,
    { path: url.href },
    { cause },
  );
}

/** Node hides the reason in the cause. */
function describeFailure(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? `: ${describeError(cause.cause)}` : "";
  return describeError(cause) + inner;
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
