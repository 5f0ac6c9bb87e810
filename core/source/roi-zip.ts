// Zips of ImageJ ROIs, as its ROI Manager saves and opens them: one file an object.

import type { ClassStyle, OutlineEncoder } from "../label/format/outline-encoder.ts";
import { writeRoi } from "../label/format/write-roi.ts";
import { toPlainName } from "./plain-text.ts";
import { createZipStream } from "./zip-stream.ts";

export interface RoiZipOptions {
  /** The number of objects, or the largest id: so many digits have the names of the files, that they sort by id. */
  readonly largestId: number;
  readonly classOf?: (id: number) => ClassStyle | undefined;
}

/** Encodes a zip with a ROI for each object, named by its id and, where it has one, its class. */
export function createRoiZipEncoder({ largestId, classOf }: RoiZipOptions): OutlineEncoder {
  const zip = createZipStream();
  const digits = Math.max(5, String(largestId).length);
  return {
    head: () => new Uint8Array(0),
    encode: (batch) => {
      for (const outline of batch) {
        const style = classOf?.(outline.id);
        const number = String(outline.id).padStart(digits, "0");
        const name = style === undefined ? number : `${number}-${toPlainName(style.name).replaceAll(/[\\/]/g, "_")}`;
        zip.add(`${name}.roi`, writeRoi(outline, name, style?.color));
      }
      return zip.take();
    },
    tail: () => zip.finish(),
  };
}
