// The bits of a JPEG stream and its Huffman codes (ITU-T T.81, annexes C and F). Every read is checked: data that end early, codes
// that are unknown and restarts that are missing are errors, never zeros.

/** A Huffman table, canonical: for each length the first code, the one after the last, and where its values begin. */
export interface HuffmanTable {
  readonly first: Int32Array;
  readonly end: Int32Array;
  readonly at: Int32Array;
  readonly values: Uint8Array;
}

export interface BitReader {
  readSymbol(table: HuffmanTable): number;
  /** A number of `size` bits, 0 to 15, as JPEG has them: the lower half of the values means negative ones. */
  readSigned(size: number): number;
  /** Skips to behind the restart marker that must come next. */
  restart(): void;
}

/** Adds the tables of a segment, by class (0 DC and lossless, 1 AC) times 16 and number. */
export function readHuffmanTables(data: Uint8Array, known: Map<number, HuffmanTable>): void {
  for (let at = 0; at < data.length; ) {
    const counts = data.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const values = data.subarray(at + 17, at + 17 + total);
    if (counts.length < 16 || values.length < total) throw new Error("a Huffman table of its JPEG is cut");
    const first = new Int32Array(17);
    const end = new Int32Array(17);
    const start = new Int32Array(17);
    let code = 0;
    let used = 0;
    for (let length = 1; length <= 16; length++) {
      first[length] = code;
      start[length] = used;
      code += counts[length - 1]!;
      used += counts[length - 1]!;
      end[length] = code;
      if (code > 1 << length) throw new Error("a Huffman table of its JPEG is broken");
      code <<= 1;
    }
    known.set(data[at]!, { first, end, at: start, values });
    at += 17 + total;
  }
}

/** Reads from byte `start` on. */
export function createBitReader(bytes: Uint8Array, start: number): BitReader {
  let at = start;
  let held = 0;
  let count = 0;
  const readBit = (): number => {
    if (count === 0) {
      const byte = bytes[at];
      if (byte === undefined || (byte === 0xff && bytes[at + 1] !== 0)) throw new Error("its JPEG data end too soon");
      at += byte === 0xff ? 2 : 1;
      held = byte;
      count = 8;
    }
    count--;
    return (held >> count) & 1;
  };
  return {
    readSymbol({ first, end, at: place, values }) {
      let code = 0;
      let length = 0;
      do {
        if (length === 16) throw new Error("a Huffman code of its JPEG is unknown");
        code = (code << 1) | readBit();
        length++;
      } while (code >= end[length]!);
      return values[place[length]! + code - first[length]!]!;
    },
    readSigned(size) {
      if (size === 0) return 0;
      if (size > 15) throw new Error("a number of its JPEG is too large");
      let value = 0;
      for (let bit = 0; bit < size; bit++) value = (value << 1) | readBit();
      return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
    },
    restart() {
      count = 0;
      const marker = bytes[at + 1] ?? 0;
      if (bytes[at] !== 0xff || marker < 0xd0 || marker > 0xd7) throw new Error("a restart of its JPEG is missing");
      at += 2;
    },
  };
}
