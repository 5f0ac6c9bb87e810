// The columns of measurements: their names in tables and in QuPath, their values, their digits.

import type { Measurement } from "../shape/measure.ts";

export interface Column {
  /** In tables: lower case, the unit at the end. */
  readonly key: string;
  /** In QuPath. */
  readonly title: string;
  readonly read: (measurement: Measurement) => number;
}

export interface ColumnOptions {
  /** The width of a pixel; without it there are pixels only. */
  readonly pixelSizeUm?: number | undefined;
  /** Names of the measured channels. */
  readonly channels?: readonly string[];
  readonly probability?: boolean;
}

/** The columns of an image's objects: sizes in pixels, in micrometres too where the size of a pixel is known, shape, grey values. */
export function listColumns({ pixelSizeUm, channels = [], probability = false }: ColumnOptions = {}): readonly Column[] {
  const inPixels: Column[] = [
    { key: "area_px", title: "Area px^2", read: ({ areaPx }) => areaPx },
    { key: "perimeter_px", title: "Perimeter px", read: ({ perimeterPx }) => perimeterPx },
    { key: "centroid_x_px", title: "Centroid X px", read: ({ centroid }) => centroid.x },
    { key: "centroid_y_px", title: "Centroid Y px", read: ({ centroid }) => centroid.y },
  ];
  const um = pixelSizeUm ?? 0;
  const inMicrometres: Column[] = [
    { key: "area_um2", title: "Area µm^2", read: ({ areaPx }) => areaPx * um * um },
    { key: "perimeter_um", title: "Perimeter µm", read: ({ perimeterPx }) => perimeterPx * um },
    { key: "centroid_x_um", title: "Centroid X µm", read: ({ centroid }) => centroid.x * um },
    { key: "centroid_y_um", title: "Centroid Y µm", read: ({ centroid }) => centroid.y * um },
  ];
  return [
    ...inPixels,
    ...(pixelSizeUm === undefined ? [] : inMicrometres),
    { key: "circularity", title: "Circularity", read: ({ circularity }) => circularity },
    { key: "eccentricity", title: "Eccentricity", read: ({ eccentricity }) => eccentricity },
    ...channels.flatMap((name, c): Column[] => [
      { key: `${name}_mean`, title: `${name}: Mean`, read: ({ channels: of }) => of[c]!.mean },
      { key: `${name}_min`, title: `${name}: Min`, read: ({ channels: of }) => of[c]!.min },
      { key: `${name}_max`, title: `${name}: Max`, read: ({ channels: of }) => of[c]!.max },
      { key: `${name}_sd`, title: `${name}: Std.dev.`, read: ({ channels: of }) => of[c]!.sd },
    ]),
    ...(probability ? [{ key: "probability", title: "Probability", read: (of: Measurement) => of.probability ?? Number.NaN }] : []),
  ];
}
