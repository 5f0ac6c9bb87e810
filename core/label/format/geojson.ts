// Objects as GeoJSON (RFC 7946) in the form that QuPath opens: pixels of the full image, y down, corners at whole numbers.

import type { Measurement } from "../shape/measure.ts";
import { createByteWriter, toJsonBytes } from "./byte-writer.ts";
import type { Column } from "./columns.ts";
import type { ClassStyle, OutlineEncoder } from "./outline-encoder.ts";

export interface GeoJsonOptions {
  readonly height: number;
  readonly width: number;
  /** QuPath draws and edits annotations, and is fast with any number of detections. */
  readonly objectType?: "annotation" | "detection" | "cell";
  readonly classOf?: (id: number) => ClassStyle | undefined;
  /** The name of an object's region, where there are regions: written as QuPath's metadata. */
  readonly regionOf?: ((id: number) => string) | undefined;
  /** What is written as measurements, in this order. */
  readonly columns?: readonly Column[];
  readonly measurementOf?: (id: number) => Measurement;
}

/**
 * Encodes a FeatureCollection: a Polygon for each object, or a MultiPolygon for one in several pieces. Rings are closed and
 * wound as the RFC has it (outer ones counterclockwise with y up). `bbox` is the image: QuPath and others place by it.
 */
export function createGeoJsonEncoder(options: GeoJsonOptions): OutlineEncoder {
  const { height, width, objectType = "detection", classOf, regionOf, columns = [], measurementOf } = options;
  const writer = createByteWriter();
  const titles = columns.map(({ title }) => toJsonBytes(title));
  const styles = new Map<ClassStyle, Uint8Array>();
  let isFirst = true;

  const addStyle = (style: ClassStyle) => {
    let bytes = styles.get(style);
    if (bytes === undefined) {
      bytes = toJsonBytes(style);
      styles.set(style, bytes);
    }
    writer.add(',"classification":');
    writer.add(bytes);
  };
  const addMeasurements = (measurement: Measurement) => {
    let separator = ',"measurements":{';
    for (const [i, { read }] of columns.entries()) {
      const value = read(measurement);
      if (!Number.isFinite(value)) continue;
      writer.add(separator);
      writer.add(titles[i]!);
      writer.add(":");
      writer.number(value);
      separator = ",";
    }
    if (separator === ",") writer.add("}");
  };

  return {
    head: () => {
      writer.add(`{"type":"FeatureCollection","bbox":[0,0,${width},${height}],"features":[`);
      return writer.take();
    },
    encode: (batch) => {
      for (const { id, polygons } of batch) {
        writer.add(isFirst ? '\n{"type":"Feature","id":' : ',\n{"type":"Feature","id":');
        isFirst = false;
        writer.integer(id);
        const isMulti = polygons.length !== 1;
        writer.add(`,"geometry":{"type":"${isMulti ? "MultiPolygon" : "Polygon"}","coordinates":${isMulti ? "[" : ""}`);
        for (const [i, rings] of polygons.entries()) {
          writer.add(i === 0 ? "[" : ",[");
          for (const [k, ring] of rings.entries()) {
            if (k > 0) writer.add(",");
            writer.closedRing(ring);
          }
          writer.add("]");
        }
        writer.add(`${isMulti ? "]" : ""}},"properties":{"objectType":"${objectType}","name":"`);
        writer.integer(id);
        writer.add('"');
        const style = classOf?.(id);
        if (style !== undefined) addStyle(style);
        if (regionOf !== undefined) {
          writer.add(',"metadata":');
          writer.add(toJsonBytes({ region: regionOf(id) }));
        }
        if (measurementOf !== undefined && columns.length > 0) addMeasurements(measurementOf(id));
        writer.add("}}");
      }
      return writer.take();
    },
    tail: () => {
      writer.add("\n]}\n");
      return writer.take();
    },
  };
}
