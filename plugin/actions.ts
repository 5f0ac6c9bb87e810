// What every host calls: the actions as jobs. Each resolves its parameters by the one table, opens what it is given,
// starts workers, and tells a story of core/. The terminal runs them here; in a browser the job worker does (job-api.ts).

export { evaluatePairs, type Pair } from "./evaluate/evaluate-action.ts";
export { makeObjects } from "./segment/objects-action.ts";
export { createSegmenter, type Segmenter, segmentImage } from "./segment/segment-action.ts";
export { type TrainContext, type TrainingSamples, trainOnSamples } from "./train/train-action.ts";
