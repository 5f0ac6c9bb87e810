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
  /** Frees everything but what is in use at this moment; false where there was nothing to free. */
  drop(): boolean;
  /** Keeps filters from now on, or stops to and frees everything. */
  keep(on: boolean): void;
}

/** An empty cache on `heap`; `free` gives an allocation back. */
export function createFilterCache(heap: Heap, free: (allocation: Allocation) => void, keeping: boolean): FilterCache {
  const kept = new Map<object, Map<string, Allocation>>();
  const used = new Set<Allocation>();
  let on = keeping;
  const forget = (dataId: object): void => {
    const forms = kept.get(dataId);
    if (forms === undefined) return;
    kept.delete(dataId);
    for (const allocation of forms.values()) free(allocation);
  };
  const drop = (): boolean => {
    let freed = false;
    for (const [dataId, forms] of kept) {
      for (const [form, allocation] of forms) {
        if (used.has(allocation)) continue;
        forms.delete(form);
        free(allocation);
        freed = true;
      }
      if (forms.size === 0) kept.delete(dataId);
    }
    return freed;
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
      let allocation = kept.get(filter.dataId)?.get(form);
      if (allocation === undefined) {
        allocation = heap.allocate(bytes); // which may free all others
        prepare(allocation.address);
        kept.set(filter.dataId, (kept.get(filter.dataId) ?? new Map<string, Allocation>()).set(form, allocation));
      }
      used.add(allocation);
      try {
        return use(allocation.address);
      } finally {
        used.delete(allocation);
      }
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
