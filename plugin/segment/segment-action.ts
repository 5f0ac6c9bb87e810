// `segment` as hosts call it: model and image opened, workers started, the story told for each plane, results as pixels.

import { gridSize } from "../../core/image/object-scale.ts";
import type { Plane } from "../../core/image/read-image.ts";
import type { Job } from "../../core/job.ts";
import type { Model } from "../../core/model/model.ts";
import { planPrediction, type Segmentation, segment } from "../../core/segment.ts";
import { assertFound, describeMissing } from "../../core/source/gaps.ts";
import { openSource } from "../../core/source/open.ts";
import type { ImageSource } from "../../core/source/source.ts";
import type { ChosenTile } from "../../core/tile/choose.ts";
import type { Context, Image, Parameters, Pixels, SegmentResult } from "../contract.ts";
import type { Crew } from "../crew/compute.ts";
import { shareMemory } from "../crew/crew-plan.ts";
import { chooseScale, matchPlanes, startSegmentCrew } from "../crew/segment-crew.ts";
import { loadModel, modelTitle, toReference } from "../library/load-model.ts";
import { assertThreshold, chooseRule, learntRule, toRuleValues } from "../parameter/choose-rule.ts";
import type { Values } from "../parameter/parameter-table.ts";
import { resolveParameters } from "../parameter/parameters.ts";
import type { Workspace } from "../workspace.ts";
import { joinArrays, pixelsOfLabels } from "./label-pixels.ts";
import { describeNothing } from "./nothing-found.ts";

/** Segments an image with a model. Throws Problem of many kinds, AbortError. */
export async function* segmentImage(image: Image, given: Parameters, workspace: Workspace, context: Context = {}): Job<SegmentResult> {
  const segmenter = createSegmenter(given, workspace);
  try {
    return yield* segmenter.segment(image, context);
  } finally {
    segmenter.release();
  }
}

/** Segments one image after the other with the same parameters. */
export interface Segmenter {
  /** Workers that stand by are taken where the image asks for the same tile. Throws Problem of many kinds, AbortError. */
  segment(image: Image, context?: Context): Job<SegmentResult>;
  /** Ends the workers that stand by; the next image starts new ones. */
  release(): void;
}

/** A segmenter without workers yet. `opened`: the model that the parameters name, where it is loaded. Throws Problem InvalidParameter. */
export function createSegmenter(given: Parameters, workspace: Workspace, opened?: Model): Segmenter {
  const values = resolveParameters("segment", given);
  let loaded = opened;
  let standing: { readonly chosen: ChosenTile; readonly crew: Crew } | undefined;
  const release = (): void => {
    standing?.crew.dispose();
    standing = undefined;
  };
  async function* takeCrew(model: Model, chosen: ChosenTile, { signal, log }: Context): Job<Crew> {
    const isSame = standing?.chosen.tile === chosen.tile && standing.chosen.keepFilters === chosen.keepFilters;
    if (standing !== undefined && isSame) return standing.crew;
    release();
    const crew = yield* startSegmentCrew(model, chosen, values, workspace, { signal, log });
    standing = { chosen, crew };
    return crew;
  }
  return {
    release,
    async *segment(image, context = {}) {
      loaded ??= yield* loadModel(values.model, workspace, context.signal);
      const model = loaded;
      assertThreshold(values, model);
      const source = await openSource(image, { signal: context.signal });
      try {
        const { spec } = model;
        const { pixelsPerStep, notices: ofScale } = chooseScale(values, model, source);
        const reading = { isSlide: false, pixelsPerStep, signal: context.signal };
        const { planes, notices } = await matchPlanes(source, model, values, reading);
        const budget = shareMemory(values);
        const chosen = planPrediction(gridSize(source, pixelsPerStep), spec, { tile: values.tile, budget });
        yield* notices;
        if (pixelsPerStep !== 1) yield* ofScale;
        const crew = yield* takeCrew(model, chosen, context);
        const { tile } = chosen;
        const rule = chooseRule(values, learntRule(model, pixelsPerStep));
        const { minSizePx } = rule;
        const keepProbabilities = values.output.includes("probabilities");
        const results: Segmentation[] = [];
        for (const [number, plane] of planes.entries()) {
          const options = { plane, pixelsPerStep, image: number, tile, budget, ...rule, symmetry: values.symmetry, keepProbabilities };
          results.push(yield* segment(source, spec, crew.networks, options, context.signal));
        }
        assertFound(source);
        const missing = describeMissing(source);
        if (missing !== undefined) yield { kind: "notice", done: 0, message: missing };
        const nothing = describeEmptyResult(results, {
          source,
          model,
          planes,
          minSizePx,
          isScaled: values.scale !== "auto" || pixelsPerStep !== 1,
        });
        if (nothing !== undefined) yield { kind: "notice", done: 0, message: nothing };
        const resolved = {
          tile,
          scale: 1 / pixelsPerStep,
          ...toRuleValues(rule),
          workers: crew.networks.length,
          backend: crew.backendName,
        };
        const parameters = { ...values, ...resolved, model: toReference(values.model, model) };
        const lacks = missing === undefined ? {} : { missingChunks: source.gaps!.missingChunks };
        const found = { ...toPixels(results, source, values), ...lacks, ...(nothing !== undefined && { nothing }) };
        return { ...found, rule, model: modelTitle(model), parameters, backend: crew.backend };
      } finally {
        source.dispose?.();
      }
    },
  };
}

interface EmptyContext {
  readonly source: ImageSource;
  readonly model: Model;
  readonly planes: readonly Plane[];
  readonly minSizePx: number;
  readonly isScaled: boolean;
}

/** Why no plane has an object; undefined where one has. */
function describeEmptyResult(results: readonly Segmentation[], { source, ...context }: EmptyContext): string | undefined {
  if (results.some(({ labels }) => labels.count > 0)) return undefined;
  const all = results.map(({ findings }) => findings);
  const most = all.reduce((one, { dropped }) => (dropped.largestPx > one.largestPx ? dropped : one), all[0]!.dropped);
  const probabilities = all.map(({ nearest }) => nearest ?? Number.NaN);
  const nearest = Math.max(...probabilities);
  const findings = {
    dropped: { count: all.reduce((sum, { dropped }) => sum + dropped.count, 0), largestPx: most.largestPx },
    ...(!Number.isNaN(nearest) && { nearest }),
    isFlat: all.every(({ isFlat }) => isFlat === true),
  };
  return describeNothing({ ...context, image: source, pixelSizeUm: source.pixelSizeUm, findings });
}

/**
 * What was asked for, on the image's own grid: labels and classes [planes, height, width], probabilities [planes, classes, height, width];
 * and of two classes the bytes that objects are made of anew.
 */
function toPixels(
  results: readonly Segmentation[],
  source: ImageSource,
  { output, plane }: Pick<Values<"segment">, "output" | "plane">,
): Pick<SegmentResult, "labels" | "classes" | "probabilities" | "probability" | "objects"> {
  const wanted = new Set(output.split(","));
  const stack = plane.trim() === "all" ? stackAxes(source) : { axes: "", shape: [] };
  const { height, width } = source;
  const shared = source.pixelSizeUm === undefined ? {} : { pixelSizeUm: source.pixelSizeUm };
  const pixels = (name: string, axes: string, shape: readonly number[], data: Pixels["data"]): Pixels => ({
    data,
    shape: [...stack.shape, ...shape],
    axes: stack.axes + axes,
    name: `${source.name}.${name}`,
    ...shared,
  });
  const shape = [height, width];
  return {
    ...(wanted.has("labels") && { labels: pixels("labels", "yx", shape, pixelsOfLabels(results.map(({ labels }) => labels.data))) }),
    ...(wanted.has("classes") && { classes: pixels("classes", "yx", shape, joinArrays(results.map(({ classes }) => classes.data))) }),
    ...(wanted.has("probabilities") && {
      probabilities: pixels("probabilities", "cyx", [results[0]!.probabilities!.channels, ...shape], joinArrays(results.map(toPlanar))),
    }),
    ...(results[0]?.bytes !== undefined && {
      probability: pixels("probability", "yx", shape, joinArrays(results.map(({ bytes }) => bytes!.data))),
    }),
    objects: results.reduce((sum, result) => sum + result.labels.count, 0),
  };
}

function stackAxes({ sizeZ, sizeT }: ImageSource): { readonly axes: string; readonly shape: readonly number[] } {
  const axes = `${sizeT > 1 ? "t" : ""}${sizeZ > 1 ? "z" : ""}`;
  return { axes, shape: [...(sizeT > 1 ? [sizeT] : []), ...(sizeZ > 1 ? [sizeZ] : [])] };
}

/** Probabilities with each class in one piece. */
function toPlanar({ probabilities }: Segmentation): Float32Array {
  const { data, channels } = probabilities!;
  const pixels = data.length / channels;
  const out = new Float32Array(data.length);
  for (let c = 0; c < channels; c++) for (let i = 0; i < pixels; i++) out[c * pixels + i] = data[i * channels + c]!;
  return out;
}
