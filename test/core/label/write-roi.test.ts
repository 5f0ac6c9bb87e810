import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeAll } from "../../../core/label/format/outline-encoder.ts";
import type { Outline } from "../../../core/label/shape/outline.ts";
import { traceOutlines } from "../../../core/label/shape/trace-outlines.ts";
import { createRoiZipEncoder } from "../../../core/source/roi-zip.ts";
import { readZip } from "../../../core/source/zip.ts";
import { createZipStream } from "../../../core/source/zip-stream.ts";
import { canRun, hasImageJ, readWithImageJ } from "../../support/imagej.ts";
import { anyLabels, labels, noisyLabels, pixelsById } from "./text.ts";

const anyObjects = fc.oneof(anyLabels(), noisyLabels(14, 1), noisyLabels(10, 3));

describe("ImageJ's ROIs", () => {
  it("in a zip that our own reader opens, named so that they sort by id", () => {
    const outlines = traceOutlines(labels("1.2"));
    const encoder = createRoiZipEncoder({
      largestId: 1_000_000,
      classOf: (id) => (id === 2 ? { name: "a/b", color: [1, 2, 3] } : undefined),
    });
    const bytes = Buffer.concat(encodeAll(outlines, encoder));
    const zip = readZip(bytes, { kind: "InvalidData" });
    expect(zip.names).toEqual(["0000001.roi", "0000002-a_b.roi"]);
    expect([...zip.read("0000002-a_b.roi").slice(40, 44)]).toEqual([255, 1, 2, 3]);
  });

  it.skipIf(!hasImageJ())(
    "cover the same pixels in ImageJ itself: holes, pieces, corners, and places beyond 16 bits",
    () => {
      const images = fc.sample(anyObjects, { numRuns: 60, seed: 43 });
      const encoder = createRoiZipEncoder({ largestId: 1 });
      const wanted = new Map<string, Set<string>>();
      const outlines: Outline[] = [];
      for (const [i, image] of images.entries()) {
        const far = i % 3 === 2 ? 90_000 : 0;
        for (const { id, polygons } of traceOutlines(image)) {
          const name = 1000 * (i + 1) + id;
          outlines.push({ id: name, polygons: polygons.map((rings) => rings.map((ring) => ring.map((value) => value + far))) as never });
          const pixels = [...pixelsById(image).get(id)!].map((pixel) =>
            pixel
              .split(",")
              .map((value) => Number(value) + far)
              .join(),
          );
          wanted.set(String(name).padStart(5, "0"), new Set(pixels));
        }
      }
      const folder = mkdtempSync(join(tmpdir(), "overtile-rois-"));
      writeFileSync(join(folder, "RoiSet.zip"), Buffer.concat(encodeAll(outlines, encoder)));
      const found = readWithImageJ([join(folder, "RoiSet.zip")]);
      rmSync(folder, { recursive: true });
      expect(wanted.size).toBeGreaterThan(100);
      expect(found).toEqual(wanted);
    },
    60_000,
  );
});

describe("a zip of any number of files", () => {
  const hasPython = canRun("python3", ["--version"]);
  if (!hasPython) console.warn("Skipped: zip64 as Python reads it (no python3 here)");
  it.skipIf(!hasPython)(
    "is read by Python's zipfile beyond 65,535 files, every checksum right",
    () => {
      const zip = createZipStream();
      const parts: Uint8Array[] = [];
      for (let i = 0; i < 70_000; i++) {
        zip.add(`${i}.roi`, Uint8Array.of(i & 255, i >> 8));
        if (i % 1000 === 0) parts.push(zip.take());
      }
      const folder = mkdtempSync(join(tmpdir(), "overtile-zip-"));
      writeFileSync(join(folder, "many.zip"), Buffer.concat([...parts, zip.finish()]));
      const script =
        "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(len(z.namelist()), z.testzip(), list(z.read('69999.roi')))";
      const answer = execFileSync("python3", ["-c", script, join(folder, "many.zip")])
        .toString()
        .trim();
      rmSync(folder, { recursive: true });
      expect(answer).toBe("70000 None [111, 17]");
    },
    30_000,
  );
});
