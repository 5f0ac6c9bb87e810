// From what a caller hands over to samples that can be read: his own images and drawings, or a dataset (a zip by file, address
// or bytes). Regions become masks (regions.ts).

import { followWork, type Job } from "../../core/job.ts";
import { Problem } from "../../core/problem.ts";
import { openDataset } from "../../core/source/dataset.ts";
import { readAsGrey } from "../../core/source/grey-source.ts";
import { type ImageInput, openSource } from "../../core/source/open.ts";
import { deferSource } from "../../core/source/raster-source.ts";
import type { ImageSource } from "../../core/source/source.ts";
import { judgeZip } from "../../core/source/zip-file.ts";
import type { SampleSource } from "../../core/training/read-samples.ts";
import type { Image, Sample } from "../contract.ts";
import type { Workspace } from "../workspace.ts";
import { addRegions } from "./regions.ts";
import type { TrainingSamples } from "./train-action.ts";

interface Words {
  /** A dataset by name; it goes before the samples given. */
  readonly dataset: string;
  /** A share, or a dataset that validates. */
  readonly validate: string;
}

/** The samples, opened; tells how much of a dataset has come. Throws Problem InvalidData, MissingFile, UnsupportedImage, InvalidParameter. */
export async function* openSamples(
  given: readonly Sample[] | Image | undefined,
  { dataset, validate }: Words,
  workspace: Pick<Workspace, "readBytes">,
  signal?: AbortSignal,
): Job<TrainingSamples> {
  const notices: string[] = [];
  const open = (set: Image): Job<readonly SampleSource[]> => openZip(set, workspace, { signal, tell: (notice) => notices.push(notice) });
  const own = Array.isArray(given) ? (given as readonly Sample[]) : undefined;
  if (own !== undefined && own.length > 0) {
    const opened = await Promise.all(own.map((sample, i) => openSample(sample, i, signal)));
    const ofUse = (use: Sample["use"]): SampleSource[] => opened.filter((_, i) => (own[i]!.use ?? "train") === use);
    const extra = isShare(validate) ? [] : yield* open(validate);
    return { train: ofUse("train"), validate: [...ofUse("validate"), ...extra], title: dataset || `${own.length} samples`, notices };
  }
  const set = own === undefined && given !== undefined ? (given as Image) : dataset;
  if (set === "") throw noSamples();
  const extra = isShare(validate) ? [] : yield* open(validate);
  const title = dataset || (typeof set === "string" ? set : "a dataset");
  return { train: yield* open(set), validate: extra, title, notices };
}

function isShare(validate: string): boolean {
  return Number.isFinite(Number(validate));
}

async function* openZip(
  set: Image,
  { readBytes }: Pick<Workspace, "readBytes">,
  { signal, tell }: { readonly signal: AbortSignal | undefined; readonly tell: (notice: string) => void },
): Job<readonly SampleSource[]> {
  if (typeof set === "object" && !(set instanceof Blob) && !(set instanceof URL)) throw noSamples();
  const judge = judgeZip(typeof set === "string" ? set : "the dataset");
  return await openDataset(yield* followWork((follow) => readBytes(set, signal, follow, judge)), { signal, tell });
}

async function openSample(sample: Sample, index: number, signal?: AbortSignal): Promise<SampleSource> {
  const { image, labels, classes, ignore, regions } = sample;
  const name = sample.name ?? nameOf(image) ?? `sample ${index + 1}`;
  const open = async (input: Image, kind: string): Promise<ImageSource> => {
    const again = (): Promise<ImageSource> =>
      openSource(input as ImageInput, {
        name: kind === "image" ? name : `${name} (${kind})`,
        palette: kind === "image" ? "colours" : "indices",
        signal,
      });
    const source = await again();
    source.dispose?.();
    const deferred = deferSource(source, again);
    return kind === "labels" || kind === "classes" ? readAsGrey(deferred) : deferred;
  };
  const opened = {
    name,
    image: await open(image, "image"),
    ...(labels !== undefined && { labels: await open(labels, "labels") }),
    ...(classes !== undefined && { classes: await open(classes, "classes") }),
    ...(ignore !== undefined && { ignore: await open(ignore, "ignore") }),
  };
  const whole = regions === undefined ? opened : await addRegions(opened, regions, signal);
  if (whole.labels === undefined && whole.classes === undefined) {
    const reason = "no drawing";
    throw new Problem("InvalidData", `A sample needs labels, classes or polygons; ${name} has none. Draw a few objects on it.`, {
      path: name,
      reason,
    });
  }
  return whole;
}

/** Returns the name of a file, an address or pixels. */
export function nameOf(image: Image): string | undefined {
  if (typeof image === "string" || image instanceof URL) return String(image).split("/").at(-1);
  return "name" in image && typeof image.name === "string" && image.name !== "" ? image.name : undefined;
}

function noSamples(): Problem<"InvalidData"> {
  return new Problem(
    "InvalidData",
    "Training needs samples or a dataset; none came. Give [{ image, labels }], or a zip with images/ and labels/.",
    {
      reason: "no samples",
    },
  );
}
