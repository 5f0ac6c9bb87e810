// Regions from a file, whatever its name: a ROI of ImageJ, a zip of them, or GeoJSON.

import { readGeoJson } from "../label/region/read-geojson.ts";
import { readRoi } from "../label/region/read-roi.ts";
import type { Region } from "../label/region/region.ts";
import { Problem } from "../problem.ts";
import { readZip } from "./zip.ts";
import { isSystemFile } from "./zip-name.ts";

/** A zip of ROIs holds this many at most; ImageJ itself is at its limits far below. */
const mostEntries = 65_534;
/** A ROI of a million corners has 12 MB; all of a file together are held as polygons. */
const largestRoiBytes = 2 ** 24;
const largestZipBytes = 2 ** 28;

/** The regions in the bytes of a file named `path`. Throws Problem InvalidData for what is none, and for a zip without ROIs. */
export function readRegions(bytes: Uint8Array, path: string): readonly Region[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = bytes.length < 4 ? 0 : view.getUint32(0);
  if (magic === 0x496f7574) return [readRoi(bytes, path)];
  if (magic === 0x504b0304) {
    const zip = readZip(bytes, {
      kind: "InvalidData",
      path,
      maxEntries: mostEntries,
      maxFileBytes: largestRoiBytes,
      maxBytes: largestZipBytes,
    });
    const names = zip.names.filter((name) => name.toLowerCase().endsWith(".roi") && !isSystemFile(name));
    if (names.length > 0) return names.map((name) => readRoi(zip.read(name), name));
    const reason = "no ROI in it";
    throw new Problem("InvalidData", `Expected a zip of ImageJ ROIs; ${path} has ${zip.names.length} files and ${reason}. Save it again.`, {
      path,
      reason,
    });
  }
  return readGeoJson(new TextDecoder().decode(bytes), path);
}
