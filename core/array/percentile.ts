// Exact percentiles of images that do not fit in memory, by radix selection: numbers become unsigned keys in the same
// order, and each pass over the image counts the next 16 bits of the keys that can still be an answer. 8- and 16-bit
// images need one pass, 32-bit ones two, float64 four; memory is 0.5 MB a rank. NaN and infinities are counted, not ranked.
// Percentiles are NumPy's default: linear between the two nearest ranks of (n - 1) * percent / 100.

import { type DType, dtypeOf, type TypedArray } from "./raster.ts";

/** Percentiles in the making. Call `add` with all values, then `endPass`; again with the same values while that says true. */
export interface Percentiles {
  /** Passes over the values that will be needed: 1, 2 or 4. */
  readonly passes: number;
  /** Takes every `step`-th value from `start` on (channel `start` of `step` channels). */
  add(values: TypedArray, start?: number, step?: number): void;
  /** Ends the pass; true when the same values must be added once more. */
  endPass(): boolean;
  /** What was found; call after the last pass. */
  result(): PercentileResult;
}

export interface PercentileResult {
  /** One value for each percent asked for; NaN when there was no finite value. */
  readonly values: readonly number[];
  /** Finite values seen. */
  readonly count: number;
  /** NaN and infinities seen, and the position of the first in the order of adding (-1 when there is none). */
  readonly notFinite: NotFinite;
}

interface NotFinite {
  readonly count: number;
  readonly first: number;
}

/** 16-bit digits of a key. */
const digits: Record<DType, number> = { uint8: 1, int8: 1, uint16: 1, int16: 1, uint32: 2, int32: 2, float32: 2, float64: 4 };
/** Added to a number so that the smallest one of its type becomes 0. */
const offsets: Record<DType, number> = {
  uint8: 0,
  int8: 32768,
  uint16: 0,
  int16: 32768,
  uint32: 0,
  int32: 2147483648,
  float32: 0,
  float64: 0,
};

/** Exact percentiles (0 to 100) of values of one number type, to be added in one or more passes. */
export function createPercentiles(dtype: DType, percents: readonly number[]): Percentiles {
  const passes = digits[dtype];
  let pass = 0;
  let seen = 0;
  let count = 0;
  let notFinite: NotFinite = { count: 0, first: -1 };
  let searches: Search[] = [{ prefix: [], histogram: new Float64Array(65536) }];
  let ranks: Rank[] = [];

  return {
    passes,
    add(values, start = 0, step = 1) {
      if (searches.length === 0) return;
      const found = countDigits(values, start, step, searches);
      if (pass === 0 && found.count > 0) {
        notFinite = { count: notFinite.count + found.count, first: notFinite.count > 0 ? notFinite.first : seen + found.first };
      }
      seen += Math.max(0, Math.ceil((values.length - start) / step));
    },
    endPass() {
      if (pass === 0) {
        count = seen - notFinite.count;
        ranks = ranksOf(percents, count).map((rank) => ({ left: rank, prefix: [] }));
      }
      if (pass < passes) ranks = ranks.map((rank) => descend(rank, searches.find((search) => samePrefix(search.prefix, rank.prefix))!));
      pass++;
      seen = 0;
      const prefixes = ranks.map(({ prefix }) => prefix).filter((prefix, i, all) => all.findIndex((p) => samePrefix(p, prefix)) === i);
      searches = pass < passes ? prefixes.map((prefix) => ({ prefix, histogram: new Float64Array(65536) })) : [];
      return searches.length > 0;
    },
    result() {
      const found = ranks.map(({ prefix }) => valueOfKey(dtype, prefix));
      const values = percents.map((percent, i) => (count > 0 ? interpolate(found[2 * i]!, found[2 * i + 1]!, percent, count) : Number.NaN));
      return { values, count, notFinite };
    },
  };
}

interface Search {
  /** The leading digits that a key must have to be counted. */
  readonly prefix: readonly number[];
  readonly histogram: Float64Array;
}

interface Rank {
  /** Rank among the keys that begin with `prefix`. */
  readonly left: number;
  readonly prefix: readonly number[];
}

function ranksOf(percents: readonly number[], count: number): number[] {
  if (count === 0) return [];
  return percents.flatMap((percent) => {
    const low = Math.floor(((count - 1) * percent) / 100);
    return [low, Math.min(low + 1, count - 1)];
  });
}

/** NumPy's interpolation, which is exact at both ends. */
function interpolate(low: number, high: number, percent: number, count: number): number {
  const position = ((count - 1) * percent) / 100;
  const t = position - Math.floor(position);
  return t < 0.5 ? low + (high - low) * t : high - (high - low) * (1 - t);
}

function descend({ left, prefix }: Rank, { histogram }: Search): Rank {
  let before = 0;
  let digit = 0;
  while (before + histogram[digit]! <= left) before += histogram[digit++]!;
  return { left: left - before, prefix: [...prefix, digit] };
}

const samePrefix = (a: readonly number[], b: readonly number[]) => a.length === b.length && a.every((digit, i) => digit === b[i]);

interface NotFinite {
  readonly count: number;
  readonly first: number;
}

/**
 * Counts, in the histogram of each search, the digit after its prefix of every key that begins with it; returns how many
 * values were NaN or infinite. The order of the keys is that of the numbers: signed ones are shifted by half their range,
 * negative floats complemented.
 */
function countDigits(values: TypedArray, start: number, step: number, searches: readonly Search[]): NotFinite {
  const dtype = dtypeOf(values)!;
  if (digits[dtype] === 1) {
    // One digit: the value itself, which is finite.
    const histogram = searches[0]!.histogram;
    const shift = offsets[dtype];
    for (let i = start; i < values.length; i += step) histogram[values[i]! + shift]!++;
    return { count: 0, first: -1 };
  }
  const readKey = createKeyReader(values);
  const key = new Uint32Array(2);
  const depth = searches[0]!.prefix.length;
  const heads = Uint32Array.from(searches, ({ prefix }) => (prefix[0] ?? 0) * 65536 + (prefix[1] ?? 0));
  const thirds = Uint32Array.from(searches, ({ prefix }) => prefix[2] ?? 0);
  const notFinite = { count: 0, first: -1 };
  for (let i = start; i < values.length; i += step) {
    if (!readKey(i, key)) {
      if (notFinite.count++ === 0) notFinite.first = (i - start) / step;
      continue;
    }
    const high = key[0]!;
    const low = key[1]!;
    const head = depth === 0 ? 0 : depth === 1 ? (high & 0xffff0000) >>> 0 : high;
    const third = depth < 3 ? 0 : low >>> 16;
    const digit = depth === 0 ? high >>> 16 : depth === 1 ? high & 0xffff : depth === 2 ? low >>> 16 : low & 0xffff;
    for (let s = 0; s < heads.length; s++) {
      if (heads[s] === head && thirds[s] === third) searches[s]!.histogram[digit]!++;
    }
  }
  return notFinite;
}

/** Writes the key of value `i` into `key`, high word first; false for NaN and infinities. */
function createKeyReader(values: TypedArray): (i: number, key: Uint32Array) => boolean {
  if (values instanceof Float32Array) {
    const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
    return (i, key) => {
      const word = bits[i]!;
      key[0] = word ^ ((word >> 31) | 0x80000000);
      return (word & 0x7f800000) !== 0x7f800000;
    };
  }
  if (values instanceof Float64Array) {
    const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
    return (i, key) => {
      const high = view.getInt32(8 * i + (littleEndian ? 4 : 0), littleEndian);
      key[0] = high ^ ((high >> 31) | 0x80000000);
      key[1] = view.getInt32(8 * i + (littleEndian ? 0 : 4), littleEndian) ^ (high >> 31);
      return (high & 0x7ff00000) !== 0x7ff00000;
    };
  }
  const dtype = dtypeOf(values)!;
  const shift = offsets[dtype];
  return (i, key) => {
    key[0] = values[i]! + shift;
    return true;
  };
}

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function valueOfKey(dtype: DType, key: readonly number[]): number {
  if (dtype === "float32" || dtype === "float64") {
    const view = new DataView(new ArrayBuffer(8));
    const negative = key[0]! < 0x8000;
    key.forEach((digit, k) => {
      view.setUint16(2 * k, negative ? ~digit : k === 0 ? digit & 0x7fff : digit);
    });
    return dtype === "float32" ? view.getFloat32(0) : view.getFloat64(0);
  }
  return key.reduce((value, digit) => value * 65536 + digit, 0) - offsets[dtype];
}

/** The exact percentiles of an array in memory: `percents.length` values. */
export function percentilesOf(values: TypedArray, percents: readonly number[], start = 0, step = 1): PercentileResult {
  const percentiles = createPercentiles(dtypeOf(values)!, percents);
  do percentiles.add(values, start, step);
  while (percentiles.endPass());
  return percentiles.result();
}
