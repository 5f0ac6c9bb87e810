// Objects as COCO JSON (cocodataset.org, "Data format"): polygons; run lengths for objects with holes, which polygons of COCO
// cannot have.

import { Problem } from "../../problem.ts";
import { boxOfOutline, type Ring, ringArea } from "../shape/outline.ts";
import { createByteWriter, toJsonBytes } from "./byte-writer.ts";
import type { OutlineEncoder } from "./outline-encoder.ts";

export interface CocoOptions {
  /** Of the image: what readers look for beside the JSON. */
  readonly fileName: string;
  readonly height: number;
  readonly width: number;
  /** Names of the classes 1, 2, 3...: the categories. */
  readonly classNames: readonly string[];
  readonly classOf: (id: number) => number;
}

/** Run lengths go down the columns of the whole image and are at most 2^32 - 1. Throws Problem InvalidData for a larger image. */
export function assertCocoSize({ height, width }: { readonly height: number; readonly width: number }): void {
  if (height * width < 2 ** 32) return;
  const message = `COCO holds images of fewer than 4294967296 pixels; this one has ${width} x ${height}. Export GeoJSON.`;
  throw new Problem("InvalidData", message, { reason: "too large for COCO" });
}

/** Encodes one image's annotations. Throws Problem InvalidData for an image that is too large (`assertCocoSize`). */
export function createCocoEncoder({ fileName, height, width, classNames, classOf }: CocoOptions): OutlineEncoder {
  assertCocoSize({ height, width });
  const writer = createByteWriter();
  let isFirst = true;
  const addNumbers = (values: ArrayLike<number>) => {
    for (let i = 0; i < values.length; i++) {
      if (i > 0) writer.add(",");
      writer.integer(values[i]!);
    }
  };
  return {
    head: () => {
      const image = { id: 1, file_name: fileName, width, height };
      const categories = classNames.map((name, i) => ({ id: i + 1, name, supercategory: "object" }));
      writer.add(
        toJsonBytes({ info: { description: "Overtile", version: "1.0" }, licenses: [], images: [image], categories }).slice(0, -1),
      );
      writer.add(',"annotations":[');
      return writer.take();
    },
    encode: (batch) => {
      for (const outline of batch) {
        const { y0, x0, y1, x1 } = boxOfOutline(outline);
        const rings = outline.polygons.flat();
        writer.add(
          `${isFirst ? "" : ","}\n{"id":${outline.id},"image_id":1,"category_id":${classOf(outline.id)},"iscrowd":0,"segmentation":`,
        );
        isFirst = false;
        if (outline.polygons.every((rings) => rings.length === 1)) {
          for (const [i, [outer]] of outline.polygons.entries()) {
            writer.add(i === 0 ? "[[" : ",[");
            addNumbers(outer);
            writer.add("]");
          }
          writer.add("]");
        } else {
          writer.add(`{"size":[${height},${width}],"counts":[`);
          addNumbers(countDownColumns(rings, height, width));
          writer.add("]}");
        }
        const area = rings.reduce((sum, ring) => sum + ringArea(ring), 0) / 2;
        writer.add(`,"area":${area},"bbox":[${x0},${y0},${x1 - x0},${y1 - y0}]}`);
      }
      return writer.take();
    },
    tail: () => {
      writer.add("\n]}\n");
      return writer.take();
    },
  };
}

/** How many pixels are outside, inside, outside... of the rings, down the columns of the whole image. */
function countDownColumns(rings: readonly Ring[], height: number, width: number): readonly number[] {
  // Each level side of a ring switches between outside and inside in the columns that it crosses.
  const columns = new Map<number, number[]>();
  for (const ring of rings) {
    for (let i = 0; i < ring.length; i += 2) {
      const next = (i + 2) % ring.length;
      const y = ring[i + 1]!;
      if (ring[next + 1] !== y) continue;
      for (let x = Math.min(ring[i]!, ring[next]!); x < Math.max(ring[i]!, ring[next]!); x++) {
        const switches = columns.get(x);
        if (switches === undefined) columns.set(x, [y]);
        else switches.push(y);
      }
    }
  }
  const counts: number[] = [];
  let last = 0;
  for (const x of [...columns.keys()].sort((a, b) => a - b)) {
    const ys = columns.get(x)!.sort((a, b) => a - b);
    for (let i = 0; i < ys.length; i += 2) {
      const from = x * height + ys[i]!;
      const to = x * height + ys[i + 1]!;
      // What reaches the lower edge may go on at the top of the next column.
      if (counts.length > 0 && from === last) counts[counts.length - 1]! += to - from;
      else counts.push(from - last, to - from);
      last = to;
    }
  }
  if (last < height * width) counts.push(height * width - last);
  return counts;
}
