// How the classes of pixels become objects. A model keeps the rule that suited its annotations best; `segment` takes it for "auto".

/** Plain JSON. */
export interface ObjectRule {
  /** Two classes: a pixel is an object where its probability is above this. With more classes the most probable one counts. */
  readonly threshold: number;
  /** True: background enclosed by an object becomes part of it. */
  readonly fillHoles: boolean;
  /** Objects of fewer pixels become background; 0 keeps all. */
  readonly minSizePx: number;
  /** Objects are cut apart at necks of this depth (`splitObjects`); 0: they stay whole. */
  readonly splitDepthPx: number;
  /** Standard deviation of the Gaussian that smooths the distance to the background before objects are cut; 0: none. */
  readonly smoothPx: number;
}

/** The rule of models that say nothing: the most probable class, nothing filled, dropped or cut. */
export const plainRule: ObjectRule = { threshold: 0.5, fillHoles: false, minSizePx: 0, splitDepthPx: 0, smoothPx: 0 };
