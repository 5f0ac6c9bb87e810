// Half precision (IEEE 754 binary16): how starter models keep their weights, at half the size. Rounding is to the nearest, ties to
// even, as NumPy's astype("float16") does; numbers below 2^-24 lose digits, and above 65504 there are none.

import { Problem } from "../problem.ts";

const words = new Uint32Array(1);
const numbers = new Float32Array(words.buffer);

/** The bits of the nearest half of each number; infinite where it is too large. */
export function toHalves(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, toHalf);
}

/** The numbers that these bits mean. Every half is exact as a float32. */
export function fromHalves(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, fromHalf);
}

/** Each number rounded to the nearest half. */
export function roundToHalves(values: Float32Array): Float32Array {
  return fromHalves(toHalves(values));
}

function toHalf(value: number): number {
  numbers[0] = value;
  const bits = words[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112; // of the half, where it is from 1 to 30
  const fraction = bits & 0x7fffff;
  if (exponent >= 31) return sign | 0x7c00 | (exponent === 143 && fraction !== 0 ? 0x200 : 0);
  // Below the least normal half the leading one is written, and all moves down.
  const [whole, shift] = exponent >= 1 ? [(exponent << 23) | fraction, 13] : [fraction | 0x800000, 14 - exponent];
  if (shift > 24) return sign;
  const kept = whole >>> shift;
  const rest = whole & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0)); // a carry becomes the next exponent
}

function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The bits of weights in half precision. Throws Problem InvalidParameter for weights that would change: their test tensors would be another model's. */
export function toExactHalves(weights: Float32Array): Uint16Array {
  const halves = toHalves(weights);
  if (fromHalves(halves).every((value, i) => Object.is(value, weights[i]))) return halves;
  const message = `"precision" must be one that holds the weights, float32; got float16, which would round some. Round them first, and make the test output anew.`;
  throw new Problem("InvalidParameter", message, { parameter: "precision", value: "float16" });
}
