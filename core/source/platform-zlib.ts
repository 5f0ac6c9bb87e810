// Packing and unpacking by the platform's own code: zlib and gzip, many times as fast as a script's. Node's zlib does a chunk in one
// step beside this thread; where it is not there (browsers), streams do.

type Format = "deflate" | "gzip";

/** The part of node:zlib that is used; loaded at run time, so that nothing is imported in a browser. */
interface NodeZlib {
  inflate: Work;
  gunzip: Work;
  deflate: Work;
  gzip: Work;
}
type Work = (
  bytes: Uint8Array,
  options: {
    readonly chunkSize: number;
    readonly info: true;
    readonly maxOutputLength?: number;
    readonly level?: number;
    readonly strategy?: number;
  },
  done: (
    error: Error | null,
    result: { readonly buffer: Uint8Array<ArrayBuffer>; readonly engine: { readonly bytesWritten: number } },
  ) => void,
) => void;

const { process } = globalThis as { readonly process?: { getBuiltinModule?(name: string): unknown } };
const nodeZlib = process?.getBuiltinModule?.("node:zlib") as NodeZlib | undefined;

const leastPiece = 64;
const largestPiece = (1 << 20) + 64;
// What is packed well needs less; what is not comes in pieces.
const packedShare = 8;

/** True where `unpack` overlooks what follows the data, and that they end too early: then the checksum must be looked at. */
export const overlooksEnd = nodeZlib === undefined;

/** At most `most` bytes; undefined for more, and for what the platform refuses. */
export async function unpack(bytes: Uint8Array, format: Format, most: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    if (nodeZlib)
      return await run(format === "gzip" ? nodeZlib.gunzip : nodeZlib.inflate, bytes, most, { maxOutputLength: Math.max(1, most) });
    return await collect(bytes, new DecompressionStream(format), most);
  } catch {
    return undefined;
  }
}

/** How much is tried to make bytes few. */
export interface Packing {
  /** 1 to 9, from fast to small. */
  readonly level: number;
  /** True: only runs of equal bytes are looked for. */
  readonly runsOnly?: boolean;
}

export const usualPacking: Packing = { level: 6 };

// Z_RLE of zlib.h.
const runStrategy = 3;

/** The bytes packed. A browser's streams know the usual packing only. */
export async function pack(
  bytes: Uint8Array,
  format: Format,
  { level, runsOnly = false }: Packing = usualPacking,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!nodeZlib) return (await collect(bytes, new CompressionStream(format), Number.POSITIVE_INFINITY))!;
  return run(format === "gzip" ? nodeZlib.gzip : nodeZlib.deflate, bytes, Math.ceil(bytes.length / packedShare), {
    level,
    ...(runsOnly && { strategy: runStrategy }),
  });
}

function run(
  work: Work,
  bytes: Uint8Array,
  most: number,
  how: { readonly level?: number; readonly strategy?: number; readonly maxOutputLength?: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const options = { chunkSize: Math.min(largestPiece, Math.max(leastPiece, most)), info: true, ...how } as const;
  return new Promise((resolve, reject) => {
    work(bytes, options, (error, result) => {
      if (error) return reject(error);
      if (result.engine.bytesWritten !== bytes.length) return reject(new Error("something follows the data"));
      resolve(own(result.buffer)); // small results of Node share a buffer with others: a copy is our own
    });
  });
}

function own(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.byteLength === bytes.buffer.byteLength ? new Uint8Array(bytes.buffer) : new Uint8Array(bytes);
}

async function collect(
  bytes: Uint8Array,
  through: CompressionStream | DecompressionStream,
  most: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const reader = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(through).getReader();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    length += value.length;
    if (length <= most) continue;
    await reader.cancel().catch(() => {});
    return undefined;
  }
  const out = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
