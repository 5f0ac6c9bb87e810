// PNGs made by hand: any chunk, any filter, interlaced or not, as the standard tells it.

import { deflateSync } from "node:zlib";
import { crcOf } from "./zip-bytes.ts";

export const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export function makeChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crcOf(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

export function makeHeader(width: number, height: number, depth: number, colour: number, interlace = 0): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data.set([depth, colour, 0, 0, interlace], 8);
  return makeChunk("IHDR", data);
}

export function joinPng(...chunks: Buffer[]): Uint8Array {
  return new Uint8Array(Buffer.concat([signature, ...chunks, makeChunk("IEND", Buffer.alloc(0))]));
}

export interface MadePng {
  readonly width: number;
  readonly height: number;
  readonly depth: 1 | 2 | 4 | 8 | 16;
  readonly colour: 0 | 2 | 4 | 6;
  readonly interlaced: boolean;
  /** Of each row in turn. */
  readonly filters: readonly number[];
  readonly sampleAt: (y: number, x: number, sample: number) => number;
}

/** A PNG of these samples. */
export function makePng({ width, height, depth, colour, interlaced, filters, sampleAt }: MadePng): Uint8Array {
  const samples = { 0: 1, 2: 3, 4: 2, 6: 4 }[colour];
  const passes = interlaced ? adam7(width, height) : [{ ys: range(0, height, 1), xs: range(0, width, 1) }];
  const rows: number[] = [];
  let count = 0;
  for (const { ys, xs } of passes) {
    if (xs.length === 0) continue;
    let above: number[] = [];
    for (const y of ys) {
      const bits = xs.flatMap((x) => range(0, samples, 1).flatMap((s) => toBits(sampleAt(y, x, s), depth)));
      const line: number[] = [];
      for (let at = 0; at < bits.length; at += 8) line.push(range(0, 8, 1).reduce((byte, bit) => 2 * byte + (bits[at + bit] ?? 0), 0));
      const filter = filters[count++ % filters.length]!;
      rows.push(filter, ...filterRow(filter, line, above, Math.max(1, (depth * samples) / 8)));
      above = line;
    }
  }
  return joinPng(makeHeader(width, height, depth, colour, interlaced ? 1 : 0), makeChunk("IDAT", deflateSync(Uint8Array.from(rows))));
}

/** The seven passes, read off the 8x8 pattern in the standard. */
function adam7(width: number, height: number): { ys: number[]; xs: number[] }[] {
  const pattern = ["16462646", "77777777", "56565656", "77777777", "36463646", "77777777", "56565656", "77777777"];
  return range(1, 8, 1).map((pass) => {
    const is = (y: number, x: number): boolean => pattern[y % 8]![x % 8] === String(pass);
    const ys = range(0, height, 1).filter((y) => range(0, width, 1).some((x) => is(y, x)));
    const xs = range(0, width, 1).filter((x) => range(0, height, 1).some((y) => is(y, x)));
    return { ys, xs };
  });
}

function filterRow(filter: number, line: readonly number[], above: readonly number[], step: number): number[] {
  return line.map((byte, i) => {
    const a = line[i - step] ?? 0;
    const b = above[i] ?? 0;
    const c = i < step ? 0 : (above[i - step] ?? 0);
    const paeth = [a, b, c].reduce((best, value) => (Math.abs(a + b - c - value) < Math.abs(a + b - c - best) ? value : best), a);
    return (byte - [0, a, b, Math.floor((a + b) / 2), paeth][filter]!) & 255;
  });
}

function toBits(value: number, depth: number): number[] {
  return range(0, depth, 1).map((bit) => (value >> (depth - 1 - bit)) & 1);
}

function range(from: number, to: number, step: number): number[] {
  const all: number[] = [];
  for (let value = from; value < to; value += step) all.push(value);
  return all;
}
