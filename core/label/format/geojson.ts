// Objects as GeoJSON (RFC 7946) in the form that QuPath opens: pixels of the full image, y down, corners at whole numbers.

import type { Measurement } from "../shape/measure.ts";
import { createByteWriter, toBytes, toJsonBytes } from "./byte-writer.ts";
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
  const titles = columns.map(({ title }) => toBytes(`${JSON.stringify(title)}:`));
  const texts = {
    first: toBytes('\n{"type":"Feature","id":'),
    next: toBytes(',\n{"type":"Feature","id":'),
    polygon: toBytes(',"geometry":{"type":"Polygon","coordinates":'),
    polygons: toBytes(',"geometry":{"type":"MultiPolygon","coordinates":['),
    name: toBytes(`},"properties":{"objectType":"${objectType}","name":"`),
    style: toBytes(',"classification":'),
    measurements: toBytes(',"measurements":{'),
  };
  const styles = new Map<ClassStyle, Uint8Array>();
  let isFirst = true;

  const addStyle = (style: ClassStyle) => {
    let bytes = styles.get(style);
    if (bytes === undefined) {
      bytes = toJsonBytes(style);
      styles.set(style, bytes);
    }
    writer.add(texts.style);
    writer.add(bytes);
  };
  const addMeasurements = (measurement: Measurement) => {
    let isAny = false;
    for (let i = 0; i < columns.length; i++) {
      const value = columns[i]!.read(measurement);
      if (!Number.isFinite(value)) continue;
      writer.add(isAny ? "," : texts.measurements);
      writer.add(titles[i]!);
      writer.number(value);
      isAny = true;
    }
    if (isAny) writer.add("}");
  };

  return {
    head: () => {
      writer.add(`{"type":"FeatureCollection","bbox":[0,0,${width},${height}],"features":[`);
      return writer.take();
    },
    encode: (batch) => {
      for (const { id, polygons } of batch) {
        writer.add(isFirst ? texts.first : texts.next);
        isFirst = false;
        writer.integer(id);
        const isMulti = polygons.length !== 1;
        writer.add(isMulti ? texts.polygons : texts.polygon);
        for (const [i, rings] of polygons.entries()) {
          writer.add(i === 0 ? "[" : ",[");
          for (const [k, ring] of rings.entries()) {
            if (k > 0) writer.add(",");
            writer.closedRing(ring);
          }
          writer.add("]");
        }
        if (isMulti) writer.add("]");
        writer.add(texts.name);
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
