// The rows of a PNG to pixels: undo the filters, take interlaced passes apart, spread 1, 2 and 4-bit numbers.
// https://www.w3.org/TR/png-3/, sections 8 (interlacing) and 9 (filtering). What it is given was inflated to exactly its size.

/** Layout of the pixels, from the header. */
export interface PixelLayout {
  readonly width: number;
  readonly height: number;
  /** Bits a sample: 1, 2, 4, 8 or 16. */
  readonly depth: number;
  /** Samples a pixel. */
  readonly samples: number;
  readonly interlaced: boolean;
}

/** Pixels of a pass: from (x, y) on, every dx-th and dy-th. */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
  readonly width: number;
  readonly height: number;
  readonly rowBytes: number;
}

/** Bytes of all rows as they are filtered: one byte more a row, for its filter. */
export function countFilteredBytes(layout: PixelLayout): number {
  return planPasses(layout).reduce((sum, { height, rowBytes }) => sum + height * (1 + rowBytes), 0);
}

/** The first `kept` samples of every pixel. The filtered rows are changed. Throws Error for a filter that there is not. */
export function decodeRowsInPlace(filtered: Uint8Array, layout: PixelLayout, kept: number): Uint8Array | Uint16Array {
  const { width, height, depth, samples } = layout;
  const out = depth === 16 ? new Uint16Array(width * height * kept) : new Uint8Array(width * height * kept);
  const pixelBytes = Math.max(1, (depth * samples) / 8);
  let start = 0;
  for (const pass of planPasses(layout)) {
    let above: Uint8Array = new Uint8Array(pass.rowBytes);
    for (let row = 0; row < pass.height; row++, start += 1 + pass.rowBytes) {
      const line = filtered.subarray(start + 1, start + 1 + pass.rowBytes);
      unfilterRow(filtered[start]!, line, above, pixelBytes);
      const to = ((pass.y + row * pass.dy) * width + pass.x) * kept;
      spreadRow(line, layout, { to, stride: pass.dx * kept, kept, count: pass.width }, out);
      above = line;
    }
  }
  return out;
}

function planPasses({ width, height, depth, samples, interlaced }: PixelLayout): readonly Pass[] {
  const steps = interlaced
    ? ([[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]] as const) // biome-ignore format: a table
    : ([[0, 0, 1, 1]] as const);
  return steps
    .map(([x, y, dx, dy]) => {
      const passWidth = Math.ceil((width - x) / dx);
      return {
        x,
        y,
        dx,
        dy,
        width: passWidth,
        height: Math.ceil((height - y) / dy),
        rowBytes: Math.ceil((passWidth * depth * samples) / 8),
      };
    })
    .filter((pass) => pass.width > 0 && pass.height > 0);
}

/** Adds what the filter took away: the byte to the left, above, their mean, or the nearest of three (Paeth). */
function unfilterRow(filter: number, line: Uint8Array, above: Uint8Array, pixelBytes: number): void {
  const { length } = line;
  switch (filter) {
    case 0:
      return;
    case 1:
      for (let i = pixelBytes; i < length; i++) line[i] = line[i]! + line[i - pixelBytes]!;
      return;
    case 2:
      for (let i = 0; i < length; i++) line[i] = line[i]! + above[i]!;
      return;
    case 3:
      for (let i = 0; i < pixelBytes; i++) line[i] = line[i]! + (above[i]! >> 1);
      for (let i = pixelBytes; i < length; i++) line[i] = line[i]! + ((line[i - pixelBytes]! + above[i]!) >> 1);
      return;
    case 4:
      for (let i = 0; i < pixelBytes; i++) line[i] = line[i]! + above[i]!;
      for (let i = pixelBytes; i < length; i++) {
        const a = line[i - pixelBytes]!;
        const b = above[i]!;
        const c = above[i - pixelBytes]!;
        const pa = Math.abs(b - c);
        const pb = Math.abs(a - c);
        const pc = Math.abs(a + b - 2 * c);
        line[i] = line[i]! + (pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
      }
      return;
    default:
      throw new Error(`a row has filter ${filter}`);
  }
}

interface Target {
  readonly to: number;
  readonly stride: number;
  readonly kept: number;
  readonly count: number;
}

/** Writes the samples of a row to their places; 16-bit ones are stored highest byte first. */
function spreadRow(
  line: Uint8Array,
  { depth, samples }: PixelLayout,
  { to, stride, kept, count }: Target,
  out: Uint8Array | Uint16Array,
): void {
  if (depth === 8 && samples === kept && stride === kept) {
    out.set(line, to);
    return;
  }
  if (depth === 16) {
    for (let x = 0, at = to; x < count; x++, at += stride) {
      for (let sample = 0, from = 2 * x * samples; sample < kept; sample++, from += 2)
        out[at + sample] = (line[from]! << 8) | line[from + 1]!;
    }
    return;
  }
  const mask = 2 ** depth - 1;
  for (let x = 0, at = to; x < count; x++, at += stride) {
    for (let sample = 0, bit = x * samples * depth; sample < kept; sample++, bit += depth) {
      out[at + sample] = (line[bit >> 3]! >> (8 - depth - (bit & 7))) & mask;
    }
  }
}
