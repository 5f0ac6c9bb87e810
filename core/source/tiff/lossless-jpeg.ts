// Lossless JPEG (ITU-T T.81, annex H; Huffman coding, process 14), as microscopes write it for 16-bit images.

import { createBitReader, type HuffmanTable, readHuffmanTables } from "./jpeg-bits.ts";
import type { JpegHeader, JpegSegment } from "./jpeg-header.ts";

interface Scan {
  readonly tables: readonly HuffmanTable[];
  readonly predictor: number;
  /** Low bits that were dropped. */
  readonly shift: number;
  /** Units between two restarts; 0 for none. */
  readonly interval: number;
  readonly dataAt: number;
}

/** The samples, components side by side, of a stream whose header was read. Throws Error for broken data. */
export function decodeLosslessJpeg(bytes: Uint8Array, header: JpegHeader): Uint16Array {
  const { width, height, components, precision } = header;
  const scan = readScan(header);
  const bits = createBitReader(bytes, scan.dataAt);
  const out = new Uint16Array(width * height * components);
  const row = width * components;
  const start = 1 << (precision - scan.shift - 1);
  let isFirstRow = true;
  for (let y = 0; y < height; y++) {
    if (scan.interval > 0 && y > 0 && (y * width) % scan.interval === 0) {
      bits.restart();
      isFirstRow = true;
    }
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < components; c++) {
        const at = y * row + x * components + c;
        const left = x > 0 ? out[at - components]! : 0;
        const above = isFirstRow ? 0 : out[at - row]!;
        let guess: number;
        if (isFirstRow) guess = x === 0 ? start : left;
        else if (x === 0) guess = above;
        else guess = predict(scan.predictor, left, above, out[at - row - components]!);
        const size = bits.readSymbol(scan.tables[c]!);
        out[at] = guess + (size === 16 ? 32768 : bits.readSigned(size));
      }
    }
    isFirstRow = false;
  }
  if (scan.shift > 0) for (let at = 0; at < out.length; at++) out[at] = out[at]! << scan.shift;
  return out;
}

/** Table H.1. */
function predict(predictor: number, left: number, above: number, corner: number): number {
  switch (predictor) {
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return corner;
    case 4:
      return left + above - corner;
    case 5:
      return left + ((above - corner) >> 1);
    case 6:
      return above + ((left - corner) >> 1);
    default:
      return (left + above) >> 1;
  }
}

function readScan({ segments, components, precision, dataAt, width }: JpegHeader): Scan {
  const known = new Map<number, HuffmanTable>();
  let interval = 0;
  for (const { marker, data } of segments) {
    if (marker === 0xc4) readHuffmanTables(data, known);
    if (marker === 0xdd) interval = data.length >= 2 ? data[0]! * 256 + data[1]! : 0;
  }
  // A restart in the middle of a row would need another way to guess; writers put whole rows between restarts.
  if (interval % width !== 0) throw new Error("its lossless JPEG restarts in the middle of a row");
  const scan = segments.at(-1) as JpegSegment;
  const count = scan.data[0] ?? 0;
  if (scan.marker !== 0xda || count !== components || scan.data.length < 4 + 2 * count) throw new Error("its JPEG scan is broken");
  const tables = Array.from({ length: count }, (_, index) => {
    const table = known.get(scan.data[2 + 2 * index]! >> 4);
    if (!table) throw new Error("a Huffman table of its JPEG is missing");
    return table;
  });
  const predictor = scan.data[1 + 2 * count]!;
  const shift = scan.data[3 + 2 * count]! & 15;
  if (predictor < 1 || predictor > 7 || shift >= precision) throw new Error("its JPEG scan is broken");
  return { tables, predictor, shift, interval, dataAt };
}
