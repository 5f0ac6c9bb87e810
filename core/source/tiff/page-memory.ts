// Pages that were opened, remembered between reads, as many as their tables leave room for.

import type { BlockTable } from "./block-table.ts";
import type { PageLayout } from "./layout.ts";

export interface Page {
  readonly layout: PageLayout;
  readonly table: BlockTable;
}

const mostPages = 64;
/** Entries of all their tables: a single one may have millions. */
const mostEntries = 2 ** 22;

/** A function that loads a page once, and again when it was forgotten meanwhile. Those that were loaded longest ago go first. */
export function createPageMemory(load: (level: number, index: number) => Promise<Page>): (level: number, index: number) => Promise<Page> {
  const pages = new Map<string, Promise<Page>>();
  const sizes = new Map<string, number>();
  let entries = 0;
  const forget = (key: string): void => {
    entries -= sizes.get(key) ?? 0;
    sizes.delete(key);
    pages.delete(key);
  };
  const isFull = (): boolean => pages.size > 1 && (pages.size > mostPages || entries > mostEntries);
  return (level, index) => {
    const key = `${level}/${index}`;
    const known = pages.get(key);
    if (known) return known;
    const page = load(level, index);
    pages.set(key, page);
    page.then(
      ({ table }) => {
        if (pages.get(key) !== page) return;
        sizes.set(key, table.offsets.length);
        entries += table.offsets.length;
        for (const oldest of pages.keys()) if (isFull()) forget(oldest);
      },
      () => forget(key),
    );
    return page;
  };
}
