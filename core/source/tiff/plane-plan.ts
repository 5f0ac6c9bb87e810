// What is known of the pages of a TIFF, and what is made of it: which page is which plane (planes.ts, ome-planes.ts).

export interface PlanePlan {
  readonly sizeZ: number;
  readonly sizeC: number;
  readonly sizeT: number;
  /** Index of the page of a plane in the file's chain; undefined where the file lacks it. */
  pageOf(z: number, c: number, t: number): number | undefined;
  readonly channelNames?: readonly string[];
  readonly pixelSizeUm?: number;
  /** What is wrong in what the file says of itself. */
  readonly notices?: readonly string[];
}

/** What the pages say: `usable` are the indices of the pages that are planes. */
export interface PagesInfo {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly description: string;
  readonly usable: readonly number[];
  /** Channels within one page. */
  readonly pageChannels: number;
  /** From the resolution tags: pixels a unit, and the unit (1 none, 2 inch, 3 centimetre). */
  readonly resolution: number | undefined;
  readonly unit: number;
}

/** Micrometres of a length in a unit; undefined for units that are none and lengths that cannot be. */
export function toMicrometres(value: number, unit: string): number | undefined {
  const factors: Readonly<Record<string, number>> = {
    nm: 1e-3,
    µm: 1,
    μm: 1,
    um: 1,
    micron: 1,
    microns: 1,
    "\\u00B5m": 1,
    mm: 1e3,
    cm: 1e4,
    m: 1e6,
  };
  const um = value * (factors[unit] ?? Number.NaN);
  return um > 0 && Number.isFinite(um) ? um : undefined;
}
