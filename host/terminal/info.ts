// What `overtile info` prints: the table of layers from the layer list itself, and what the network costs.

import { gradientBytes, predictBytes } from "../../core/engine/memory.ts";
import type { Model } from "../../core/model/model.ts";
import { showText } from "../../core/source/plain-text.ts";
import { countMultiplyAdds, layerMultiplyAdds } from "../../core/unet/cost.ts";
import { countParameters, type Layer, planLayers } from "../../core/unet/layers.ts";
import { type Shape, shapeLayers } from "../../core/unet/shape.ts";
import type { UNetSpec } from "../../core/unet/spec.ts";
import type { RuleValues, Scores } from "../../plugin/contract.ts";
import { findScores } from "../../plugin/library/describe-model.ts";
import { learntRule, toRuleValues } from "../../plugin/parameter/choose-rule.ts";

export interface NetworkInfo {
  readonly spec: UNetSpec;
  readonly tile: number;
  readonly output: number;
  readonly parameters: number;
  readonly multiplyAdds: number;
  readonly predictMegabytes: number;
  readonly trainMegabytes: number;
  readonly layers: readonly LayerInfo[];
  readonly model?: NamedModel;
}

export interface NamedModel {
  readonly name: string;
  readonly version: number;
  readonly description: string;
  readonly classes: readonly string[];
  /** What it learnt from, in words. */
  readonly provenance?: string;
  /** SPDX identifier. */
  readonly license?: string;
  readonly scores?: Scores;
  /** What `segment` takes for "auto", in the words of its parameters. */
  readonly objects: RuleValues;
}

export interface LayerInfo {
  readonly name: string;
  readonly kernel: string;
  readonly input: string;
  readonly skip?: string;
  readonly multiplyAdds: number;
}

/** The network's layers and costs for a tile. Throws Problem InvalidParameter for a tile that is not legal. */
export function describeNetwork(spec: UNetSpec, tile: number, model?: Model): NetworkInfo {
  const shaped = shapeLayers(spec, tile);
  return {
    spec,
    tile,
    output: shaped.at(-1)!.output[0],
    parameters: countParameters(planLayers(spec)),
    multiplyAdds: countMultiplyAdds(spec, tile),
    predictMegabytes: Math.ceil(predictBytes(spec, tile, tile) / 1e6),
    trainMegabytes: Math.ceil(gradientBytes(spec, tile, tile) / 1e6),
    layers: numberLayers(shaped),
    ...(model && { model: nameModel(model) }),
  };
}

function nameModel({ name, version, description, classNames, license, training, spec }: Model): NamedModel {
  const { provenance } = training;
  const scores = findScores(training);
  return {
    ...{ name, version, description, classes: classNames },
    ...(typeof provenance === "string" && { provenance }),
    ...(license !== undefined && { license }),
    ...(scores && { scores }),
    objects: toRuleValues(learntRule({ spec, training })),
  };
}

/** What is known of a model beside its network: a line each. */
function formatModel({ name, version, description, classes, provenance, license, scores, objects }: NamedModel): readonly string[] {
  const numbers = Object.entries(scores ?? {}).filter(([key]) => ["f1", "ap50", "images"].includes(key));
  return [
    `${name}@${version}: ${description}`,
    `classes: ${classes.join(", ")}`,
    ...(provenance === undefined ? [] : [`learnt from ${showText(provenance)}`]),
    ...(numbers.length === 0 ? [] : [`scores: ${numbers.map(([key, value]) => `${key} ${Number(value.toFixed(3))}`).join(", ")}`]),
    `objects: ${Object.entries(objects)
      .map(([key, value]) => `${key} ${value}`)
      .join(", ")}`,
    ...(license === undefined ? [] : [`licence: ${showText(license)}`]),
  ];
}

const kernels: Readonly<Record<Layer["kind"], string>> = {
  conv: "3x3/1",
  pool: "2x2/2",
  upconv: "2x2/2",
  head: "1x1/1",
  dropout: "",
  concat: "",
};

/** The layers by the names of the paper's tables: conv1 ..., maxpool1 ..., upconv1 ... */
function numberLayers(shaped: ReturnType<typeof shapeLayers>): readonly LayerInfo[] {
  const counts = { conv: 0, maxpool: 0, upconv: 0 };
  const convOfLevel = new Map<number, string>();
  const name = (kind: keyof typeof counts): string => `${kind}${++counts[kind]}`;
  return shaped.flatMap(({ layer, input, output }): LayerInfo[] => {
    if (layer.kind === "dropout" || layer.kind === "concat") return [];
    const row = { kernel: kernels[layer.kind], input: formatShape(input), multiplyAdds: layerMultiplyAdds(layer, input, output) };
    if (layer.kind === "pool") return [{ name: name("maxpool"), ...row }];
    if (layer.kind === "upconv") return [{ name: name("upconv"), ...row, skip: convOfLevel.get(layer.level)! }];
    const conv = name("conv");
    if (layer.kind === "conv" && layer.skip) convOfLevel.set(layer.level, conv);
    return [{ name: conv, ...row }];
  });
}

function formatShape([height, width, channels]: Shape): string {
  return `${height}x${width}x${channels}`;
}

/** The table as text. */
export function formatNetwork(info: NetworkInfo): string {
  const { spec, layers, tile, output, model } = info;
  const rows = layers.map(({ name, kernel, input, skip, multiplyAdds }) => [
    name,
    kernel,
    skip ? `${input} (+ ${skip})` : input,
    (multiplyAdds / 1e9).toFixed(3),
  ]);
  const head = ["layer", "kernel/stride", "input (+ skip, cropped)", "GMAC"];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const format = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 3 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join("  ");
  return [
    ...(model ? formatModel(model) : []),
    `${spec.channels} channel(s), ${spec.classes} classes, ${spec.levels} levels, ${spec.features} features, dropout ${spec.dropout}`,
    "",
    format(head),
    ...rows.map(format),
    "",
    `input ${tile}x${tile}x${spec.channels} -> output ${output}x${output}x${spec.classes}`,
    `${info.parameters.toLocaleString("en")} parameters, ${(info.multiplyAdds / 1e9).toFixed(1)} GMAC a tile`,
    `about ${info.predictMegabytes} MB to segment, ${info.trainMegabytes} MB to train`,
  ].join("\n");
}
