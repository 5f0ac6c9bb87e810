// A part of an image with the outlines of its labels over it, as PNG: the slide's picture of the README, and a way to look at any result.
//   npm run slide:picture -- IMAGE LABELS OUT.png [--region x,y,width,height] [--zoom 1]
// docs/results.md has the commands that made docs/slide.png.

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { openSource } from "../core/source/open.ts";
import { writePng } from "../core/source/write-png.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { region: { type: "string" }, zoom: { type: "string", default: "1" } },
});
const [imagePath, labelsPath, out] = positionals;
if (imagePath === undefined || labelsPath === undefined || out === undefined) throw new Error("Expected IMAGE LABELS OUT.png");
const outlineColor = [255, 226, 0] as const;

const image = await openSource(imagePath);
const labels = await openSource(labelsPath);
const [x0, y0, w, h] = (values.region?.split(",").map(Number) ?? [0, 0, image.width, image.height]) as [number, number, number, number];
const box = { y0, x0, y1: y0 + h, x1: x0 + w };
const pixels = await image.read(box);
const ids = await labels.read(box);
const zoom = Number(values.zoom);
const height = h * zoom;
const width = w * zoom;
const data = new Uint8Array(height * width * 3);
for (let y = 0, i = 0; y < height; y++) {
  for (let x = 0; x < width; x++) {
    const from = indexAt(y, x) * pixels.channels;
    const isOutline = isEdge(y, x);
    for (let c = 0; c < 3; c++) data[i++] = isOutline ? outlineColor[c]! : pixels.data[from + Math.min(c, pixels.channels - 1)]!;
  }
}
writeFileSync(out, await writePng({ height, width, channels: 3, data }));

/** Where a pixel of the picture lies in the image. */
function indexAt(y: number, x: number): number {
  return Math.floor(y / zoom) * w + Math.floor(x / zoom);
}

/** True for a pixel of an object beside one that is not of it. */
function isEdge(y: number, x: number): boolean {
  const id = ids.data[indexAt(y, x)]!;
  const isOther = (row: number, column: number): boolean =>
    row >= 0 && column >= 0 && row < height && column < width && ids.data[indexAt(row, column)] !== id;
  return id !== 0 && (isOther(y - 1, x) || isOther(y + 1, x) || isOther(y, x - 1) || isOther(y, x + 1));
}
