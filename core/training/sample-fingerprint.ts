// What tells an annotated image from another of the same name: its size, and checksums of its pixels and drawings as they are learnt
// from. A training remembers it, so that it is not gone on with other images. Neither names nor times nor file formats count.

import type { TypedArray } from "../array/raster.ts";
import { crc32 } from "../source/crc32.ts";
import type { ValidationImage } from "./validate.ts";

/** "HEIGHTxWIDTHxCHANNELS IMAGE LABELS CLASSES IGNORE", checksums in hexadecimal digits, "-" for what is not there. */
export function fingerprintSample({ prepared, labels, classes, ignore }: ValidationImage): string {
  const { height, width, data } = prepared.image;
  const size = [height, width, data.length / (height * width)].join("x");
  return [size, ...[data, labels.data, classes, ignore].map(checksum)].join(" ");
}

function checksum(values: TypedArray | undefined): string {
  if (values === undefined) return "-";
  const { buffer, byteOffset, byteLength } = values;
  return crc32(new Uint8Array(buffer, byteOffset, byteLength))
    .toString(16)
    .padStart(8, "0");
}
