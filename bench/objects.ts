// A million objects in 16,384 x 16,384 pixels: components, outlines, measurements, files. Memory is the process's peak.
//   npm run bench:objects -- [--side 16384] [--pitch 16.384] [--band 1024] [--cpu] [--json build/bench-objects.json]
// Classes and grey values are made band by band; the time for that is left out, as is any disk.

import { mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import type { Band } from "../core/array/band.ts";
import { findObjects } from "../core/label/find-objects.ts";
import { createCocoEncoder } from "../core/label/format/coco.ts";
import { listColumns } from "../core/label/format/columns.ts";
import { createGeoJsonEncoder } from "../core/label/format/geojson.ts";
import { encodeTable } from "../core/label/format/table.ts";
import { labelBands, labelRuns } from "../core/label/label-bands.ts";
import { createMeasurer } from "../core/label/shape/measure.ts";
import type { Outline } from "../core/label/shape/outline.ts";
import { simplifyOutline } from "../core/label/shape/simplify.ts";
import { createOutlineTracer } from "../core/label/shape/trace-outlines.ts";
import { createRoiZipEncoder } from "../core/source/roi-zip.ts";

const { values } = parseArgs({
  options: {
    side: { type: "string", default: "16384" },
    pitch: { type: "string", default: "16.384" },
    band: { type: "string", default: "1024" },
    cpu: { type: "boolean", default: false },
    json: { type: "string", default: "build/bench-objects.json" },
  },
});
const [side, pitch, bandHeight] = [Number(values.side), Number(values.pitch), Number(values.band)];
const size = { height: side, width: side };

const clock = createClock();
const table = await clock.measure("components", () => findObjects(readClasses, { ...size, minSizePx: 10, fillHoles: true }));
const measurer = createMeasurer(table, { channels: 1 });
const tracer = createOutlineTracer();
const columns = listColumns({ pixelSizeUm: 0.5, channels: ["grey"] });
const classStyles = [
  { name: "cell", color: [86, 180, 233] as const },
  { name: "other", color: [230, 159, 0] as const },
];
const styleOf = (id: number) => classStyles[table.classes[id]! - 1];
const files = {
  geojson: createGeoJsonEncoder({ ...size, classOf: styleOf, columns, measurementOf: measurer.of }),
  coco: createCocoEncoder({ fileName: "a.tif", ...size, classNames: ["cell", "other"], classOf: (id) => table.classes[id]! }),
  rois: createRoiZipEncoder({ largestId: table.count, classOf: styleOf }),
};
const bytes: Record<string, number> = { geojson: 0, coco: 0, rois: 0, table: 0 };
let corners = 0;
let objects = 0;
let memoryOfObjects = 0;

const write = (batch: readonly Outline[]) => {
  for (const { polygons } of batch) for (const ring of polygons.flat()) corners += ring.length / 2;
  objects += batch.length;
  for (const [name, encoder] of Object.entries(files)) {
    bytes[name]! += clock.add(name, () => encoder.encode(batch)).length;
  }
  clock.add("simplify", () => batch.map((outline) => simplifyOutline(outline, 1)));
};
const runs = labelRuns(readClasses, table)[Symbol.asyncIterator]();
for (;;) {
  const next = await clock.measure("labels", () => runs.next());
  if (next.done) break;
  clock.add("measurements", () => measurer.add(next.value, greyBand(next.value)));
  const batch = clock.add("outlines", () => tracer.add(next.value));
  memoryOfObjects = Math.max(memoryOfObjects, process.memoryUsage.rss());
  write(batch);
}
write(clock.add("outlines", () => tracer.finish()));
for (const chunk of clock.addEach("table", encodeTable(table, { columns, measurementOf: measurer.of, classNames: ["cell", "other"] }))) {
  bytes["table"]! += chunk.length;
}
await clock.measure("label image", async () => {
  for await (const band of labelBands(readClasses, table)) if (band.data.length === 0) throw new Error("a band is empty");
});

const seconds = clock.seconds();
const sum = seconds["components"]! + seconds["labels"]! + seconds["measurements"]! + seconds["outlines"]!;
const peakBytes = process.resourceUsage().maxRSS * 1024;
console.log(
  `${objects} objects, ${corners} corners in ${side} x ${side}, bands of ${bandHeight} rows; ${values.cpu ? "seconds of CPU" : "seconds"}, load ${loadavg()[0]!.toFixed(1)}`,
);
console.log(`components + labels + measurements + outlines: ${sum.toFixed(1)} s`);
for (const [name, value] of Object.entries(seconds)) {
  const rate = bytes[name] === undefined ? "" : `  ${(bytes[name] / 1e6).toFixed(0)} MB, ${(bytes[name] / 1e6 / value).toFixed(0)} MB/s`;
  console.log(`  ${name.padEnd(13)} ${value.toFixed(2)} s${rate}`);
}
console.log(
  `memory: ${(memoryOfObjects / 1e6).toFixed(0)} MB at most before files are written, ${(peakBytes / 1e6).toFixed(0)} MB at its peak`,
);
mkdirSync(dirname(values.json), { recursive: true });
writeFileSync(values.json, JSON.stringify({ side, objects, corners, seconds, sum, bytes, peakBytes, load: loadavg()[0] }, null, 2));

/** Ellipses of two classes on a grid, each a little out of place; every tenth has a hole, of which some are open at a corner. */
async function* readClasses(): AsyncGenerator<Band> {
  const data = new Uint8Array(bandHeight * side);
  const perRow = Math.floor(side / pitch);
  for (let y0 = 0; y0 < side; y0 += bandHeight) {
    const height = Math.min(bandHeight, side - y0);
    clock.pause(() => {
      data.fill(0);
      for (let y = y0; y < y0 + height; y++) {
        for (let row = Math.max(0, Math.floor(y / pitch) - 1); row <= Math.min(perRow - 1, Math.floor(y / pitch) + 1); row++) {
          for (let column = 0; column < perRow; column++) paintRow(data, (y - y0) * side, y, row, column, perRow);
        }
      }
    });
    yield { y0, height, width: side, data: data.subarray(0, height * side) };
  }
}

function paintRow(data: Uint8Array, base: number, y: number, row: number, column: number, perRow: number): void {
  const noise = Math.imul((row * perRow + column) ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  const rx = pitch * (0.25 + (0.18 * (noise & 255)) / 255);
  const ry = pitch * (0.25 + (0.18 * ((noise >>> 8) & 255)) / 255);
  const cx = (column + 0.5) * pitch + (((noise >>> 16) & 15) / 15 - 0.5) * 0.1 * pitch;
  const cy = (row + 0.5) * pitch + (((noise >>> 20) & 15) / 15 - 0.5) * 0.1 * pitch;
  const half = rx * Math.sqrt(Math.max(0, 1 - ((y + 0.5 - cy) / ry) ** 2));
  if (half === 0) return;
  const from = Math.max(0, Math.ceil(cx - half - 0.5));
  const to = Math.min(side, Math.ceil(cx + half - 0.5));
  if (from >= to) return;
  data.fill(1 + (noise & 1), base + from, base + to);
  if (noise % 10 === 0 && Math.abs(y - cy) < 1.5) data[base + Math.floor(cx) + (noise % 20 === 0 ? y % 2 : 0)] = 0;
}

function greyBand({ y0, height }: { y0: number; height: number }): Band {
  return { y0, height, width: side, data: clock.pause(() => grey().subarray(0, height * side)) };
}

function grey(): Uint8Array {
  greyRows ??= Uint8Array.from({ length: bandHeight * side }, (_, i) => Math.imul(i, 0x9e3779b9) >>> 24);
  return greyRows;
}
var greyRows: Uint8Array | undefined;

/** Seconds by name, or with --cpu those of all of the process's threads, for a busy machine; what runs in `pause` counts for none. */
function createClock() {
  const sums: Record<string, number> = {};
  let paused = 0;
  const now = (): number => {
    if (!values.cpu) return performance.now();
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  const count = (name: string, start: number, pausedBefore: number) => {
    sums[name] = (sums[name] ?? 0) + now() - start - (paused - pausedBefore);
  };
  return {
    async measure<T>(name: string, work: () => Promise<T>): Promise<T> {
      const [start, before] = [now(), paused];
      const result = await work();
      count(name, start, before);
      return result;
    },
    add<T>(name: string, work: () => T): T {
      const [start, before] = [now(), paused];
      const result = work();
      count(name, start, before);
      return result;
    },
    *addEach<T>(name: string, items: Iterator<T>): Generator<T> {
      for (;;) {
        const next = this.add(name, () => items.next());
        if (next.done) return;
        yield next.value;
      }
    },
    pause<T>(work: () => T): T {
      const start = now();
      const result = work();
      paused += now() - start;
      return result;
    },
    seconds: () => Object.fromEntries(Object.entries(sums).map(([name, ms]) => [name, ms / 1000])),
  };
}
