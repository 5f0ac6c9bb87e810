// Overtile for ImJoy hosts (imjoy-core, hypha-core): what the plugin exports over their RPC, and its two operators in the host's
// menu. Images are decoded and answered by rpc-values.ts. Callbacks of a caller work once only unless they come in an object with
// `_rintf: true`, so progress goes to `context.onProgress` of such an object, and to the host's own bar; notices, to its messages.

import type { Context, Overtile, Parameters, Pixels, Progress, SegmentResult } from "../contract.ts";
import type { Action } from "../parameter/parameter-table.ts";
import { parametersOf } from "../parameter/parameters.ts";
import { connectImageJ, type ImageJ } from "./imagej-js.ts";
import { createJoyForm } from "./imjoy-form.ts";
import { assertPlane, type Kaibu, type KaibuOptions, openInKaibu } from "./kaibu.ts";
import { readOptions } from "./read-options.ts";
import { decodeImage, decodeSamples, encodePixels, type Form, formOf } from "./rpc-values.ts";

/** The part of a host's `api` that this adapter uses; most of it may be missing. */
export interface ImJoyApi {
  export(plugin: object): unknown;
  registerService?(service: object): unknown;
  getWindow?(query: string): Promise<unknown>;
  showProgress?(share: number): unknown;
  showStatus?(text: string): unknown;
  showMessage?(text: string): unknown;
  getImage?(): Promise<unknown>;
  createWindow?(config: { readonly src: string; readonly name: string }): Promise<unknown>;
  addLabels?(labels: unknown): unknown;
}

interface RunContext {
  readonly config?: unknown;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
}

interface CallContext {
  readonly onProgress?: (progress: Progress) => unknown;
  readonly job?: string;
}

const kinds = ["labels", "classes", "probabilities"] as const;

/** The functions that other plugins and scripts of the host call: `api.getPlugin("Overtile")`. */
export function createRpcPlugin(api: ImJoyApi, overtile: Overtile) {
  const segment = async (image: unknown, options?: unknown, context?: CallContext): Promise<unknown> => {
    const result = await overtile.segment(decodeImage(image), readOptions("segment", options), followCall(api, context));
    return encodeResult(result, formOf(image));
  };
  const train = async (samples: unknown, options?: unknown, context?: CallContext): Promise<unknown> => {
    const decoded = samples === undefined || samples === null || samples === "" ? [] : decodeSamples(samples);
    return overtile.train(decoded, readOptions("train", options), followCall(api, context));
  };
  const runSegment = async ({ config, data }: RunContext = {}): Promise<unknown> => {
    const given = inputOf({ config, data }, ["image", "images"]) ?? (await askImage(api));
    const labels = await segment(Array.isArray(given) ? given[0] : given, ofAction("segment", config));
    await api.addLabels?.(labels);
    return labels;
  };
  const runTrain = async ({ config, data }: RunContext = {}): Promise<unknown> =>
    train(inputOf({ config, data }, ["samples"]), ofAction("train", config));

  return {
    async setup() {
      // Ends with the calls: a host that asks for the plugin's services finds them.
      await registerOperator(api, "Segment", createJoyForm("segment"), runSegment);
      await registerOperator(api, "Train", createJoyForm("train"), runTrain);
      void joinImageJ(api, overtile);
    },
    // hypha-core runs every window once when it opens, with nothing to do.
    run: async (context: RunContext = {}) => (context.config || context.data ? runSegment(context) : undefined),
    segment,
    train,
    /** `evaluate(predicted, truth, options, context)`; the options may be left out. */
    async evaluate(predicted: unknown, truth: unknown, options?: unknown, context?: CallContext) {
      const isContext = context === undefined && isCallContext(options);
      const parameters = isContext ? {} : readOptions("evaluate", options);
      return overtile.evaluate(decodeImage(predicted), decodeImage(truth), parameters, followCall(api, isContext ? options : context));
    },
    listModels: async () => overtile.models.list(),
    importModel: async (archive: unknown, name?: string, context?: CallContext) =>
      overtile.models.import(decodeImage(archive) as Blob | string, name, followCall(api, context)),
    exportModel: async (model: string) => overtile.models.export(model),
    renameModel: async (model: string, name: string) => overtile.models.rename(model, name),
    removeModel: async (model: string) => overtile.models.remove(model),
    /** Opens the Kaibu at `address` as a window of the host, to look at the image, draw on it, train and segment. */
    async openInKaibu(image: unknown, address: string, options?: Omit<KaibuOptions, "context">) {
      const shown = decodeImage(image);
      assertPlane(shown); // before a window opens
      const kaibu = (await api.createWindow?.({ src: address, name: "Kaibu" })) as Kaibu | undefined;
      if (kaibu === undefined) throw new Error("This host opens no windows. Use one with createWindow, as imjoy-core has.");
      await openInKaibu(kaibu, overtile, shown, { ...options, context: followCall(api, undefined) });
    },
    diagnostics: async () => overtile.diagnostics(),
    cancel: async (job?: string) => overtile.cancel(job),
    async exit() {
      overtile.dispose();
    },
  };
}

/** Finds the image of a menu's call: in its data, or among the values of the form, where imjoy-core puts it. */
function inputOf({ config, data }: RunContext, names: readonly string[]): unknown {
  const values = (typeof config === "object" && config !== null ? config : {}) as Readonly<Record<string, unknown>>;
  return names.map((name) => data?.[name] ?? values[name]).find((value) => value !== undefined && value !== null);
}

/** The values of a form: imjoy-core mixes the data of the call into them, so what is no parameter is left out. */
function ofAction(action: Action, config: unknown): Parameters {
  const read = readOptions(action, config);
  if (typeof config !== "object") return read;
  const names = parametersOf(action).map(({ name }) => name);
  return Object.fromEntries(Object.entries(read).filter(([name]) => names.includes(name)));
}

/** One output: the bare array in the caller's form; several: an object of such. */
function encodeResult(result: SegmentResult, form: Form): unknown {
  const found = kinds.flatMap((kind) => {
    const pixels: Pixels | undefined = result[kind];
    return pixels === undefined ? [] : [[kind, encodePixels(pixels, form)] as const];
  });
  return found.length === 1 ? found[0]![1] : Object.fromEntries(found);
}

async function registerOperator(api: ImJoyApi, name: string, ui: string, run: (context: RunContext) => Promise<unknown>): Promise<void> {
  try {
    // The id is hypha's wish.
    await api.registerService?.({ id: `overtile-${name.toLowerCase()}`, type: "@operator", name, ui, run, inputs: null, outputs: null });
  } catch {
    // A host without a menu, or that lets no plugin into it (hypha-core's default workspace): the functions can still be called.
  }
}

async function askImage(api: ImJoyApi): Promise<unknown> {
  const image = await api.getImage?.();
  if (image !== undefined && image !== null) return image;
  await api.showMessage?.("Open an image first, then run Segment.");
  throw new Error("There is no image to segment. Open one first.");
}

async function joinImageJ(api: ImJoyApi, overtile: Overtile): Promise<void> {
  const imagej = await api.getWindow?.("ImageJ.JS")?.catch(() => undefined);
  if (typeof imagej === "object" && imagej !== null && "addMenuItem" in imagej) await connectImageJ(imagej as ImageJ, overtile);
}

// Messages to another window; the bar needs no more.
const progressEveryMs = 100;

function isCallContext(value: unknown): value is CallContext {
  return typeof value === "object" && value !== null && ("onProgress" in value || "job" in value);
}

/** A context that tells the caller, and the host: its progress bar, its messages. */
function followCall(api: ImJoyApi, context: CallContext | undefined): Context {
  let last = 0;
  return {
    ...(context?.job !== undefined && { job: context.job }),
    onProgress(progress) {
      const isFrequent = progress.kind === "tile" || progress.kind === "step";
      const isLast = progress.total !== undefined && progress.done === progress.total;
      if (isFrequent && !isLast && performance.now() - last < progressEveryMs) return;
      last = performance.now();
      const ignore = (): void => {};
      Promise.resolve(context?.onProgress?.(progress)).catch(ignore); // the caller may be gone
      if (isFrequent && progress.total) Promise.resolve(api.showProgress?.(progress.done / progress.total)).catch(ignore);
      if (progress.kind === "notice") Promise.resolve(api.showMessage?.(progress.message)).catch(ignore);
      if (progress.kind === "phase") Promise.resolve(api.showStatus?.(`Overtile: ${progress.name}`)).catch(ignore);
    },
  };
}
