// A model by what the user calls it: a name in the library, name@version, or a path or URL that ends in .zip, which is fetched.

import { followWork, type Job } from "../../core/job.ts";
import { judgeModel, readModel } from "../../core/model/archive.ts";
import type { Model } from "../../core/model/model.ts";
import { Problem } from "../../core/problem.ts";
import type { ByteReader } from "../../core/source/bytes.ts";
import type { Workspace } from "../workspace.ts";
import { isArchivePath } from "./library.ts";

/** The model; tells how much of it has come. Throws Problem InvalidParameter, MissingFile, InvalidModel, AbortError. */
export async function* loadModel(
  reference: string,
  { library, readBytes }: Pick<Workspace, "library" | "readBytes">,
  signal?: AbortSignal,
): Job<Model> {
  if (reference === "") {
    const names = [...new Set((await library.list()).map(({ name }) => name))];
    const advice = names.length === 0 ? "Train one first, or import one." : `Choose one of ${names.join(", ")}.`;
    throw new Problem("InvalidParameter", `"model" must name a model; nothing came. ${advice}`, { parameter: "model", nearest: names });
  }
  if (!isArchivePath(reference)) return yield* followWork((tell) => library.load(reference, signal, tell));
  const judge = (reader: ByteReader): Promise<void> => judgeModel(reader, { path: reference, signal });
  return await readModel(yield* followWork((tell) => readBytes(reference, signal, tell, judge)), { path: reference });
}

/** Returns a reference that finds the same model again, whatever the library learns meanwhile: its version, or its file as the user named it. */
export function toReference(given: string, model: Pick<Model, "name" | "version">): string {
  return isArchivePath(given) ? given : modelTitle(model);
}

/** How results refer to it. */
export function modelTitle({ name, version }: Pick<Model, "name" | "version">): string {
  return `${name}@${version}`;
}
