// The JSON Schema (2020-12) of manifest.json, as a plain object: the loader checks by it, the build emits it as
// manifest.schema.json. The shape is npe2's (napari-plugin-manifest), as JSON, with JSON Schema for parameters.
// What a schema cannot say (references, unique names) is in manifest.ts.

// A path relative to the manifest, of plain letters: no scheme, no leading slash, no way up, also none that a browser makes of
// backslashes, spaces or %2e.
const relativePath = { type: "string", pattern: "^(?!/)(?!(.*/)?\\.\\.(/|$))[A-Za-z0-9._/-]+$" } as const;
const name = { type: "string", pattern: "^[a-z][a-z0-9]*(-[a-z0-9]+)*$", maxLength: 64 } as const;
const words = { type: "string", minLength: 1, maxLength: 128 } as const;
const layers = {
  type: "array",
  items: {
    type: "object",
    required: ["name", "layer_type"],
    properties: {
      name: words,
      layer_type: words,
      ndim: { type: "array", items: { type: "integer", minimum: 1 } },
      dtype: { type: "string" },
    },
  },
} as const;

const command = {
  type: "object",
  required: ["id", "title", "handler"],
  properties: {
    id: { type: "string", pattern: "^[a-z][a-z0-9-]*\\.[A-Za-z0-9_]+$" },
    title: words,
    short_title: words,
    category: words,
    handler: {
      description: "A function of what `activate` returns; dots lead into it.",
      type: "string",
      pattern: "^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*$",
    },
    role: { description: "What a host's panel can bind to.", enum: ["segment", "train"] },
    macro: { type: "object", required: ["name"], properties: { name: words } },
    arguments: {
      description:
        "For a command without role and input that computes: what its handler is called with, by the names of its parameters; $parameters: an object of the others; $context: signals, progress and log, as segment gets them. With $context it is a job.",
      type: "array",
      items: { type: "string", pattern: "^([a-z][a-z0-9_]*|\\$parameters|\\$context)$" },
    },
    enablement: { type: "string" },
    input: layers,
    output: layers,
    parameters: {
      description: "JSON Schema of the parameters: names are macro keys, in lower snake_case; booleans default to false.",
      type: "object",
      required: ["type", "properties"],
      properties: {
        type: { const: "object" },
        properties: {
          type: "object",
          propertyNames: { pattern: "^[a-z][a-z0-9_]*$" },
          additionalProperties: {
            type: "object",
            properties: {
              presets: {
                description: "What each choice of this parameter makes the defaults of others.",
                type: "object",
                additionalProperties: { type: "object" },
              },
            },
          },
        },
        required: { type: "array", items: { type: "string" } },
      },
    },
  },
} as const;

const menuItem = {
  type: "object",
  minProperties: 1,
  properties: { command: { type: "string" }, submenu: { type: "string" }, when: { type: "string" }, group: { type: "string" } },
} as const;

/** JSON Schema 2020-12 of a plugin's manifest. */
export const manifestSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "Plugin manifest",
  type: "object",
  required: ["schema_version", "name", "display_name", "version", "entry", "contributions"],
  properties: {
    $schema: { type: "string" },
    schema_version: { type: "string", pattern: "^1\\." },
    name,
    display_name: words,
    version: { type: "string", pattern: "^\\d+\\.\\d+\\.\\d+" },
    description: { type: "string" },
    license: { type: "string" },
    icon: { type: "string" },
    engines: { type: "object", additionalProperties: { type: "string" } },
    entry: {
      type: "object",
      required: ["module"],
      properties: { module: relativePath, page: relativePath, imjoy: relativePath, worker: relativePath, wasm: relativePath },
    },
    files: {
      description: "Every file that the module, the page or their workers load, so that a host can keep them before the network goes.",
      type: "array",
      items: {
        type: "object",
        required: ["path", "bytes", "sha256"],
        properties: {
          path: relativePath,
          bytes: { type: "integer", minimum: 0 },
          sha256: { type: "string", pattern: "^[0-9a-f]{64}$" },
        },
      },
    },
    on_activate: { type: "string" },
    on_deactivate: { type: "string" },
    contributions: {
      type: "object",
      required: ["commands"],
      properties: {
        commands: { type: "array", items: command },
        submenus: { type: "array", items: { type: "object", required: ["id", "label"], properties: { id: words, label: words } } },
        menus: { type: "object", additionalProperties: { type: "array", items: menuItem } },
        widgets: { type: "array", items: { type: "object", required: ["command"], properties: { command: words, display_name: words } } },
        keybindings: { type: "array", items: { type: "object", required: ["command", "key"], properties: { command: words, key: words } } },
        writers: { type: "array", items: { type: "object", required: ["command"], properties: { command: words } } },
        configurations: { type: "object" },
      },
    },
  },
} as const;
