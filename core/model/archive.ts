// A model as a bioimage.io 0.5 archive: one zip with a description, weights for TensorFlow.js and ONNX, and a test image with
// its result. Reading trusts nothing: the checksum of every file that the description names is compared, every number is looked
// at, and whatever is wrong is a Problem InvalidModel. An archive is data only: nothing in it is ever run. What is in it: rdf.ts;
// model-json.ts; onnx.ts.

import { parse, stringify } from "yaml";
import { parseJson, parseJsonBytes } from "../json.ts";
import { describeError, isProblem, Problem } from "../problem.ts";
import type { ByteReader } from "../source/bytes.ts";
import { readZip, writeZip, type ZipArchive } from "../source/zip.ts";
import type { ZipLimits } from "../source/zip-directory.ts";
import { openZipDirectory } from "../source/zip-file.ts";
import { countParameters, planLayers } from "../unet/layers.ts";
import { createSpec, type UNetSpec } from "../unet/spec.ts";
import { type ArchiveLimits, largestWeightsBytes, limitArchive } from "./archive-limits.ts";
import { fromHalves, toExactHalves } from "./float16.ts";
import { createForeignProblem, describeForeignWeights, findDescription, nameForeignFile } from "./foreign-archive.ts";
import { assertModel, type JsonObject, type Model } from "./model.ts";
import { createModelJson, listManifestWeights, type Precision, weightsFile } from "./model-json.ts";
import { readNpy, type Tensor, writeNpy } from "./npy.ts";
import { writeOnnx } from "./onnx.ts";
import { type ArchiveFile, configFormat, createDescription, describeInWords } from "./rdf.ts";
import { type Fields, firstOf, readField, readFields, readList, readNumber, readString } from "./read-fields.ts";
import { hashSha256 } from "./sha256.ts";

const names = {
  description: "rdf.yaml",
  documentation: "README.md",
  tensorflowJs: "weights.tfjs.zip",
  onnx: "weights.onnx",
  testInput: "test_input.npy",
  testOutput: "test_output.npy",
  training: "training.json",
} as const;

/** Limits of what is read, whatever the network; the rest follows from its size (archive-limits.ts). */
const mostEntries = 100;
const largestTextBytes = 2 ** 18;

export interface WriteModelOptions {
  /** False leaves ONNX out: half the size. */
  readonly onnx?: boolean;
  /** float16: half the size again, for weights that half precision holds exactly (`roundToHalves`). ONNX stays float32. */
  readonly precision?: Precision;
}

/** The bytes of the archive. The same model gives the same bytes. Throws Problem InvalidParameter. */
export async function writeModel(model: Model, { onnx = true, precision = "float32" }: WriteModelOptions = {}): Promise<Uint8Array> {
  assertModel(model);
  const { spec, weights } = model;
  const stored = precision === "float16" ? toExactHalves(weights) : weights;
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const tensorflowJs = writeZip([
    { name: "model.json", data: text(JSON.stringify(createModelJson(spec, precision))), compress: true },
    { name: weightsFile, data: new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength) },
  ]);
  const data = {
    tensorflowJs,
    ...(onnx ? { onnx: writeOnnx(spec, weights) } : {}),
    testInput: writeNpy(withBatch(model.testInput)),
    testOutput: writeNpy(withBatch(model.testOutput)),
    training: text(`${JSON.stringify(model.training, null, 1)}\n`),
  };
  const sign = async (key: keyof typeof data): Promise<ArchiveFile> => ({ source: names[key], sha256: await hashSha256(data[key]!) });
  const description = createDescription(model, {
    tensorflowJs: await sign("tensorflowJs"),
    ...(onnx ? { onnx: await sign("onnx") } : {}),
    testInput: await sign("testInput"),
    testOutput: await sign("testOutput"),
    training: await sign("training"),
    precision,
  });
  return writeZip([
    { name: names.description, data: text(stringify(description, { lineWidth: 0, aliasDuplicateObjects: false })), compress: true },
    { name: names.documentation, data: text(describeInWords(model)), compress: true },
    { name: names.training, data: data.training, compress: true },
    { name: names.testInput, data: data.testInput, compress: true },
    { name: names.testOutput, data: data.testOutput, compress: true },
    { name: names.tensorflowJs, data: data.tensorflowJs },
    ...(data.onnx ? [{ name: names.onnx, data: data.onnx }] : []),
  ]);
}

/** The model in an archive. Throws Problem InvalidModel, with the reason, for everything that is not one of ours, whole and unchanged. */
export async function readModel(bytes: Uint8Array, { path }: { path?: string } = {}): Promise<Model> {
  try {
    const foreign = nameForeignFile(bytes);
    if (foreign !== undefined) throw createForeignProblem(foreign, path);
    const model = await readArchive(readZip(bytes, limitZip(path)), path);
    assertModel(model);
    return model;
  } catch (cause) {
    throw toInvalidModel(cause, path);
  }
}

/**
 * Judges a file that should be a model's archive by its directory and description alone, which are read by parts. Throws Problem
 * InvalidModel for what `readModel` would refuse by them, and for a file that is larger than any model of its network.
 */
export async function judgeModel(
  reader: ByteReader,
  { path, signal }: { path?: string; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  try {
    const foreign = nameForeignFile(await reader.read(0, Math.min(8, reader.size), signal));
    if (foreign !== undefined) throw createForeignProblem(foreign, path);
    const directory = await openZipDirectory(reader, limitZip(path), signal);
    const texts = new Map<string, Uint8Array>();
    for (const name of directory.names.slice(0, mostEntries))
      if (name.endsWith(names.description)) texts.set(name, await directory.read(name, largestTextBytes));
    const read = (name: string): Uint8Array => texts.get(name)!;
    const sizeOf = (name: string): number => directory.sizeOf(name) ?? 0;
    const has = (name: string): boolean => directory.names.includes(name);
    const { limits } = readDescribed({ names: directory.names, has, sizeOf, read, readHead: read }, path);
    const most = 2 * limits.weights + limits.testInput + limits.testOutput + limits.record + spareBytes;
    if (reader.size > most) throw new Error(`it has ${reader.size} bytes; a model of this network has at most ${most}.`);
  } catch (cause) {
    signal?.throwIfAborted();
    throw toInvalidModel(cause, path);
  }
}

/** Bytes that an archive may hold beside the files of its model. */
const spareBytes = 2 ** 26;

function limitZip(path: string | undefined): ZipLimits {
  return { kind: "InvalidModel", maxFileBytes: largestWeightsBytes, ...(path === undefined ? {} : { path }) };
}

function toInvalidModel(cause: unknown, path: string | undefined): Problem {
  if (isProblem(cause, "InvalidModel") || isProblem(cause, "MissingFile")) return cause;
  const reason = describeError(cause).replace(/\.?$/, ".");
  const subject = path ?? "the file";
  const message = `Expected a model that Overtile wrote; ${subject} cannot be used: ${reason} Get or save the file again.`;
  return new Problem("InvalidModel", message, path === undefined ? { reason } : { reason, path }, { cause });
}

/** Reads the description of an archive and checks the sizes of its files against it. */
function readDescribed(whole: ZipArchive, path: string | undefined) {
  const zip = findDescription(whole, names.description, path);
  if (whole.names.length > mostEntries) throw new Error(`it has ${whole.names.length} entries; the most is ${mostEntries}.`);
  const description = readFields(parseYaml(readText(zip, names.description, largestTextBytes)), names.description);
  if (readString(description, "type") !== "model") throw new Error("it describes no model.");
  const own = readOwnConfig(description, path);
  const format = readNumber(own, "format");
  if (format > configFormat) throw new Error(`it was made by a newer Overtile (format ${format}). Update Overtile.`);
  const spec = createSpec(readSpec(readField(own, "network")));
  const limits = limitArchive(spec);
  for (const name of zip.names) if (name !== names.description) assertClaim(name, zip.sizeOf(name), limits[limitOf(name)]);
  return { zip, description, own, spec, limits };
}

async function readArchive(whole: ZipArchive, path: string | undefined): Promise<Model> {
  const { zip, description, own, spec, limits } = readDescribed(whole, path);
  const normalization = readField(own, "normalization");
  const [low, high] = readList(normalization, "percentiles", "number");
  if (readString(normalization, "kind") !== "scale_range" || low === undefined || high === undefined)
    throw new Error("its normalisation is not known.");
  const weights = readField(description, "weights");
  const testTensor = (list: "inputs" | "outputs", name: string): Promise<Uint8Array> =>
    readSigned(zip, readField(firstOf(description, list), "test_tensor"), name);
  const model = {
    name: readString(own, "name"),
    version: readNumber(own, "version"),
    description: readString(description, "description"),
    spec,
    weights: await readWeights(
      await readSigned(zip, readField(weights, "tensorflow_js"), names.tensorflowJs),
      spec,
      limits,
      readPrecision(own),
    ),
    classNames: readList(own, "class_names", "string"),
    channelNames: readList(own, "channel_names", "string"),
    normalization: { kind: "scale_range", percentiles: [low, high], eps: readNumber(normalization, "eps") },
    ...(own["pixel_size_um"] === undefined ? {} : { pixelSizeUm: readNumber(own, "pixel_size_um") }),
    ...(own["authors"] === undefined ? {} : { authors: readList(own, "authors", "string") }),
    ...(own["license"] === undefined ? {} : { license: readString(own, "license") }),
    training: readRecord(await readSigned(zip, firstOf(description, "attachments"), names.training)),
    created: readString(own, "created"),
    testInput: withoutBatch(readNpy(await testTensor("inputs", names.testInput))),
    testOutput: withoutBatch(readNpy(await testTensor("outputs", names.testOutput))),
  } as const satisfies Model;
  // What is not needed here must be what was described, too: it may be handed on.
  if (Object.hasOwn(weights, "onnx")) await readSigned(zip, readField(weights, "onnx"), names.onnx);
  else if (zip.has(names.onnx)) throw new Error(`its ${names.onnx} is not described.`);
  return model;
}

/** YAML as plain data. Its reader's own warnings, which it would print, tell nothing that is not checked here. */
function parseYaml(text: string): unknown {
  return parse(text, { maxAliasCount: 0, logLevel: "error" });
}

/** Reads the fields that only Overtile writes. Throws Problem InvalidModel for a model of another program. */
function readOwnConfig(description: Fields, path: string | undefined): Fields {
  const { config } = description;
  if (typeof config === "object" && config !== null && Object.hasOwn(config, "overtile"))
    return readField(readFields(config, "config"), "overtile");
  throw createForeignProblem(describeForeignWeights(description), path);
}

/** The bytes of a file, when it is the one that was described. */
async function readSigned(zip: ZipArchive, described: Fields, name: string): Promise<Uint8Array> {
  const what = name === names.tensorflowJs ? "weights are" : `${name} is`;
  if (readString(described, "source") !== name) throw new Error(`its ${what} not where it should be.`);
  const bytes = zip.read(name);
  if ((await hashSha256(bytes)) === readString(described, "sha256")) return bytes;
  throw new Error(`its ${what} not ${name === names.tensorflowJs ? "those that were" : "the one that was"} described.`);
}

function readRecord(bytes: Uint8Array): JsonObject {
  return readFields(parseJsonBytes(bytes), names.training) as JsonObject;
}

/** The weights, when their archive holds exactly this network. */
async function readWeights(bytes: Uint8Array, spec: UNetSpec, limits: ArchiveLimits, precision: Precision): Promise<Float32Array> {
  const inner = readZip(bytes, {
    kind: "InvalidModel",
    path: names.tensorflowJs,
    maxEntries: mostEntries,
    maxFileBytes: limits.weights,
  });
  const modelJson = readFields(parseJson(readText(inner, "model.json", limits.modelJson)), "model.json");
  const [group] = readList(modelJson, "weightsManifest", "object");
  const listed = readList(readFields(group, "weightsManifest"), "weights", "object").map((weight) => {
    const fields = readFields(weight, "weightsManifest");
    const quantization = precision === "float16" ? { quantization: readQuantization(fields) } : {};
    const [name, dtype] = [readString(fields, "name"), readString(fields, "dtype")];
    return { name, shape: readList(fields, "shape", "number"), dtype, ...quantization };
  });
  if (JSON.stringify(listed) !== JSON.stringify(listManifestWeights(spec, precision)))
    throw new Error("its weights are those of another network.");
  const count = countParameters(planLayers(spec));
  const claimed = inner.sizeOf(weightsFile);
  const expected = (precision === "float16" ? 2 : 4) * count;
  if (claimed !== expected) throw new Error(`its weights have ${claimed} bytes; ${expected} were expected.`);
  const data = inner.read(weightsFile);
  if (precision === "float16") return fromHalves(new Uint16Array(new Uint8Array(data).buffer, 0, count));
  const aligned = data.byteOffset % 4 === 0 ? data : new Uint8Array(data); // pooled buffers of Node begin anywhere
  return new Float32Array(aligned.buffer, aligned.byteOffset, count);
}

/** How the weights are stored; archives of format 1 do not say it. Throws Error for what is not known. */
function readPrecision(own: Fields): Precision {
  if (own["weights"] === undefined || own["weights"] === "float32") return "float32";
  if (own["weights"] === "float16") return "float16";
  throw new Error("the format of its weights is not known.");
}

function readQuantization(weight: Fields): Readonly<Record<string, string>> {
  const quantization = readField(weight, "quantization");
  return { dtype: readString(quantization, "dtype"), original_dtype: readString(quantization, "original_dtype") };
}

/** The limit that a file of an archive falls under, by its name. */
function limitOf(name: string): keyof ArchiveLimits {
  switch (name) {
    case names.tensorflowJs:
    case names.onnx:
      return "weights";
    case names.testInput:
      return "testInput";
    case names.testOutput:
      return "testOutput";
    case names.training:
      return "record";
    default:
      return "other";
  }
}

function assertClaim(name: string, claimed: number, most: number): void {
  if (claimed > most) throw new Error(`its ${name} unpacks to ${claimed} bytes; a model of this network has at most ${most}.`);
}

function readSpec(network: Readonly<Record<string, unknown>>): UNetSpec {
  const number = (key: keyof UNetSpec): number => readNumber(network, key);
  return {
    channels: number("channels"),
    classes: number("classes"),
    levels: number("levels"),
    features: number("features"),
    dropout: number("dropout"),
  };
}

function readText(zip: ZipArchive, name: string, most: number): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(zip.read(name, most));
}

function withBatch({ data, shape }: Tensor): Tensor {
  return { data, shape: [1, ...shape] };
}

function withoutBatch({ data, shape }: Tensor): Tensor {
  return { data, shape: shape.slice(1) };
}
