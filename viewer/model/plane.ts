// One plane of an image that has several.

/** The plane shown, zero-based. */
export interface Plane {
  readonly z: number;
  readonly t: number;
}
