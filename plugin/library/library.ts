// The library of models: bioimage.io archives under name@version. A name alone is its newest version; training under a
// known name makes the next version and never writes over one.

import { judgeModel, readModel, writeModel } from "../../core/model/archive.ts";
import { assertModelName, type Model } from "../../core/model/model.ts";
import { describeError, isProblem, nearestWord, Problem } from "../../core/problem.ts";
import type { ModelInfo, Models } from "../contract.ts";
import type { Files } from "../store/files.ts";
import { createLocalLock, type Lock } from "../store/lock.ts";
import type { PhaseProgress, ReadBytes } from "../store/read-bytes.ts";
import { describeModel } from "./describe-model.ts";
import { assertOwnName, noStarters, type StarterInfo, type Starters, type TellProgress } from "./starters.ts";

export interface Library extends Models {
  /** The models that come with the program; `list` tells them after the user's own. */
  readonly starters: Starters;
  /** The user's models that can be read, then those that come with the program; and those that cannot be read, with the reason: damaged, or just removed by another tab. */
  inspect(): Promise<Inspection>;
  /** The model of that name or name@version. Throws Problem InvalidParameter with the nearest name, MissingFile, InvalidModel. */
  assertKnown(reference: string): Promise<void>;
  /** `tell` hears how much has come of an archive that is fetched. */
  load(reference: string, signal?: AbortSignal, tell?: TellProgress): Promise<Model>;
  /**
   * Keeps a model as the next version of its name. `onRefused`: told when the storage refuses it, instead of an error, and where it
   * is kept then, if anywhere.
   */
  add(
    model: Omit<Model, "version">,
    options?: { readonly onRefused?: (problem: Problem, keptAt?: string) => void },
  ): Promise<{ readonly model: Model; readonly archive: Uint8Array }>;
}

export interface Inspection {
  readonly models: readonly ModelInfo[];
  readonly faults: readonly { readonly model: string; readonly reason: string }[];
}

/** True for what a full or forbidden storage throws. */
export function isRefusal(error: unknown): error is Problem {
  return isProblem(error, "CannotWrite") || isProblem(error, "StorageUnavailable");
}

/** True for the path or address of an archive, false for a name in the library. */
export function isArchivePath(reference: string): boolean {
  return /^https?:\/\//i.test(reference) || reference.toLowerCase().endsWith(".zip");
}

export interface LibraryOptions {
  readonly files: Files;
  /** Bytes of a file or an address that the user named. */
  readonly readBytes: ReadBytes;
  /** Held while a version is added: two tabs, or two processes, must not both make the same one. */
  readonly lock?: Lock | undefined;
  /** The models that come with the program; default none. */
  readonly starters?: Starters;
  /** What a file of that path is, in words; undefined where there is none. */
  readonly nameFile?: (path: string) => Promise<string | undefined>;
  /** Keeps an archive that `files` refuses and that was made at some cost; returns its path. */
  readonly elsewhere?: (file: string, archive: Uint8Array) => Promise<string>;
}

export function createLibrary(options: LibraryOptions): Library {
  const { files, readBytes, lock = createLocalLock(), starters = noStarters, elsewhere, nameFile } = options;
  const entries = async (): Promise<readonly Entry[]> => (await files.list()).flatMap(parseEntry);
  const find = async (reference: string): Promise<Entry> => {
    const all = await entries();
    const { name, version } = parseReference(reference);
    // A model of the user's own, of before there were starters, goes before one of the same name.
    for (const known of [all, starters.list]) {
      const named = known.filter((entry) => entry.name === name && (version === undefined || entry.version === version));
      const newest = named.toSorted((a, b) => b.version - a.version)[0];
      if (newest !== undefined) return newest;
    }
    const what = await nameFile?.(reference).catch(() => undefined);
    if (what !== undefined) throw noModelFile(reference, what);
    throw unknownModel(reference, [...all, ...starters.list]);
  };
  const findOwn = async (reference: string): Promise<Entry> => {
    const entry = await find(reference);
    const info = starters.list.find((one) => one === entry);
    if (info !== undefined) throw notOwn(info);
    return entry;
  };
  const readEntry = async (entry: Entry, signal?: AbortSignal, tell?: TellProgress): Promise<Uint8Array<ArrayBuffer>> => {
    const info = starters.list.find((one) => one === entry);
    if (info !== undefined) return starters.read(info, signal, tell);
    const { name, version } = entry;
    const bytes = await files.read(entryName({ name, version }));
    if (bytes === undefined) throw unknownModel(`${name}@${version}`, await entries());
    return bytes;
  };
  const nextVersion = async (name: string): Promise<number> =>
    1 + Math.max(0, ...(await entries()).filter((entry) => entry.name === name).map(({ version }) => version));
  const alone = async <R>(work: () => Promise<R>): Promise<R> => {
    const release = await waitForLock(lock, "library");
    try {
      return await work();
    } finally {
      release();
    }
  };
  const addNext: Library["add"] = async (model, { onRefused } = {}) => {
    const versioned = { ...model, version: await nextVersion(model.name) };
    const archive = await writeModel(versioned);
    await files.write(entryName(versioned), archive).catch(async (error: unknown) => {
      if (onRefused === undefined || !isRefusal(error)) throw error;
      onRefused(error, await elsewhere?.(`${model.name}.zip`, archive).catch(() => undefined));
    });
    return { model: versioned, archive };
  };
  const add: Library["add"] = async (model, options) => {
    assertModelName(model.name);
    assertOwnName(model.name, starters);
    return alone(() => addNext(model, options));
  };

  const inspect: Library["inspect"] = async () => {
    const found = (await entries()).map((entry) =>
      readEntry(entry)
        .then(describeModel)
        .catch((error: unknown) => ({ model: `${entry.name}@${entry.version}`, reason: describeError(error) })),
    );
    const all = await Promise.all(found);
    const own = all
      .filter((one): one is ModelInfo => "version" in one)
      .toSorted((a, b) => a.name.localeCompare(b.name) || a.version - b.version);
    const others = starters.list.filter(({ name }) => !own.some((one) => one.name === name));
    return { models: [...own, ...others.map(toModelInfo)], faults: all.filter((one) => "reason" in one) };
  };

  return {
    starters,
    assertKnown: async (reference) => void (await find(reference)),
    add,
    inspect,
    async load(reference, signal, tell) {
      return readModel(await readEntry(await find(reference), signal, tell), { path: reference });
    },
    list: async () => (await inspect()).models,
    async import(archive, name, { signal, onProgress, job = "" } = {}) {
      const tell = onProgress && ((progress: PhaseProgress): void => onProgress({ ...progress, job }));
      const named = typeof archive === "string" ? { path: archive } : {};
      const bytes = await readBytes(archive, signal, tell, (reader) => judgeModel(reader, { ...named, signal }));
      const model = await readModel(bytes, named);
      const starter = name === undefined ? await starters.take(bytes) : undefined;
      if (starter !== undefined) return toModelInfo(starter);
      const added = await add({ ...model, name: name ?? model.name });
      return describeModel(added.archive);
    },
    async export(reference) {
      if (isArchivePath(reference)) {
        const archive = await readBytes(reference, undefined, undefined, (reader) => judgeModel(reader, { path: reference }));
        await readModel(archive, { path: reference });
        return new Blob([archive as Uint8Array<ArrayBuffer>], { type: "application/zip" });
      }
      const entry = await find(reference);
      const bytes = await readEntry(entry);
      // A starter is small: what leaves is whole, with weights for other programs, too.
      const isStarter = starters.list.some((one) => one === entry);
      const archive = isStarter ? await writeModel(await readModel(bytes)) : bytes;
      return new Blob([archive as Uint8Array<ArrayBuffer>], { type: "application/zip" });
    },
    async rename(reference, name) {
      assertModelName(name);
      assertOwnName(name, starters);
      await findOwn(reference); // what is not there needs no lock
      return alone(async () => {
        const entry = await findOwn(reference);
        const model = await readModel(await readEntry(entry));
        const added = await addNext({ ...model, name });
        await files.remove(entryName(entry));
        return describeModel(added.archive);
      });
    },
    async remove(reference) {
      await files.remove(entryName(await findOwn(reference)));
    },
  };
}

// An archive is written in far less.
const longestWaitMs = 20_000;

async function waitForLock(lock: Lock, name: string): Promise<() => void> {
  for (let waited = 0; ; waited += 50) {
    const release = await lock(name);
    if (release !== undefined) return release;
    if (waited >= longestWaitMs) {
      const holder = await lock.holderOf?.(name);
      const reason = `${holder ?? "another tab"} is writing`;
      const advice = holder === undefined ? "Close the other tab, and try again." : "Wait until it has ended, and try again.";
      throw new Problem("StorageUnavailable", `The library must be free to be written to; ${reason}. ${advice}`, { reason });
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface Entry {
  readonly name: string;
  readonly version: number;
}

function entryName({ name, version }: Entry): string {
  return `${name}@${version}.zip`;
}

function parseEntry(file: string): Entry[] {
  const found = /^(.*)@(\d+)\.zip$/s.exec(file);
  return found === null ? [] : [{ name: found[1]!, version: Number(found[2]) }];
}

function parseReference(reference: string): { readonly name: string; readonly version?: number } {
  const found = /^(.*)@(\d+)$/s.exec(reference);
  return found === null ? { name: reference } : { name: found[1]!, version: Number(found[2]) };
}

/** The public facts of a starter, without those that only its download needs. */
function toModelInfo({ sha256: _, spec: __, ...info }: StarterInfo): ModelInfo {
  return info;
}

function notOwn({ name }: StarterInfo): Problem<"InvalidParameter"> {
  const message = `"model" must be one of your own; "${name}" comes with Overtile and stays. To have one under another name, export it, and import the file as that.`;
  return new Problem("InvalidParameter", message, { parameter: "model", value: name });
}

function noModelFile(path: string, what: string): Problem<"InvalidParameter"> {
  const message = `"model" must be a model in the library, or the file of one (.zip); ${path} is ${what}. Name a model; "overtile models" lists them.`;
  return new Problem("InvalidParameter", message, { parameter: "model", value: path });
}

function unknownModel(reference: string, all: readonly Entry[]): Problem<"InvalidParameter"> {
  const names = [...new Set(all.map(({ name }) => name))];
  const nearest = nearestWord(parseReference(reference).name, names);
  const known = names.length === 0 ? "The library is empty; train a model or import one." : `It knows ${names.join(", ")}.`;
  const advice = nearest === undefined ? known : `Did you mean "${nearest}"?`;
  return new Problem("InvalidParameter", `"model" must be in the library; there is no "${reference}". ${advice}`, {
    parameter: "model",
    value: reference,
    ...(nearest === undefined ? {} : { nearest: [nearest] }),
  });
}
