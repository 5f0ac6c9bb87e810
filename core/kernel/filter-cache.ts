// Filters prepared once per weight version: keyed by the filter's data id (weights are never written in place, an update has a
// new one), freed with it. In training nothing is kept, since every step has new filters.

import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Allocation, FilterStore, Heap } from "./heap.ts";

/** The cache as its owner sees it. */
export interface FilterCache extends FilterStore {
  /** Bytes of all filters that are kept. */
  bytes(): number;
  /** Frees what was made from the tensor's data. */
  forget(dataId: object): void;
  /** Frees everything. */
  drop(): void;
  /** Keeps filters from now on, or stops to and frees everything. */
  keep(on: boolean): void;
}

/** An empty cache on `heap`; `free` gives an allocation back. */
export function createFilterCache(heap: Heap, free: (allocation: Allocation) => void, keeping: boolean): FilterCache {
  const kept = new Map<object, Map<string, Allocation>>();
  let on = keeping;
  const forget = (dataId: object): void => {
    const forms = kept.get(dataId);
    if (forms === undefined) return;
    kept.delete(dataId);
    for (const allocation of forms.values()) free(allocation);
  };
  const drop = (): void => {
    for (const dataId of [...kept.keys()]) forget(dataId);
  };
  const keeps = (_filter: TensorInfo, form: string): boolean => on && form !== "turned";
  return {
    keeps,
    withPrepared(filter, form, bytes, prepare, use) {
      if (!keeps(filter, form)) {
        return heap.withScratch([bytes], (address) => {
          prepare(address!);
          return use(address!);
        });
      }
      const forms = kept.get(filter.dataId) ?? new Map<string, Allocation>();
      let allocation = forms.get(form);
      if (allocation === undefined) {
        allocation = heap.allocate(bytes);
        prepare(allocation.address);
        forms.set(form, allocation);
        kept.set(filter.dataId, forms);
      }
      return use(allocation.address);
    },
    bytes() {
      let sum = 0;
      for (const forms of kept.values()) for (const allocation of forms.values()) sum += allocation.bytes;
      return sum;
    },
    forget,
    drop,
    keep(next) {
      on = next;
      if (!next) drop();
    },
  };
}
