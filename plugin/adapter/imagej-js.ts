// Overtile in the menu of ImageJ.JS. Its service API takes functions only in objects with `_rintf: true` (others work once), shows
// [height, width] arrays of any type, and maps a macro's results from 16-bit and float arrays only.

import { describeError } from "../../core/problem.ts";
import type { ModelInfo, Overtile, Pixels, Progress } from "../contract.ts";
import { decodeImage, encodePixels, type NdArray, toImageJArray } from "./rpc-values.ts";

/** The part of ImageJ.JS's service API that is used; signatures as in its source. */
export interface ImageJ {
  addMenuItem(item: { readonly _rintf: true; readonly label: string; readonly group: string; callback(): Promise<void> }): Promise<unknown>;
  getImage(format?: unknown): Promise<unknown>;
  viewImage(image: NdArray, options: { readonly name: string }): Promise<unknown>;
  /** Rejects with the text that the macro returns. */
  runMacro(macro: string): Promise<unknown>;
  showStatus?(text: string): unknown;
}

/** Adds "Overtile Segment" and "Overtile Train" to the Plugins menu. */
export async function connectImageJ(imagej: ImageJ, overtile: Overtile): Promise<void> {
  const add = (label: string, work: () => Promise<void>): Promise<unknown> => {
    const callback = async (): Promise<void> => {
      try {
        await work();
      } catch (error) {
        await imagej.showStatus?.(`Overtile: ${describeError(error)}`);
        throw error;
      }
    };
    return imagej.addMenuItem({ _rintf: true, label, group: "Plugins", callback });
  };
  await add("Overtile Segment", () => segmentActive(imagej, overtile));
  await add("Overtile Train", () => trainOnActive(imagej, overtile));
}

/** The plane that is shown, never { all: true }, whose planes lie in another order than its shape says. */
async function readActive(imagej: ImageJ): Promise<Pixels> {
  // [height, width, channels], raw bytes.
  return { ...(decodeImage(await imagej.getImage()) as Pixels), axes: "yxc" };
}

/** Segments the plane that is shown, with the newest model of the user's own, else one that comes with Overtile, and shows the labels. */
async function segmentActive(imagej: ImageJ, overtile: Overtile): Promise<void> {
  const image = await readActive(imagej);
  const newest = chooseModel(await overtile.models.list(), image.shape[2]);
  if (newest === undefined) throw new Error("There is no model yet. Train one, or import one.");
  const told: string[] = [];
  const onProgress = (progress: Progress): void => void (progress.kind === "notice" && told.push(progress.message));
  const { labels } = await overtile.segment(image, { model: newest.name }, { onProgress });
  await imagej.viewImage(toImageJ(labels!), { name: "labels" });
  // Its status is one line: what is shown at the end stays.
  if (told.length > 0) await imagej.showStatus?.(`Overtile: ${told.join(" ")}`);
}

/** The newest of the user's own models; else the one that comes with Overtile for as many channels, or the first of these. */
function chooseModel(models: readonly ModelInfo[], channels: number | undefined): ModelInfo | undefined {
  const own = models.filter(({ starter }) => starter !== true).toSorted((a, b) => b.created.localeCompare(a.created));
  return own[0] ?? models.find((model) => model.channels === channels) ?? models[0];
}

// Draws the ROI manager's objects into a new window of 16 bits, each with its own number. What a macro returns is an error.
const drawObjects = `
  n = roiManager("count");
  if (n == 0) return "The ROI manager is empty: add every object of the image to it (draw one, press t), then train.";
  newImage("overtile labels", "16-bit black", getWidth(), getHeight(), 1);
  for (i = 0; i < n; i++) { roiManager("select", i); run("Set...", "value=" + (i + 1)); }
  run("Select None");`;
const closeObjects = `selectWindow("overtile labels"); close();`;

/** Long enough for a first model; who wants more calls `train` with parameters. */
const minutes = 3;

/** Trains on the plane that is shown and the objects in the ROI manager, which are all that there is on it. */
async function trainOnActive(imagej: ImageJ, overtile: Overtile): Promise<void> {
  const image = await readActive(imagej);
  await imagej.runMacro(drawObjects);
  const labels = await readActive(imagej).finally(() => imagej.runMacro(closeObjects));
  const onProgress = (progress: Progress): void => {
    if (progress.kind === "phase") void imagej.showStatus?.(`Overtile: ${progress.name}`);
    if (progress.kind === "step") void imagej.showStatus?.(`Overtile: step ${progress.done} of ${progress.total}`);
  };
  const { model } = await overtile.train([{ image, labels }], { minutes, validate: "0" }, { onProgress });
  await imagej.showStatus?.(`Overtile: learnt ${model}`);
}

/** Labels as ImageJ shows them: 16-bit, or float where there are more objects. */
function toImageJ({ data, shape }: Pixels): NdArray {
  return encodePixels({ data: toImageJArray(data), shape }, "ndarray of a buffer") as NdArray;
}
