// What page and reading worker say to each other. Every question has a number; its answer carries the same.

import type { Raster } from "../../core/array/raster.ts";
import type { PlainProblem } from "../../core/problem.ts";
import type { Gaps } from "../../core/source/gaps.ts";
import type { ImageSource, ReadRequest } from "../../core/source/source.ts";
import type { Pixels } from "../../plugin/contract.ts";

/** What is opened: a file, an address, the folder of an OME-Zarr. */
export type Input = Blob | string | FileSystemDirectoryHandle;

export type Question =
  | { readonly ask: "open"; readonly input: Input; readonly name: string }
  | { readonly ask: "read"; readonly source: number; readonly request: Omit<ReadRequest, "signal">; readonly stride: number }
  | { readonly ask: "fingerprint"; readonly source: number }
  | { readonly ask: "close"; readonly source: number };

/** `abort`: the answer to that question is not wanted any more. */
export type ToReader = (Question & { readonly id: number }) | { readonly abort: number };

/** What is known of an image without its pixels. */
export type SourceFacts = Omit<ImageSource, "read" | "dispose" | "gaps" | "fingerprint" | "plan">;

/** A picture that the browser decoded comes whole; other images stay where they are read. */
export type Opened = { readonly source: number; readonly facts: SourceFacts; readonly gaps?: Gaps } | { readonly pixels: Pixels };

/** `gaps`: what the source did not have so far, where its format knows of such. */
export type Answer =
  | { readonly opened: Opened }
  | { readonly raster: Raster; readonly gaps?: Gaps }
  | { readonly fingerprint: string | undefined }
  | { readonly closed: true };

export type Failure = { readonly problem: PlainProblem } | { readonly name: string; readonly message: string };

/** What has come of a file that its server sends whole. */
export interface Received {
  readonly bytes: number;
  readonly total: number | undefined;
}

export type FromReader =
  | "ready"
  | ({ readonly id: number } & ({ readonly answer: Answer } | { readonly failure: Failure } | { readonly received: Received }));
