// Probabilities of the second of two classes as bytes: a quarter of the room of floats, and all that a threshold needs, so that
// objects can be made anew without the network. Byte b stands for probabilities above b / 256, up to (b + 1) / 256; 0 also for 0.
// Even odds are byte 127: above a threshold of 0.5 lies exactly what is more probable than the background.

import type { Box, Raster } from "../array/raster.ts";

/** The least byte of probabilities above `threshold`, which counts in steps of 1 / 256. */
export function leastByte(threshold: number): number {
  return Math.min(255, Math.max(1, Math.round(256 * threshold)));
}

/** How far the logit of an object must be above that of the background where its probability is above `threshold`, in the same steps. */
export function leastLead(threshold: number): number {
  const share = leastByte(threshold) / 256;
  return Math.log(share / (1 - share));
}

// Logits farther apart than this have byte 0 or 255.
const surest = Math.log(255);

/** Writes the byte of each pixel of the core, from two logits a pixel. */
export function writeProbabilityBytes(logits: Float32Array, { y0, x0, y1, x1 }: Box, out: Raster<Uint8Array>): void {
  const { data, width } = out;
  let at = 0;
  for (let y = y0; y < y1; y++) {
    const end = y * width + x1;
    for (let i = y * width + x0; i < end; i++, at += 2) {
      const lead = logits[at + 1]! - logits[at]!;
      if (lead >= surest) data[i] = 255;
      else if (lead <= -surest) data[i] = 0;
      else data[i] = byteOf(1 / (1 + Math.exp(-Math.abs(lead))), lead > 0);
    }
  }
}

/** Bytes of pixels whose two probabilities are known, [pixels, 2]. */
export function toProbabilityBytes(probabilities: Float32Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(probabilities.length / 2);
  for (let i = 0; i < out.length; i++) {
    const [background, object] = [probabilities[2 * i]!, probabilities[2 * i + 1]!];
    out[i] = byteOf(Math.max(background, object), object > background);
  }
  return out;
}

/** From the probability of the likelier class. Both classes are rounded alike, away from even odds. */
function byteOf(likelier: number, isObject: boolean): number {
  const steps = Math.min(127, Math.floor(256 * (likelier - 0.5)));
  return isObject ? 128 + steps : 127 - steps;
}

/** Writes 1 where a probability is above `threshold` and 0 elsewhere, from pixel `from` to pixel `to`. */
export function writeClassesOfBytes(
  bytes: Uint8Array,
  threshold: number,
  out: Uint8Array,
  { from = 0, to = bytes.length }: { readonly from?: number; readonly to?: number } = {},
): void {
  const least = leastByte(threshold);
  for (let i = from; i < to; i++) out[i] = +(bytes[i]! >= least);
}
