// Frozen samples by name: what a recorded `dataset=[training 3]` means. They are kept in the store, so that the line can be
// replayed after a reload; the newest few, since each holds its images once more.

import type { Sample } from "../../plugin/contract.ts";
import type { BlobStore } from "./blob-store.ts";
import { packSamples, unpackSamples } from "./sample-file.ts";

/** Samples, or a dataset's zip. */
export type Frozen = readonly Sample[] | Blob;

export interface Datasets {
  /** Takes a dataset under a new name; `reason` says why it could not be kept beyond this page. */
  add(frozen: Frozen): Promise<{ readonly name: string; readonly reason?: string }>;
  find(name: string): Promise<Frozen | undefined>;
}

/** Sizes above this are not copied into the browser's storage. */
export const keptBytes = 300 * 2 ** 20;

const keptCount = 6;
const forms = ["samples", "archive"] as const;

/** The datasets of this page, and those in the store. */
export function createDatasets(store: BlobStore): Datasets {
  const here = new Map<string, Frozen>();

  async function keep(name: string, frozen: Frozen): Promise<void> {
    const file = frozen instanceof Blob ? frozen : await packSamples(frozen);
    if (file.size > keptBytes) throw new Error(`it is larger than ${keptBytes >> 20} MB`);
    await store.put(`${frozen instanceof Blob ? "archive" : "samples"}-${name}`, file);
    const newest = numberOf(name);
    for (const old of await store.list()) if (numberOf(old) !== undefined && numberOf(old)! <= newest! - keptCount) await store.remove(old);
  }

  return {
    async add(frozen) {
      const numbers = [...here.keys(), ...(await store.list())].map((name) => numberOf(name) ?? 0);
      const name = `training ${Math.max(0, ...numbers) + 1}`;
      here.set(name, frozen);
      try {
        await keep(name, frozen);
        return store.limit === undefined ? { name } : { name, reason: "this page may not store anything" };
      } catch (error) {
        return { name, reason: (error as Error).message };
      }
    },
    async find(name) {
      const known = here.get(name);
      if (known) return known;
      for (const form of forms) {
        const file = await store.get(`${form}-${name}`);
        if (file) return form === "archive" ? file : unpackSamples(file);
      }
      return undefined;
    },
  };
}

function numberOf(name: string): number | undefined {
  const found = /^(?:(?:samples|archive)-)?training (\d+)$/.exec(name);
  return found ? Number(found[1]) : undefined;
}
