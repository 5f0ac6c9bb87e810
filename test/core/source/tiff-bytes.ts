// TIFFs made by hand, field by field, with whatever a test wants in them.

export interface MadeField {
  readonly tag: number;
  /** 1 = 8-bit, 3 = 16-bit, 4 = 32-bit. */
  readonly type?: 1 | 3 | 4;
  readonly values: readonly number[];
  /** Lies about how many values there are. */
  readonly count?: number;
}

/** A little-endian TIFF: header, one directory that begins at byte 8 (its link goes to `next`), values, then `data`. */
export function makeTiff(
  fields: readonly MadeField[],
  data: Uint8Array = new Uint8Array(0),
  next = 0,
): { bytes: Uint8Array; dataAt: number } {
  const directory = 2 + 12 * fields.length + 4;
  const sizeOf = ({ type = 4, values }: MadeField): number => values.length * { 1: 1, 3: 2, 4: 4 }[type];
  const outside = fields.reduce((sum, field) => sum + (sizeOf(field) > 4 ? sizeOf(field) : 0), 0);
  const dataAt = 8 + directory + outside;
  const bytes = Buffer.alloc(dataAt + data.length);
  bytes.write("II*\0", "latin1");
  bytes.writeUInt32LE(8, 4);
  bytes.writeUInt16LE(fields.length, 8);
  let free = 8 + directory;
  fields.forEach((field, index) => {
    const { tag, type = 4, values, count = values.length } = field;
    const at = 10 + 12 * index;
    bytes.writeUInt16LE(tag, at);
    bytes.writeUInt16LE(type, at + 2);
    bytes.writeUInt32LE(count, at + 4);
    let to = at + 8;
    if (sizeOf(field) > 4) {
      bytes.writeUInt32LE(free, to);
      to = free;
      free += sizeOf(field);
    }
    for (const value of values) to = bytes.writeUIntLE(value, to, { 1: 1, 3: 2, 4: 4 }[type]);
  });
  bytes.writeUInt32LE(next, 8 + directory - 4);
  bytes.set(data, dataAt);
  return { bytes: new Uint8Array(bytes), dataAt };
}

/** A grey 8-bit image in one strip, packed as `compression`; `more` fields replace or add. */
export function makeGrey(
  width: number,
  height: number,
  compression: number,
  data: Uint8Array,
  more: readonly MadeField[] = [],
): Uint8Array {
  const fields = (offset: number): MadeField[] => {
    const all: MadeField[] = [
      { tag: 256, values: [width] },
      { tag: 257, values: [height] },
      { tag: 258, type: 3, values: [8] },
      { tag: 259, type: 3, values: [compression] },
      { tag: 262, type: 3, values: [1] },
      { tag: 273, values: [offset] },
      { tag: 277, type: 3, values: [1] },
      { tag: 278, values: [height] },
      { tag: 279, values: [data.length] },
    ];
    const replaced = all.map((field) => more.find(({ tag }) => tag === field.tag) ?? field);
    return [...replaced, ...more.filter(({ tag }) => !all.some((field) => field.tag === tag))].sort((a, b) => a.tag - b.tag);
  };
  return makeTiff(fields(makeTiff(fields(0)).dataAt), data).bytes;
}

/** LZW codes as TIFF packs them: most significant bit first, widths as given by `widthOf`. */
export function packCodes(codes: readonly number[], widthOf: (index: number) => number): Uint8Array {
  const bits: number[] = [];
  codes.forEach((code, index) => {
    for (let bit = widthOf(index) - 1; bit >= 0; bit--) bits.push((code >> bit) & 1);
  });
  const out = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, index) => {
    out[index >> 3]! |= bit << (7 - (index & 7));
  });
  return out;
}

/** A page of `makePages`: its fields without the places of its blocks, and the data of its one strip. */
export interface MadePage {
  readonly fields: readonly MadeField[];
  readonly data: Uint8Array;
}

/** A little-endian TIFF of several pages, each in one strip. */
export function makePages(pages: readonly MadePage[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = 8;
  const head = Buffer.alloc(8);
  head.write("II*\0", "latin1");
  head.writeUInt32LE(8, 4);
  parts.push(head);
  for (const [index, { fields, data }] of pages.entries()) {
    const place = (offset: number): readonly MadeField[] =>
      [...fields, { tag: 273, values: [offset] }, { tag: 279, values: [data.length] }].sort((a, b) => a.tag - b.tag);
    // As a file of its own, whose values then move to where this page begins.
    const { dataAt } = makeTiff(place(0));
    const moved = at - 8;
    const { bytes } = makeTiff(place(dataAt + moved), data, 0);
    const body = Buffer.from(bytes.subarray(8));
    const count = body.readUInt16LE(0);
    for (let entry = 0; entry < count; entry++) {
      const field = 2 + 12 * entry;
      const size = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8 }[body.readUInt16LE(field + 2)]! * body.readUInt32LE(field + 4);
      if (size > 4) body.writeUInt32LE(body.readUInt32LE(field + 8) + moved, field + 8);
    }
    at += body.length;
    body.writeUInt32LE(index + 1 < pages.length ? at : 0, 2 + 12 * count);
    parts.push(body);
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** The fields of a grey page of 8 bits; `more` replace or add. */
export function greyFields(width: number, height: number, more: readonly MadeField[] = []): readonly MadeField[] {
  const all: MadeField[] = [
    { tag: 256, values: [width] },
    { tag: 257, values: [height] },
    { tag: 258, type: 3, values: [8] },
    { tag: 259, type: 3, values: [1] },
    { tag: 262, type: 3, values: [1] },
    { tag: 277, type: 3, values: [1] },
    { tag: 278, values: [height] },
  ];
  return [...all.filter(({ tag }) => !more.some((field) => field.tag === tag)), ...more];
}

/** A text as a field, in Latin-1. */
export function textField(tag: number, text: string): MadeField {
  return { tag, type: 1, values: [...Buffer.from(`${text}\0`, "latin1")] };
}
