// The description of a model in the words of bioimage.io (rdf.yaml, model format 0.5): what goes in, what comes out, how to tile.
// The output is class probabilities (softmax is in the network), so there is no postprocessing. What only we need is under
// `config.overtile`. https://github.com/bioimage-io/spec-bioimage-io

import { countParameters, planLayers } from "../unet/layers.ts";
import { type Model, planTiling } from "./model.ts";
import { type Precision, tensorflowVersion } from "./model-json.ts";
import { opsetVersion } from "./onnx.ts";

/** Files of an archive and their SHA-256; `onnx` and `training` may be absent from archives of others. */
export interface ArchiveFile {
  readonly source: string;
  readonly sha256: string;
}
export interface ArchiveFiles {
  readonly tensorflowJs: ArchiveFile;
  readonly onnx?: ArchiveFile;
  readonly testInput: ArchiveFile;
  readonly testOutput: ArchiveFile;
  readonly training: ArchiveFile;
  /** How the weights for TensorFlow.js are stored. */
  readonly precision: Precision;
}

/** The newest meaning of `config.overtile` that is known. 2: weights may be float16. An archive says the least that it needs. */
export const configFormat = 2;

const paper = {
  text: "Ronneberger O., Fischer P., Brox T. U-Net: Convolutional Networks for Biomedical Image Segmentation. MICCAI 2015",
  doi: "10.1007/978-3-319-24574-4_28",
};

/** The description as plain data, ready for YAML. */
export function createDescription(model: Model, files: ArchiveFiles) {
  const { spec, normalization, pixelSizeUm } = model;
  return {
    format_version: "0.5.7",
    type: "model",
    name: `${model.name.replace(/[^\w\-() ]/g, "_").slice(0, 50)} (Overtile)`,
    description: model.description.slice(0, 1024),
    version: String(model.version),
    authors: (model.authors ?? ["A user of Overtile"]).map((name) => ({ name })),
    license: model.license ?? "CC-BY-4.0",
    cite: [paper],
    documentation: "README.md",
    tags: ["unet", "semantic-segmentation", "2d", "overtile", "tensorflow-js", "onnx"],
    timestamp: new Date(model.created).toISOString(),
    attachments: [files.training],
    inputs: [describeInput(model, files.testInput)],
    outputs: [describeOutput(model, files.testOutput)],
    weights: {
      tensorflow_js: { ...files.tensorflowJs, tensorflow_version: tensorflowVersion },
      ...(files.onnx ? { onnx: { ...files.onnx, opset_version: opsetVersion, parent: "tensorflow_js" } } : {}),
    },
    config: {
      bioimageio: { architecture_type: "U-Net", task: "semantic segmentation", model_parameter_count: countParameters(planLayers(spec)) },
      overtile: {
        format: files.precision === "float16" ? 2 : 1,
        name: model.name,
        version: model.version,
        network: { ...spec },
        class_names: [...model.classNames],
        channel_names: [...model.channelNames],
        normalization: { ...normalization, percentiles: [...normalization.percentiles] },
        ...(files.precision === "float16" && { weights: files.precision }),
        ...(pixelSizeUm === undefined ? {} : { pixel_size_um: pixelSizeUm }),
        ...(model.authors ? { authors: [...model.authors] } : {}),
        ...(model.license ? { license: model.license } : {}),
        created: model.created,
        output: "probabilities",
      },
    },
  };
}

/** The text of README.md in the archive. */
export function describeInWords(model: Model): string {
  const { spec, classNames, channelNames, normalization, license, training } = model;
  const { provenance } = training;
  const origin = [
    ...(typeof provenance === "string" ? [`- Learnt from: ${provenance}`] : []),
    ...(license === undefined ? [] : [`- Licence: ${license}`]),
  ];
  const { least, step, offset } = planTiling(spec.levels);
  return `# ${model.name}

${model.description}

A U-Net trained with Overtile on ${channelNames.length === 1 ? "one channel" : `${channelNames.length} channels`} (${channelNames.join(", ")}).
The output is the probability of each class: ${classNames.join(", ")}.

- Input: height x width x channels, sides of ${least} plus a multiple of ${step}; the output is ${-offset} pixels smaller.
- Grey values: per channel, percentiles ${normalization.percentiles.join(" and ")} of the whole image become 0 and 1.
- Levels ${spec.levels}, features ${spec.features}. \`training.json\` tells how it was trained.${origin.map((line) => `\n${line}`).join("")}

## Validation

Segment images that were not used in training, draw the objects of some of them by hand, and compare: share of objects found
(F1 at an overlap of 0.5). \`training.json\` has the scores on the validation images of the training.
`;
}

function describeInput({ spec, channelNames, normalization, pixelSizeUm }: Model, testTensor: ArchiveFile) {
  const { least, step } = planTiling(spec.levels);
  const side = (id: string) => ({ type: "space", id, size: { min: least, step }, ...describeScale(pixelSizeUm) });
  const [low, high] = normalization.percentiles;
  return {
    id: "input",
    axes: [{ type: "batch" }, side("y"), side("x"), { type: "channel", channel_names: toIdentifiers(channelNames) }],
    test_tensor: testTensor,
    data: { type: "float32" },
    preprocessing: [
      { id: "ensure_dtype", kwargs: { dtype: "float32" } },
      { id: "scale_range", kwargs: { axes: ["y", "x"], min_percentile: low, max_percentile: high, eps: normalization.eps } },
    ],
  };
}

function describeOutput({ spec, classNames, pixelSizeUm }: Model, testTensor: ArchiveFile) {
  const { offset, halo } = planTiling(spec.levels);
  const side = (id: string) => ({
    type: "space",
    id,
    size: { tensor_id: "input", axis_id: id, offset },
    halo,
    ...describeScale(pixelSizeUm),
  });
  return {
    id: "output",
    description: "Probability of each class (softmax).",
    axes: [{ type: "batch" }, side("y"), side("x"), { type: "channel", channel_names: toIdentifiers(classNames) }],
    test_tensor: testTensor,
    data: { type: "float32", range: [0, 1] },
  };
}

function describeScale(pixelSizeUm: number | undefined) {
  return pixelSizeUm === undefined ? {} : { unit: "micrometer", scale: pixelSizeUm };
}

/** Names as bioimage.io wants them: identifiers, each once. The names themselves are under `config.overtile`. */
function toIdentifiers(names: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const plain = name.normalize("NFKD").replace(/\W+/g, "_");
    const base = /^[A-Za-z]/.test(plain) ? plain : `c_${plain}`;
    let found = base;
    for (let count = 2; taken.has(found); count++) found = `${base}_${count}`;
    taken.add(found);
    return found;
  });
}
