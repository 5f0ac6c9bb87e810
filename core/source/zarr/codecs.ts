// The codecs of zarrita, made safe: nothing unpacks to more than a chunk has, every checksum is looked at, and a chunk that is
// shorter or longer than its shape is an error. zarrita itself would fill up, cut, or believe. Loading this file changes
// zarrita's registry, which is one for all.

import { registry } from "zarrita";
import { lookUp } from "../../json.ts";
import { crc32c } from "../crc32.ts";
import { unpackGzip, unpackZlib } from "../inflate.ts";
import { decodeZstd } from "../zstd.ts";
import { decodeBlosc } from "./blosc.ts";
import { decodeLz4Block } from "./lz.ts";

/** Facts of a chunk that zarrita hands to a codec. */
interface ChunkKind {
  readonly dataType: string;
  readonly shape: readonly number[];
}
type Decode = (packed: Uint8Array, most: number) => Uint8Array | Promise<Uint8Array>;
type Entry = Awaited<ReturnType<NonNullable<ReturnType<typeof registry.get>>>>;
type Codec = ReturnType<Entry["fromConfig"]>;

/** Checksums and the like that a chunk may carry inside of its compression. */
const slackBytes = 64;

const numberBytes: Readonly<Record<string, number>> = {
  ...{ bool: 1, int8: 1, uint8: 1, int16: 2, uint16: 2, int32: 4, uint32: 4, float32: 4, int64: 8, uint64: 8, float64: 8 },
};

/** Names of the codecs that are read, as Zarr 3 has them. */
export const codecNames = ["bytes", "transpose", "gzip", "zlib", "zstd", "blosc", "lz4", "crc32c", "sharding_indexed"];

/** Bytes of a number. Throws Error for what is no number. */
export function bytesOfNumber(dataType: string): number {
  const bytes = lookUp(numberBytes, dataType);
  if (!bytes) throw new Error(`its numbers are ${dataType}`);
  return bytes;
}

const decoders: Readonly<Record<string, Decode>> = {
  gzip: (packed, most) => unpackGzip(packed, most),
  zlib: (packed, most) => unpackZlib(packed, 0, most),
  zstd: (packed, most) => decodeZstd(packed, most),
  blosc: decodeBlosc,
  lz4(packed, most) {
    const size = packed.length < 4 ? -1 : new DataView(packed.buffer, packed.byteOffset, 4).getInt32(0, true);
    if (size < 0 || size > most) throw new Error(`the LZ4 data unpack to ${size} bytes; the most is ${most}`);
    return decodeLz4Block(packed.subarray(4), size);
  },
};

for (const [name, decode] of Object.entries(decoders)) registerUnpacker(name, decode);
register("crc32c", () => createChecksum());
guardBytes();

function registerUnpacker(name: string, decode: Decode): void {
  register(name, (_, kind) => {
    const most = countBytes(kind) + slackBytes;
    return { ...refuseEncoding(name), kind: "bytes_to_bytes", decode: (packed: Uint8Array) => decode(packed, most) };
  });
}

function createChecksum(): object {
  const computeEncodedSize = (size: number): number => size + 4;
  const decode = (bytes: Uint8Array): Uint8Array => {
    if (bytes.length < 4) throw new Error("its checksum is missing");
    const body = bytes.subarray(0, -4);
    const told = new DataView(bytes.buffer, bytes.byteOffset + body.length, 4).getUint32(0, true);
    if (crc32c(body) !== told) throw new Error("its checksum (crc32c) is wrong");
    return body;
  };
  return { ...refuseEncoding("crc32c"), kind: "bytes_to_bytes", computeEncodedSize, decode };
}

/** zarrita's own codec of numbers, handed bytes of the right length only. */
function guardBytes(): void {
  const load = registry.get("bytes")!;
  registry.set("bytes", async () => {
    const entry = await load();
    const fromConfig: Entry["fromConfig"] = (configuration, kind) => {
      const inner = entry.fromConfig(configuration, kind) as Codec & { computeEncodedSize?: (size: number) => number };
      const needed = countBytes(kind as ChunkKind);
      const decode = (bytes: Uint8Array): unknown => {
        if (bytes.length !== needed) throw new Error(`it has ${bytes.length} bytes in place of ${needed}`);
        return inner.decode(bytes);
      };
      return { kind: "array_to_bytes", ...refuseEncoding("bytes"), decode, computeEncodedSize: (size: number) => size } as unknown as Codec;
    };
    return { ...entry, fromConfig };
  });
}

function register(name: string, create: (configuration: unknown, kind: ChunkKind) => object): void {
  const entry = { fromConfig: (configuration: unknown, kind: unknown) => create(configuration, kind as ChunkKind) } as unknown as Entry;
  registry.set(name, async () => entry);
}

function countBytes({ dataType, shape }: ChunkKind): number {
  return shape.reduce((product, side) => product * side, bytesOfNumber(dataType));
}

function refuseEncoding(name: string): { encode: () => never } {
  return {
    encode() {
      throw new Error(`${name} is read only`);
    },
  };
}
