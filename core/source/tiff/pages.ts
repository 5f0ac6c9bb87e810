// Which pages of a TIFF are what: planes of the image, smaller copies of it (the pyramid), or something else (labels, macro
// pictures, thumbnails, masks), which is left out. Smaller copies lie below a page (SubIFDs), or behind it in the chain, marked as
// reduced or, as Aperio writes them, in tiles. Their sizes must fit: a copy that is no copy is left out, and told.

import { isSmallerCopy, type Size } from "../pyramid.ts";
import { type Directory, readSubDirectories, readValue, type TiffFile } from "./directory.ts";
import { isTiled, type PageLayout } from "./layout.ts";
import { describeOtherImages } from "./plane-plan.ts";

/** A level of the pyramid. */
export interface LevelPages {
  readonly width: number;
  readonly height: number;
  /** The directory of the page (an index into the file's chain) at this level; undefined when it is not there. */
  directoryOf(page: number): Promise<Directory | undefined>;
}

export interface Pages {
  /** Indices into the file's chain, in order. */
  readonly planes: readonly number[];
  /** Smaller copies, large ones first; full size is not among them. */
  readonly smaller: readonly LevelPages[];
  readonly notices: readonly string[];
  /** What is told of pages that are other images. */
  readonly others: readonly string[];
}

interface PageKind extends Size {
  readonly index: number;
  readonly isAlike: boolean;
  readonly isReduced: boolean;
  readonly isMask: boolean;
  readonly isTiled: boolean;
}

/** Sorts the pages. `isAperio`: of a slide scanner whose levels are its tiled pages, whatever they are marked as. */
export async function sortPages(file: TiffFile, first: PageLayout, isAperio: boolean): Promise<Pages> {
  const kinds: PageKind[] = [];
  for (let index = 0; index < file.directories.length; index++) kinds.push(await readKind(file, index, first));
  const alike = kinds.filter(({ isAlike, isMask }) => isAlike && !isMask);
  const planes = alike.filter(
    (kind) => kind.index === 0 || (kind.width === first.width && kind.height === first.height && !kind.isReduced && !isAperio),
  );
  const indices = planes.map(({ index }) => index);
  const below = await findBelow(file, first);
  const found = below.length > 0 ? below : findBehind(file, alike, indices, isAperio);
  const fits = (level: LevelPages): boolean => isSmallerCopy(level, first, isAperio ? 0.02 : 0.005);
  const fitting = found.filter(fits);
  const notices = describeMisfits(
    file.name,
    first,
    found.filter((level) => !fits(level)),
  );
  const smaller = fitting.sort((a, b) => b.width * b.height - a.width * a.height);
  const others = isAperio ? [] : kinds.filter((kind) => isOtherImage(kind, first, indices));
  return {
    ...{ planes: indices, notices, others: describeOthers(file.name, others) },
    smaller: smaller.filter((level, at) => level.width !== smaller[at - 1]?.width),
  };
}

/** True for a page that is no plane of the image, nor marked as a copy or a mask, nor a level that is not marked. */
function isOtherImage(kind: PageKind, first: PageLayout, planes: readonly number[]): boolean {
  if (planes.includes(kind.index) || kind.isReduced || kind.isMask) return false;
  return !(kind.isAlike && kind.isTiled && isSmallerCopy(kind, first, 0.02));
}

function describeOthers(name: string, others: readonly PageKind[]): readonly string[] {
  if (others.length === 0) return [];
  const sizes = [...new Set(others.map(({ width, height }) => `${width}x${height}`))].slice(0, 4).join(", ");
  const count = others.length === 1 ? "one more image" : `${others.length} more images`;
  return [describeOtherImages(name, `${count} of another size or kind (${sizes} pixels)`)];
}

/** Most levels left out that are named one by one. */
const mostTold = 8;

function describeMisfits(name: string, first: Size, levels: readonly Size[]): readonly string[] {
  const told = levels
    .slice(0, mostTold)
    .map(
      ({ width, height }) =>
        `${name}: a level of ${width}x${height} pixels is no smaller copy of ${first.width}x${first.height}; it is left out.`,
    );
  const others = levels.length - told.length;
  return others > 0 ? [...told, `${name}: ${others} more of its levels are no smaller copies and are left out.`] : told;
}

async function readKind(file: TiffFile, index: number, first: PageLayout): Promise<PageKind> {
  const directory = file.directories[index]!;
  const value = async (tag: number, otherwise: number): Promise<number> => (await readValue(file, directory, tag)) ?? otherwise;
  const type = await value(254, 0);
  return {
    index,
    ...{ width: await value(256, 0), height: await value(257, 0) },
    isAlike: (await value(277, 1)) === first.samples && (await value(258, 1)) === first.bits,
    isReduced: (type & 1) !== 0 || (await value(255, 1)) === 2,
    isMask: (type & 4) !== 0,
    isTiled: isTiled(directory),
  };
}

/** Levels that the first page keeps below itself; the other planes keep theirs alike. */
async function findBelow(file: TiffFile, first: PageLayout): Promise<LevelPages[]> {
  const levels: LevelPages[] = [];
  for (const directory of await readSubDirectories(file, file.directories[0]!)) {
    const { width, height } = await readSize(file, directory);
    const samples = (await readValue(file, directory, 277)) ?? 1;
    const bits = (await readValue(file, directory, 258)) ?? 1;
    if (samples !== first.samples || bits !== first.bits) continue;
    const directoryOf = async (page: number): Promise<Directory | undefined> => {
      const parent = file.directories[page];
      for (const other of parent ? await readSubDirectories(file, parent) : []) {
        const size = await readSize(file, other);
        if (size.width === width && size.height === height) return other;
      }
      return undefined;
    };
    levels.push({ width, height, directoryOf });
  }
  return levels;
}

/** Levels in the chain: as many pages of a smaller size as there are planes, in the order of the planes. */
function findBehind(file: TiffFile, alike: readonly PageKind[], planes: readonly number[], isAperio: boolean): LevelPages[] {
  const bySize = new Map<string, PageKind[]>();
  const ofPlanes = new Set(planes);
  for (const kind of alike) {
    const isLevel = isAperio ? kind.isTiled : kind.isReduced;
    if (!isLevel || ofPlanes.has(kind.index)) continue;
    const key = `${kind.width}x${kind.height}`;
    const same = bySize.get(key);
    if (same) same.push(kind);
    else bySize.set(key, [kind]);
  }
  return [...bySize.values()]
    .filter((pages) => pages.length === planes.length)
    .map((pages) => ({
      ...{ width: pages[0]!.width, height: pages[0]!.height },
      directoryOf: async (page) => file.directories[pages[planes.indexOf(page)]?.index ?? -1],
    }));
}

async function readSize(file: TiffFile, directory: Directory): Promise<Size> {
  return { width: (await readValue(file, directory, 256)) ?? 0, height: (await readValue(file, directory, 257)) ?? 0 };
}
