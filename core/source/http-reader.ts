// A file at an address, read by ranges. The first request asks for the first 64 kB and learns the size from the answer. A server
// that sends no parts is read whole, when the file is small enough.

import { Problem } from "../problem.ts";
import { createBlockReader } from "./block-reader.ts";
import { type ByteReader, createBytesReader } from "./bytes.ts";
import type { HttpClient, HttpRequest } from "./http.ts";

const headBytes = 2 ** 16;
/** A file that cannot be read in parts is read whole up to this size. */
export const largestWholeDownload = 2 ** 28;

/** The reader; undefined when the server has no such file. Throws Problem MissingFile with what the server would have to do. */
export async function openHttpReader(
  url: URL,
  client: HttpClient,
  { signal, onBytes, cacheBytes }: Pick<HttpRequest, "signal" | "onBytes"> & { cacheBytes?: number } = {},
): Promise<ByteReader | undefined> {
  const answer = await client.get(url, { range: { offset: 0, length: headBytes }, most: largestWholeDownload, signal, onBytes });
  if (!answer) return undefined;
  if (!answer.isPartial) return createBytesReader(answer.bytes);
  const size = answer.total ?? (await findHiddenSize(url, client, answer.bytes, signal));
  const fetch = async (offset: number, length: number, signal: AbortSignal): Promise<Uint8Array> => {
    const part = await client.get(url, { range: { offset, length }, most: largestWholeDownload, signal });
    if (!part) throw createChanged(url, "it is gone");
    if (part.total !== undefined && part.total !== size) throw createChanged(url, `it had ${size} bytes and has ${part.total}`);
    // A server may change its mind about ranges.
    const bytes = part.isPartial ? part.bytes : part.bytes.subarray(offset, offset + length);
    if (bytes.length !== length) throw createChanged(url, `${bytes.length} of ${length} bytes came`);
    return bytes;
  };
  return createBlockReader({ size, fetch, head: answer.bytes }, cacheBytes);
}

/** The size, where the server hides `Content-Range` from pages of other origins. */
async function findHiddenSize(url: URL, client: HttpClient, head: Uint8Array, signal: AbortSignal | undefined): Promise<number> {
  if (head.length < headBytes) return head.length;
  const size = await client.findSize(url, signal);
  if (size !== undefined && size >= head.length) return size;
  throw new Problem(
    "MissingFile",
    `Expected the size of ${url.href}; the server hides it. It must send "Access-Control-Expose-Headers: Content-Range", or answer HEAD requests.`,
    { path: url.href },
  );
}

function createChanged(url: URL, reason: string): Problem {
  return new Problem("MissingFile", `Expected ${url.href} to stay as it was; ${reason}. Open it again.`, { path: url.href });
}
