// manifest.json, made from the table of parameters: what a host needs to know to show Overtile in menus, dialogs and macros.
// `npm run manifest` writes it; host/manifest-schema.ts is its shape.

import { version } from "../version.ts";
import { type Action, type Parameter, parameters, presets } from "./parameter-table.ts";
import { describeValues, parametersOf } from "./parameters.ts";

/** A JSON Schema with the annotations that hosts read. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A file of the bundle. */
export interface ListedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The manifest. `folder`: where the bundle lies, as seen from the manifest; `files`: the bundle's, where they are known. */
export function createManifest({ folder = "", files }: { folder?: string; files?: readonly ListedFile[] } = {}): JsonSchema {
  const layer = (name: string, dtype?: string): JsonSchema => ({
    name,
    layer_type: name === "image" ? "image" : "labels",
    ...(name === "image" ? { ndim: [2, 3, 4, 5] } : {}),
    ...(dtype && { dtype }),
  });
  return {
    $schema: `./${folder}manifest.schema.json`,
    schema_version: "1.0.0",
    name: "overtile",
    display_name: "Overtile",
    version,
    description: "Learns to segment your own structures from a few annotated images, and segments images of any size, on this computer.",
    license: "MIT",
    engines: { host_api: "^1.0" },
    entry: {
      module: `${folder}overtile.mjs`,
      page: `${folder}index.html`,
      imjoy: `${folder}overtile.imjoy.html`,
      worker: `${folder}worker.mjs`,
      wasm: `${folder}tfjs-backend-wasm-simd.wasm`,
    },
    on_activate: "activate",
    on_deactivate: "dispose",
    contributions: {
      commands: [
        {
          id: "overtile.train",
          title: "Train a model",
          short_title: "Train",
          category: "Segmentation",
          handler: "train",
          role: "train",
          macro: { name: "Overtile Train" },
          parameters: describeParameters("train"),
        },
        {
          id: "overtile.segment",
          title: "Segment image",
          short_title: "Segment",
          category: "Segmentation",
          handler: "segment",
          role: "segment",
          macro: { name: "Overtile Segment" },
          enablement: "activeLayer.type == 'image'",
          input: [layer("image")],
          output: [layer("labels", "uint16")],
          parameters: describeParameters("segment"),
        },
        {
          id: "overtile.evaluate",
          title: "Evaluate…",
          short_title: "Evaluate",
          category: "Segmentation",
          handler: "evaluate",
          macro: { name: "Overtile Evaluate" },
          arguments: ["predicted", "truth", "$parameters", "$context"],
          parameters: describeParameters("evaluate", compared, ["predicted", "truth"]),
        },
        { id: "overtile.cancel", title: "Cancel", handler: "cancel", macro: { name: "Overtile Cancel" }, parameters: take(job) },
        { id: "overtile.diagnostics", title: "Diagnostics", handler: "diagnostics", macro: { name: "Overtile Diagnostics" } },
        { id: "overtile.models_list", title: "List models", handler: "models.list", macro: { name: "Overtile List Models" } },
        {
          id: "overtile.models_import",
          title: "Import model…",
          handler: "models.import",
          macro: { name: "Overtile Import Model" },
          arguments: ["archive", "name", "$context"],
          parameters: take({ ...archive, ...optionalName }, ["archive"]),
        },
        {
          id: "overtile.models_export",
          title: "Export model…",
          handler: "models.export",
          macro: { name: "Overtile Export Model" },
          parameters: take(model, ["model"]),
        },
        {
          id: "overtile.models_rename",
          title: "Rename model…",
          handler: "models.rename",
          macro: { name: "Overtile Rename Model" },
          parameters: take({ ...model, ...newName }, ["model", "name"]),
        },
        {
          id: "overtile.models_remove",
          title: "Remove model…",
          handler: "models.remove",
          macro: { name: "Overtile Remove Model" },
          parameters: take(model, ["model"]),
        },
      ],
      submenus: [
        { id: "overtile", label: "Overtile" },
        { id: "overtile_models", label: "Models" },
      ],
      menus: {
        Plugins: [{ submenu: "overtile", group: "1_segmentation@1" }],
        overtile: [
          { command: "overtile.train", group: "1_actions@1" },
          { command: "overtile.segment", group: "1_actions@2" },
          { command: "overtile.evaluate", group: "1_actions@3" },
          { command: "overtile.cancel", group: "1_actions@4" },
          { submenu: "overtile_models", group: "2_models@1" },
          { command: "overtile.diagnostics", group: "3_help@1" },
        ],
        overtile_models: [
          { command: "overtile.models_import", group: "1@1" },
          { command: "overtile.models_export", group: "1@2" },
          { command: "overtile.models_rename", group: "1@3" },
          { command: "overtile.models_remove", group: "1@4" },
        ],
      },
      widgets: [
        { command: "overtile.train", display_name: "Overtile Train" },
        { command: "overtile.segment", display_name: "Overtile Segment" },
      ],
      keybindings: [
        { command: "overtile.segment", key: "Ctrl+Shift+U" },
        { command: "overtile.train", key: "Ctrl+Shift+L" },
      ],
    },
    ...(files && { files }),
  };
}

/** JSON Schema of an action's parameters; `before`: what the table does not hold. */
function describeParameters(action: Action, before: JsonSchema = {}, required: readonly string[] = []): JsonSchema {
  const described = parametersOf(action).map((parameter) => [parameter.name, describeParameter(parameter, action)]);
  return take({ ...before, ...Object.fromEntries(described) }, required);
}

/** JSON Schema of one parameter. */
function describeParameter(parameter: Parameter, action: Action): JsonSchema {
  const { title, help, unit, advanced } = parameter;
  return {
    title,
    description: help,
    ...describeType(parameter),
    default: parameter.default,
    ...(unit && { unit }),
    ...(advanced && { advanced }),
    ...(parameter.name === "preset" && { presets: presetsOf(action) }),
  };
}

function describeType(parameter: Parameter): JsonSchema {
  switch (parameter.type) {
    case "flag":
      return { type: "boolean" };
    case "text":
      return { type: "string" };
    case "choice":
      return { type: "string", enum: parameter.choices };
    case "list": {
      const word = `(${parameter.choices.join("|")})`;
      return { type: "string", pattern: `^${word}( *, *${word})*$`, choices: parameter.choices, examples: [describeValues(parameter)] };
    }
    case "auto":
      return {
        anyOf: [
          { const: "auto" },
          { type: parameter.isFraction ? "number" : "integer", minimum: parameter.minimum, maximum: parameter.maximum },
        ],
      };
    default:
      return { type: parameter.type, minimum: parameter.minimum, maximum: parameter.maximum };
  }
}

/** Defaults by preset, for the parameters that the action takes. */
function presetsOf(action: Action): JsonSchema {
  const names = parametersOf(action).map(({ name }) => name);
  const only = (values: Readonly<Record<string, unknown>>): JsonSchema =>
    Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)));
  return Object.fromEntries(Object.entries(presets).map(([choice, values]) => [choice, only(values)]));
}

function take(properties: JsonSchema, required: readonly string[] = []): JsonSchema {
  return { type: "object", properties, ...(required.length > 0 && { required }) };
}

function fromTable(name: string): { readonly title: string; readonly description: string } {
  const { title, help } = (parameters as readonly Parameter[]).find((parameter) => parameter.name === name)!;
  return { title, description: help };
}

// The few words of commands that compute nothing.
const compared = {
  predicted: { type: "string", minLength: 1, title: "Prediction", description: "Title or address of the labels to be judged." },
  truth: { type: "string", minLength: 1, title: "Truth", description: "Title or address of the labels drawn by hand." },
};
const job = { job: { type: "string", title: "Job", description: "Name of the job; without it all jobs end." } };
const archive = { archive: { type: "string", title: "Archive", description: "Path or address of a bioimage.io archive (.zip)." } };
const model = { model: { ...fromTable("model"), type: "string", minLength: 1 } };
const optionalName = { name: { type: "string", title: "Name", description: "Name in the library; without it, the archive's own." } };
const newName = { name: { type: "string", minLength: 1, title: "Name", description: "New name in the library." } };
