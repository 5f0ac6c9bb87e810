// What Overtile and its hosts agree on: types only. Viewer, docs and foreign hosts import nothing else of the plugin.
// The meaning of every field is in docs/api.md; the parameters are in parameters.ts (and manifest.json).

import type { Box, TypedArray } from "../core/array/raster.ts";
import type { Progress as CoreProgress } from "../core/job.ts";
import type { ObjectRule } from "../core/label/object-rule.ts";
import type { SlideKind } from "../core/slide/slide-results.ts";
import type { View } from "../core/training/preview.ts";

/** Version of the protocol between client and worker; the two compare it before anything else. */
export type ProtocolVersion = 1;

/** Pixels in C order. `axes`: letters of "tzcyx" ending in "yx" or "yxc". Without axes a last dimension <= 4 is channel, else a first one is z. */
export interface Pixels {
  readonly data: TypedArray;
  readonly shape: readonly number[];
  readonly axes?: string;
  readonly pixelSizeUm?: number;
  readonly name?: string;
}

/** An image as a caller may give it: pixels, a file, a URL, (in a browser) the folder of an OME-Zarr or (in a terminal) a path. */
export type Image = Pixels | Blob | URL | string | FileSystemDirectoryHandle;

/**
 * GeoJSON in pixels, y down. Polygons with the property `kind: "annotated"` are where everything was drawn: outside of them all
 * pixels are ignored. `kind: "ignore"`: ignored inside. Any other polygon is an object; `class`: its class number, default 1.
 */
export interface Regions {
  readonly type: "FeatureCollection";
  readonly features: readonly {
    readonly type: "Feature";
    readonly geometry: unknown;
    readonly properties: Readonly<Record<string, unknown>> | null;
  }[];
}

/** One annotated image. `labels`: instances, 0 = background; `classes`: class numbers; `ignore`: non-zero pixels count for nothing. */
export interface Sample {
  readonly image: Image;
  readonly labels?: Image;
  readonly classes?: Image;
  readonly ignore?: Image;
  readonly regions?: Regions;
  readonly use?: "train" | "validate";
  readonly name?: string;
}

/** Progress of a job, with the job's name. */
export type Progress = CoreProgress & { readonly job: string };

export type { ObjectRule, View };

/** How a caller follows and ends a job. */
export interface Context {
  /** Cancels: the call rejects with AbortError. */
  readonly signal?: AbortSignal;
  /** Ends a training early and keeps what it learnt. */
  readonly stop?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  readonly log?: (line: string) => void;
  /**
   * What the user looks at now: a box of one of the images of a training, which then tells its prediction from time to time,
   * as progress of kind `preview`. Asked often, so it must answer at once.
   */
  readonly view?: () => View | undefined;
  /** Segments block by block into a folder, in constant memory: for images that do not fit. */
  readonly slide?: SlideContext;
  /** Name of the job, for `cancel` and in its progress. */
  readonly job?: string;
  /** True: the arrays are handed over to the worker and are empty afterwards, which saves their copy. Default: copied. */
  readonly transfer?: boolean;
}

/**
 * Where a segmentation block by block is kept. While it runs, `classes` in the folder is an OME-Zarr whose chunks of 1024 x 1024
 * come as they are done (progress of kind `tile` tells which); at its end there are `labels.ome.tif`, a pyramid of ids, and `table.csv`.
 */
export interface SlideContext {
  /**
   * Of the browser's private files, or of the disk. A run that was begun there goes on, by the parameters that it was begun with; with
   * another threshold, split, min_size or fill_holes its objects are made anew, and nothing is predicted again.
   */
  readonly folder: FileSystemDirectoryHandle;
  /** How results call the image; default its file's name. */
  readonly name?: string;
  /** Only these pixels, inside the image; those outside are background. */
  readonly region?: Box;
}

/** An export of a segmented slide into one file: a folder of OME-Zarr as a zip. */
export interface SlideExport {
  readonly kind: SlideKind;
  /** Of labels and classes; default ome-tiff. */
  readonly format?: "ome-tiff" | "ome-zarr";
  /** Corners of outlines may be left out where none lies farther than this from what remains, pixels; default 0. */
  readonly tolerancePx?: number;
  /** For grey values in tables and GeoJSON. */
  readonly image?: Image;
  /** Another threshold, split, min_size or fill_holes than the run's, for this file alone: nothing is predicted again. */
  readonly parameters?: Parameters;
}

/** Values of parameters, by their names in parameters.ts. */
export type Parameters = Readonly<Record<string, unknown>>;

/** How objects are made, by the names of the parameters. */
export interface RuleValues {
  readonly threshold: number;
  readonly split: number;
  readonly min_size: number;
  readonly fill_holes: "yes" | "no";
}

/** Numbers by name: "f1", "iou", "loss", ... */
export type Scores = Readonly<Record<string, number>>;

/** One point of the curves: what was known at a step. */
export interface CurvePoint {
  readonly step: number;
  readonly loss?: number;
  readonly scores?: Scores;
}

export interface SegmentResult {
  readonly labels?: Pixels;
  readonly classes?: Pixels;
  readonly probabilities?: Pixels;
  /** Of models with two classes and of images in memory: the probability of an object as bytes, for `objectsFrom`. */
  readonly probability?: Pixels;
  /** How the objects of an image in memory were made. */
  readonly rule?: ObjectRule;
  /** Where labels and table are, where the context asked for it. */
  readonly slide?: { readonly folder: FileSystemDirectoryHandle };
  /** Objects in `labels`. */
  readonly objects?: number;
  /** Where nothing was found: why that may be and what to do, as it is told by a notice, too. */
  readonly nothing?: string;
  /** Chunks that the image's format lets be absent, and that were read as its fill value. */
  readonly missingChunks?: number;
  readonly model: string;
  /** The parameters as resolved: what `auto` became. */
  readonly parameters: Parameters;
  readonly backend: string;
}

/** Objects made anew by another rule. */
export interface MadeObjects {
  readonly labels: Pixels;
  readonly objects: number;
}

export interface TrainResult {
  readonly model: string;
  readonly archive: Blob;
  readonly scores: Scores;
  readonly curve: readonly CurvePoint[];
  readonly ended: "steps" | "time" | "patience" | "stopped";
  readonly parameters: Parameters;
  readonly backend: string;
}

export interface ModelInfo {
  readonly name: string;
  readonly version: number;
  readonly description: string;
  readonly created: string;
  readonly bytes: number;
  readonly channels: number;
  readonly classes: readonly string[];
  readonly pixelSizeUm?: number;
  readonly learntFrom: readonly string[];
  /** It comes with Overtile: it is fetched when it is used, and can be neither renamed nor removed. */
  readonly starter?: boolean;
  /** What it learnt from, in words. */
  readonly provenance?: string;
  /** SPDX identifier. */
  readonly license?: string;
  /** On images that nothing was chosen on, where there are any; else of its validation. */
  readonly scores?: Scores;
  /** How it makes objects where the parameters say "auto". */
  readonly objects?: RuleValues;
}

/** The library of models. Names: `name` is the newest version, `name@version` a certain one. */
export interface Models {
  list(): Promise<readonly ModelInfo[]>;
  /** `context`: its signal, and the progress of what comes from an address. */
  import(archive: Blob | URL | string, name?: string, context?: Pick<Context, "signal" | "onProgress" | "job">): Promise<ModelInfo>;
  export(model: string): Promise<Blob>;
  rename(model: string, name: string): Promise<ModelInfo>;
  remove(model: string): Promise<void>;
}

/** The plugin, as `activate` returns it. */
export interface Overtile {
  segment(image: Image, parameters?: Parameters, context?: Context): Promise<SegmentResult>;
  /**
   * Objects by another rule from the `probability` that `segment` gave; nothing is predicted. What the rule lacks is that of no training
   * (threshold 0.5, nothing filled, dropped or cut): begin with the result's `rule`.
   */
  objectsFrom(probability: Pixels, rule?: Partial<ObjectRule>, context?: Context): Promise<MadeObjects>;
  /** Writes a file of what `segment` left in a slide's folder. */
  exportSlide(folder: FileSystemDirectoryHandle, what: SlideExport, file: FileSystemFileHandle, context?: Context): Promise<void>;
  train(samples: readonly Sample[] | Image, parameters?: Parameters, context?: Context): Promise<TrainResult>;
  evaluate(predicted: Image, truth: Image, parameters?: Parameters, context?: Context): Promise<Scores>;
  readonly models: Models;
  /** One copyable text: what was tried, what was chosen and why. */
  diagnostics(): Promise<string>;
  /** Ends the job, or all jobs of this caller. */
  cancel(job?: string): void;
  dispose(): void;
}

/** The part of a host that plugins and scripts see. */
export interface Host {
  run(command: string, options?: string | Parameters): Promise<unknown>;
  runMacro(source: string): Promise<void>;
  readonly images: readonly HostImage[];
  addResult(result: HostResult): Promise<void> | void;
  on(event: "images" | "models" | "jobs", listener: () => void): () => void;
}

export interface HostImage {
  readonly title: string;
  readonly image: Image;
  /** Of a result: the model that made it, and the plane of the image that it is of. */
  readonly madeBy?: ResultMaker;
}

export interface HostResult {
  readonly title: string;
  readonly kind: "image" | "labels" | "classes" | "probabilities";
  readonly pixels: Pixels;
  readonly madeBy?: ResultMaker;
}

/** Origin of a result. */
export interface ResultMaker {
  /** Name of the model, with or without its version. */
  readonly model?: string;
  /** In the words of the parameter `plane`. */
  readonly plane?: string;
}

/** The plugin's entry: `import { activate } from "overtile"`. */
export type Activate = (host?: Host) => Promise<Overtile> | Overtile;
