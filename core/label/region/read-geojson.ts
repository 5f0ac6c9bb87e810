// GeoJSON (RFC 7946) as regions, in pixels and y down: what QuPath, napari and our own export write. Lines and points have no
// area and give regions without polygons; so do features whose geometry is null or has no coordinates, which the format allows.

import { parseJson } from "../../json.ts";
import { describeError, Problem } from "../../problem.ts";
import type { Region, Shape } from "./region.ts";

/** A region with what its feature says besides. */
export interface GeoRegion extends Region {
  readonly properties: Readonly<Record<string, unknown>>;
}

/**
 * The regions of GeoJSON text, or of what was parsed from it: a FeatureCollection, a Feature, a geometry, or a list of
 * features. `name` is told in errors. Throws Problem InvalidData, with the number of the feature.
 */
export function readGeoJson(input: unknown, name: string): readonly GeoRegion[] {
  const json = typeof input === "string" ? parse(input, name) : input;
  const features = listFeatures(json);
  if (features === undefined) throw geoProblem("it is no GeoJSON", name);
  return features.map((feature, i) => readFeature(feature, `feature ${i + 1}`, name));
}

function parse(text: string, name: string): unknown {
  try {
    return parseJson(text);
  } catch (cause) {
    throw geoProblem(`it is no JSON (${describeError(cause)})`, name);
  }
}

function listFeatures(json: unknown): readonly unknown[] | undefined {
  if (Array.isArray(json)) return json;
  const { type, features } = (json ?? {}) as { type?: unknown; features?: unknown };
  if (type === "FeatureCollection") return Array.isArray(features) ? features : (features ?? undefined) === undefined ? [] : undefined;
  if (type === "Feature") return [json];
  return typeof type === "string" ? [{ type: "Feature", geometry: json, properties: null }] : undefined;
}

function readFeature(feature: unknown, place: string, file: string): GeoRegion {
  const { geometry, properties } = (feature ?? {}) as { geometry?: unknown; properties?: unknown };
  const known = isRecord(properties) ? properties : {};
  const { name, classification } = known;
  const className = isRecord(classification) ? classification["name"] : classification;
  return {
    ...(typeof name === "string" && { name }),
    ...(typeof className === "string" && { className }),
    polygons: readGeometry(geometry, place, file),
    properties: known,
  };
}

/** Collections in collections; the standard advises against any. */
const mostCollections = 16;

function readGeometry(geometry: unknown, place: string, file: string, depth = 0): readonly Shape[] {
  if (geometry === null || geometry === undefined) return [];
  const { type, coordinates, geometries } = geometry as { type?: unknown; coordinates?: unknown; geometries?: unknown };
  const refuse = () => geoProblem(`${place} is ${JSON.stringify(type) ?? "none"} with coordinates that are none`, file);
  const listOf = (value: unknown): readonly unknown[] => {
    if (!Array.isArray(value)) throw refuse();
    return value;
  };
  const readRing = (ring: unknown): readonly number[] => {
    const flat = listOf(ring).flatMap((position) => {
      const [x, y] = listOf(position);
      if (typeof x !== "number" || typeof y !== "number" || !Number.isFinite(x) || !Number.isFinite(y)) throw refuse();
      return [x, y];
    });
    const isClosed = flat.length > 2 && flat[0] === flat.at(-2) && flat[1] === flat.at(-1);
    const open = isClosed ? flat.slice(0, -2) : flat;
    if (open.length < 6) throw refuse();
    return open;
  };
  if (depth > mostCollections) throw geoProblem(`${place} has collections in more than ${mostCollections} collections`, file);
  const isEmpty = (list: unknown): boolean => Array.isArray(list) && list.length === 0;
  // Holes in nothing are nothing, and an empty hole is none.
  const readShape = (rings: unknown): readonly Shape[] => {
    const [outer, ...holes] = listOf(rings);
    return outer === undefined || isEmpty(outer) ? [] : [[outer, ...holes.filter((hole) => !isEmpty(hole))].map(readRing)];
  };
  if (type === "Polygon") return readShape(coordinates);
  if (type === "MultiPolygon") return listOf(coordinates).flatMap(readShape);
  if (type === "GeometryCollection") return listOf(geometries).flatMap((part) => readGeometry(part, place, file, depth + 1));
  if (typeof type === "string" && /^(Multi)?(Point|LineString)$/.test(type)) return [];
  throw refuse();
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function geoProblem(reason: string, path: string): Problem {
  return new Problem("InvalidData", `Expected GeoJSON in pixels; ${path} cannot be used: ${reason}. Export it again.`, { path, reason });
}
