// What every file of outlines has in common: a head, the objects as they come, a tail. Any number of files is written in one
// walk over the image, and a million objects are never in memory at once.

import type { Outline } from "../shape/outline.ts";

/** A file in the making. Its bytes, put one after the other: those of `head`, of each batch, of `tail`. */
export interface OutlineEncoder {
  head(): Uint8Array<ArrayBuffer>;
  encode(batch: readonly Outline[]): Uint8Array<ArrayBuffer>;
  tail(): Uint8Array<ArrayBuffer>;
}

/** What is told of classes: their names, and their colours as red, green, blue from 0 to 255. */
export interface ClassStyle {
  readonly name: string;
  readonly color?: readonly [number, number, number];
}

/** The bytes of a file of outlines that come in batches. */
export async function* encodeOutlines(
  batches: AsyncIterable<readonly Outline[]> | Iterable<readonly Outline[]>,
  encoder: OutlineEncoder,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  yield encoder.head();
  for await (const batch of batches) if (batch.length > 0) yield encoder.encode(batch);
  yield encoder.tail();
}

/** The bytes of a file of outlines in memory. */
export function encodeAll(outlines: readonly Outline[], encoder: OutlineEncoder): Uint8Array<ArrayBuffer>[] {
  return [encoder.head(), encoder.encode(outlines), encoder.tail()];
}
