// The models that come with Overtile. Their catalogue is part of the program; an archive is fetched when it is first used, compared with
// the catalogue, and kept, so that it is there without a network. Where it cannot be kept it is fetched again the next time.

import { hashSha256 } from "../../core/model/sha256.ts";
import { describeError, Problem } from "../../core/problem.ts";
import type { UNetSpec } from "../../core/unet/spec.ts";
import type { ModelInfo } from "../contract.ts";
import type { Files } from "../store/files.ts";
import type { PhaseProgress } from "../store/read-bytes.ts";

/** Catalogue entry of a model that comes with Overtile. */
export interface StarterInfo extends ModelInfo {
  readonly starter: true;
  readonly spec: UNetSpec;
  /** SHA-256 of the archive. */
  readonly sha256: string;
}

/** Hears how much has come. */
export type TellProgress = (progress: PhaseProgress) => void;

export interface Starters {
  readonly list: readonly StarterInfo[];
  /** The archive; `tell` hears how much of it has come where it is fetched. Throws Problem MissingFile, InvalidModel, AbortError. */
  read(info: StarterInfo, signal?: AbortSignal, tell?: TellProgress): Promise<Uint8Array<ArrayBuffer>>;
  /** Keeps these bytes where they are the archive of a starter, as when a user imports its file; returns which. */
  take(archive: Uint8Array): Promise<StarterInfo | undefined>;
}

export interface StartersOptions {
  readonly catalog: readonly StarterInfo[];
  /** Where archives are kept once they were used. */
  readonly kept: Files;
  /** Bytes of a file beside the program: "nuclei-fluorescence.zip". Rejects where it is not there. */
  readonly fetchFile: (file: string, signal?: AbortSignal, tell?: TellProgress) => Promise<Uint8Array>;
  /** True where the files lie on this machine for good: then only what a user imports is kept. */
  readonly isLocal?: boolean;
}

export function createStarters({ catalog, kept, fetchFile, isLocal = false }: StartersOptions): Starters {
  const isThat = async (bytes: Uint8Array, { sha256 }: StarterInfo): Promise<boolean> => (await hashSha256(bytes)) === sha256;
  const fetchArchive = async (info: StarterInfo, signal?: AbortSignal, tell?: TellProgress): Promise<Uint8Array> => {
    const bytes = await fetchFile(starterFile(info), signal, tell).catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw missing(info, cause);
    });
    if (await isThat(bytes, info)) return bytes;
    throw damaged(info);
  };
  return {
    list: catalog,
    async read(info, signal, tell) {
      const own = await kept.read(keptName(info)).catch(() => undefined);
      if (own !== undefined && (await isThat(own, info))) return own;
      const bytes = Uint8Array.from(await fetchArchive(info, signal, tell));
      // A full or forbidden storage costs the copy, never the model.
      if (!isLocal) await kept.write(keptName(info), bytes).catch(() => {});
      return bytes;
    },
    async take(archive) {
      const sha256 = await hashSha256(archive);
      const info = catalog.find((one) => one.sha256 === sha256);
      if (info !== undefined) await kept.write(keptName(info), archive);
      return info;
    },
  };
}

/** No model comes with the program. */
export const noStarters: Starters = createStarters({
  catalog: [],
  kept: { list: async () => [], read: async () => undefined, write: async () => {}, remove: async () => {} },
  fetchFile: async (file) => Promise.reject(new Error(`there is no ${file}`)),
});

/** Its file in models/ of the bundle. */
function starterFile({ name }: Pick<StarterInfo, "name">): string {
  return `${name}.zip`;
}

function keptName({ name, version }: StarterInfo): string {
  return `${name}@${version}.zip`;
}

/** Throws Problem InvalidParameter for the name of a model that comes with Overtile. */
export function assertOwnName(name: string, { list }: Pick<Starters, "list">): void {
  if (!list.some((one) => one.name === name)) return;
  const message = `"name" must not be that of a model that comes with Overtile; got "${name}". Give another, for instance "my ${name}".`;
  throw new Problem("InvalidParameter", message, { parameter: "name", value: name, nearest: [`my ${name}`] });
}

function missing(info: StarterInfo, cause: unknown): Problem<"MissingFile"> {
  const file = `models/${starterFile(info)}`;
  const message = `The model "${info.name}" comes with Overtile as the file ${file}; it cannot be read (${describeError(cause)}). Copy it beside the program, or import it once.`;
  return new Problem("MissingFile", message, { path: file }, { cause });
}

function damaged(info: StarterInfo): Problem<"InvalidModel"> {
  const file = `models/${starterFile(info)}`;
  const reason = "its checksum is another one";
  const message = `The model "${info.name}" must be the one that comes with this Overtile; ${file} is damaged, or of another version: ${reason}. Copy it again from where Overtile came from.`;
  return new Problem("InvalidModel", message, { path: file, reason });
}
