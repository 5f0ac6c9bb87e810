// A whole file from an address: models, datasets, manifests, macros, pictures. Everything that is fetched whole goes through here, so
// that a body without end, one that stalls, one that is cut, or a page in place of a file ends in a sentence that says what to do.

import type { Progress } from "../job.ts";
import { isProblem, Problem } from "../problem.ts";
import { createHttpClient, type HttpOptions } from "./http.ts";
import { openHttpReader } from "./http-reader.ts";
import type { Judge } from "./zip-file.ts";

export interface DownloadOptions {
  /** What should lie at the address, for messages: "a model". */
  readonly what: string;
  /** Bytes at most. */
  readonly most: number;
  readonly signal?: AbortSignal | undefined;
  /** True: pages (HTML) come, too; the caller says what is wrong with them. */
  readonly takesPages?: boolean;
  /** Bytes so far, and of the whole file where the server says it. */
  readonly onBytes?: ((bytes: number, total: number | undefined) => void) | undefined;
  readonly http?: HttpOptions;
  /** Looks at a large file by parts before it is fetched whole, where the server sends parts. */
  readonly judge?: Judge | undefined;
}

/** The largest archive that is held in memory. */
export const largestArchiveBytes = 2 ** 31 - 1;
/** The largest text (manifest, macro) that is read. */
export const largestTextBytes = 2 ** 22;

const retries = 2;

/** The bytes at an address; relative ones are relative to the page. Throws Problem MissingFile, AbortError. */
export async function download(address: URL | string, options: DownloadOptions): Promise<Uint8Array> {
  const { what, most, signal, onBytes, takesPages, http } = options;
  const { href } = (globalThis as { readonly location?: { readonly href: string } }).location ?? {};
  const path = String(address);
  if (!URL.canParse(path, href)) throw createMissing(what, path, "that is no address");
  const url = new URL(path, href);
  if (options.judge) await judgeAddress(url, options.judge, options);
  const client = createHttpClient({ retries, ...http });
  try {
    const answer = await client.get(url, { most, signal, onBytes, takesPages });
    if (answer) return answer.bytes;
  } finally {
    client.dispose();
  }
  throw createMissing(what, url.href, "the server has none (status 404)");
}

/** Smaller files cost less whole than being looked at. */
const leastJudged = 2 ** 26;

/** Asks for the size, and for the parts of a large file that its judge wants. Throws what the judge throws; a server that sends no parts is let be. */
async function judgeAddress(url: URL, judge: Judge, { signal, http }: DownloadOptions): Promise<void> {
  const client = createHttpClient({ ...http, retries: 0 });
  try {
    const size = await client.findSize(url, signal);
    if (size === undefined || size <= leastJudged) return;
    const reader = await openHttpReader(url, client, { signal });
    if (reader) await judge(reader, signal);
  } catch (error) {
    signal?.throwIfAborted();
    if (isProblem(error, "InvalidModel") || isProblem(error, "InvalidData")) throw error;
  } finally {
    client.dispose();
  }
}

/** True for what is fetched from a server. */
export function isAddress(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/** Progress of a download: the name of the file, and how much of it has come. */
export function describeDownload(address: URL | string, done: number, total: number | undefined): Extract<Progress, { kind: "phase" }> {
  const [path] = String(address).split(/[?#]/);
  const name = path!.split("/").findLast((part) => part !== "") ?? path;
  return { kind: "phase", name: `downloading ${name}: ${describeBytes(done, total)}`, done, ...(total !== undefined && { total }) };
}

/** "12 of 250 MB". */
export function describeBytes(bytes: number, total: number | undefined): string {
  const megabytes = (count: number): string => (count < 1e7 ? (count / 1e6).toFixed(1) : String(Math.round(count / 1e6)));
  return total === undefined ? `${megabytes(bytes)} MB` : `${megabytes(bytes)} of ${megabytes(total)} MB`;
}

function createMissing(what: string, path: string, reason: string): Problem {
  return new Problem("MissingFile", `Expected ${what} at ${path}; ${reason}. Check the address.`, { path });
}
