// CRC-32 of zip and PNG (ISO 3309, polynomial 0xEDB88320), four bytes at a time. fflate never checks it; we always do.

type Tables = readonly [Int32Array, Int32Array, Int32Array, Int32Array];

const tables = createTables(0xedb88320);
let castagnoli: Tables | undefined;

/** The CRC-32 of the bytes, as an unsigned number. */
export function crc32(bytes: Uint8Array): number {
  return divide(bytes, tables);
}

/** The CRC-32C (RFC 3720, polynomial 0x82F63B78) of the bytes: the checksum of Zarr. */
export function crc32c(bytes: Uint8Array): number {
  castagnoli ??= createTables(0x82f63b78);
  return divide(bytes, castagnoli);
}

function divide(bytes: Uint8Array, [t0, t1, t2, t3]: Tables): number {
  let crc = 0xffffffff;
  let at = 0;
  for (const end = bytes.length - 3; at < end; at += 4) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc = t3[crc & 255]! ^ t2[(crc >>> 8) & 255]! ^ t1[(crc >>> 16) & 255]! ^ t0[crc >>> 24]!;
  }
  for (; at < bytes.length; at++) crc = t0[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Table k gives the effect of a byte after k more zero bytes. */
function createTables(polynomial: number): Tables {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    return crc;
  });
  const next = (table: Int32Array): Int32Array => table.map((crc) => first[crc & 255]! ^ (crc >>> 8));
  const second = next(first);
  const third = next(second);
  return [first, second, third, next(third)];
}
