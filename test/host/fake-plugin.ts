// A plugin that does nothing but remember what it got, with a manifest like Overtile's; and files that live in memory.

import type { HostFiles } from "../../host/host.ts";
import { createHost, type HostOptions, type LocalHost } from "../../host/host.ts";
import { checkManifest, type Manifest } from "../../host/manifest.ts";
import type { Context, HostImage, Parameters, Pixels } from "../../plugin/contract.ts";

/** A manifest as it stands in its file: a fresh copy at each call, to be spoilt. */
export function manifestJson() {
  return {
    schema_version: "1.0.0",
    name: "overtile",
    display_name: "Overtile",
    version: "0.1.0",
    entry: { module: "overtile.mjs", page: "index.html", worker: "worker.mjs" },
    on_activate: "activate",
    contributions: {
      commands: [
        {
          id: "overtile.segment",
          title: "Segment",
          handler: "segment",
          role: "segment",
          macro: { name: "Overtile Segment" },
          input: [{ name: "image", layer_type: "image", ndim: [2, 3] }],
          parameters: {
            type: "object",
            required: ["model"],
            properties: {
              model: { type: "string", pattern: "^[^\\[\\]'\"=]+$", description: "a model's name" },
              tile: { anyOf: [{ const: "auto" }, { type: "integer", minimum: 18, maximum: 4096 }], default: "auto" },
              threshold: { type: "number", minimum: 0, maximum: 1, default: 0.5 },
              min_size: { type: "integer", minimum: 0, default: 0 },
              output: { type: "array", items: { type: "string", enum: ["labels", "classes", "probabilities"] }, default: ["labels"] },
              mirror: { type: "boolean" },
              keep: { type: "boolean", default: false },
              backend: { type: "string", enum: ["auto", "webgpu", "webgl", "wasm", "cpu"], default: "auto" },
              note: { type: "string", default: "" },
            },
          },
        },
        {
          id: "overtile.train",
          title: "Train",
          handler: "train",
          role: "train",
          macro: { name: "Overtile Train" },
          parameters: {
            type: "object",
            properties: {
              dataset: { type: "string", default: "" },
              preset: {
                type: "string",
                enum: ["quick", "paper"],
                default: "quick",
                presets: { paper: { steps: 20000, learning_rate: 0.0001 } },
              },
              steps: { type: "integer", minimum: 1, maximum: 1000000, default: 1000 },
              learning_rate: { type: "number", exclusiveMinimum: 0, maximum: 1, default: 0.001 },
              stop_at: { type: "integer", minimum: 0 },
            },
          },
        },
        {
          id: "overtile.remove_model",
          title: "Remove model",
          handler: "models.remove",
          parameters: { type: "object", required: ["model"], properties: { model: { type: "string" } } },
        },
        {
          id: "overtile.compare",
          title: "Compare",
          handler: "compare",
          arguments: ["first", "$parameters", "$context"],
          parameters: {
            type: "object",
            required: ["first"],
            properties: { first: { type: "string" }, second: { type: "string" } },
          },
        },
        {
          id: "overtile.cancel",
          title: "Cancel",
          handler: "cancel",
          parameters: { type: "object", properties: { job: { type: "string" } } },
        },
      ],
      submenus: [{ id: "overtile", label: "Overtile" }],
      menus: {
        Plugins: [{ submenu: "overtile", group: "1@1" }],
        overtile: [{ command: "overtile.segment" }, { command: "overtile.train" }],
      },
      keybindings: [{ command: "overtile.segment", key: "Ctrl+Shift+U" }],
    },
  };
}

export function fakeManifest(): Manifest {
  return checkManifest(manifestJson());
}

export interface Call {
  readonly name: string;
  readonly input: unknown;
  readonly parameters: Parameters;
}

export function pixels(value = 0): Pixels {
  return { data: Uint8Array.of(value, 0, 0, 0), shape: [2, 2] };
}

export function picture(title: string): HostImage {
  return { title, image: pixels(title.length) };
}

/** A plugin whose handlers remember their calls in `calls` and answer at once. */
export function createFakePlugin() {
  const calls: Call[] = [];
  return {
    calls,
    /** While true, segment runs until its signal ends it, and train until it is stopped. */
    endless: false,
    async segment(input: unknown, parameters: Parameters, context?: Context): Promise<unknown> {
      calls.push({ name: "segment", input, parameters });
      const signal = context?.signal;
      if (this.endless) await new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
      context?.onProgress?.({ kind: "tile", done: 1, total: 2, job: context.job ?? "" });
      const asked = (parameters["output"] ?? ["labels"]) as readonly string[];
      const { tile = "auto" } = parameters;
      const resolved = { ...parameters, tile: tile === "auto" ? 204 : tile, backend: "wasm" };
      const images = Object.fromEntries(asked.map((kind) => [kind, pixels(7)]));
      return { ...images, objects: 1, model: parameters["model"], parameters: resolved, backend: "wasm" };
    },
    async train(input: unknown, parameters: Parameters, context?: Context): Promise<unknown> {
      calls.push({ name: "train", input, parameters });
      const stop = context?.stop;
      if (this.endless && !stop?.aborted) await new Promise((resolve) => stop?.addEventListener("abort", resolve));
      const { steps = parameters["preset"] === "paper" ? 20000 : 1000 } = parameters;
      const resolved = { ...parameters, steps, stop_at: steps };
      return { model: "my cells@1", scores: {}, curve: [], ended: "steps", parameters: resolved, backend: "wasm" };
    },
    async compare(first: unknown, parameters: Parameters, context?: Context): Promise<unknown> {
      calls.push({ name: "compare", input: first, parameters });
      context?.onProgress?.({ kind: "notice", done: 0, message: "alike", job: context.job ?? "" });
      return { f1: 1 };
    },
    models: {
      removed: [] as unknown[][],
      async remove(...given: unknown[]): Promise<void> {
        this.removed.push(given);
      },
    },
    cancelled: 0,
    cancel(...given: unknown[]): void {
      if (given.length === 0) this.cancelled++;
    },
  };
}

export interface Saved {
  readonly kind: string;
  readonly path: string;
  readonly title: string | undefined;
  readonly model: string | undefined;
}

/** A host with the fake plugin installed; every path but "missing..." opens as a picture of that name. */
export function createFakeHost(options: Partial<HostOptions> = {}) {
  const plugin = createFakePlugin();
  const printed: string[] = [];
  const saved: Saved[] = [];
  const files: HostFiles = {
    async open(path) {
      if (path.startsWith("missing")) throw new Error(`no file ${path}`);
      return picture(path.split("/").at(-1)!);
    },
    async save(kind, path, image, model) {
      saved.push({ kind, path, title: image?.title, model });
    },
  };
  const host: LocalHost = createHost({ files, log: (line) => printed.push(line), ...options });
  const uninstall = host.install(fakeManifest(), plugin);
  return { host, plugin, printed, saved, uninstall };
}

export function titlesOf(host: LocalHost): string[] {
  return host.images.map((image) => image.title);
}
