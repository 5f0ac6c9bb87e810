// Zstandard (RFC 8878) with a bound: the library is told how large the output may be, and writes no further. Its checksums are
// the library's own. It is WebAssembly, kept inside its package as a data address.

import type { ZSTDDecoder } from "zstddec";
import { loadCode } from "./load-code.ts";

/** Packed data of `most` bytes are never much longer than those. */
const slackBytes = 2 ** 20;

let loading: Promise<ZSTDDecoder> | undefined;

/** Unpacks the frames into at most `most` bytes. Throws Error for anything that is broken, longer, or empty. */
export async function decodeZstd(packed: Uint8Array, most: number): Promise<Uint8Array> {
  if (packed.length > 2 * most + slackBytes) throw new Error(`${packed.length} packed bytes are too many for ${most}`);
  loading ??= loadDecoder();
  const decoder = await loading.catch((cause: unknown) => {
    loading = undefined;
    throw cause;
  });
  const out = decoder.decode(packed, most);
  // The library hands out nothing when decoding fails.
  if (out.length === 0) throw new Error("the Zstandard data are broken, or longer than they should be");
  return out;
}

async function loadDecoder(): Promise<ZSTDDecoder> {
  const { ZSTDDecoder } = await loadCode("the decoder of Zstandard", () => import("zstddec"));
  const decoder = new ZSTDDecoder();
  await withDataAddresses(() => decoder.init());
  return decoder;
}

/**
 * What `start` returns, while `fetch` answers data addresses itself: the library fetches its own code from one as soon as it
 * starts, which a page with a strict `connect-src` would refuse.
 */
function withDataAddresses<T>(start: () => T): T {
  const real = globalThis.fetch;
  if (typeof real !== "function") return start();
  const prefix = "data:application/wasm;base64,";
  globalThis.fetch = async (input, init) => {
    if (typeof input !== "string" || !input.startsWith(prefix)) return real(input, init);
    return new Response(Uint8Array.from(atob(input.slice(prefix.length)), (letter) => letter.charCodeAt(0)));
  };
  try {
    return start();
  } finally {
    globalThis.fetch = real;
  }
}
