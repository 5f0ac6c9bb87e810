// What a TIFF is, before any pixel is read: how its pages lie, which page is which plane, which sizes there are, how its numbers are
// meant, and what is to be told of it.

import { invertedNotice, isInvertedGrey, isLookupTable, type Palette, tableNotice } from "../lookup-table.ts";
import { toPlainName } from "../plain-text.ts";
import type { PaletteUse } from "../png.ts";
import { assertCounts, nameChannels } from "../raster-source.ts";
import { readBlockTable } from "./block-table.ts";
import { type Directory, readText, readValue, type TiffFile } from "./directory.ts";
import { createUnsupported, isColour, type PageLayout, readLayout } from "./layout.ts";
import { readMetaMorph, readZeiss } from "./microscope-planes.ts";
import { type LevelPages, sortPages } from "./pages.ts";
import type { PlanePlan } from "./plane-plan.ts";
import { countTold, isAperio, isImageJ, planPlanes } from "./planes.ts";
import { layStacked, type TableOf } from "./stacked-planes.ts";

export interface TiffFacts {
  readonly first: PageLayout;
  /** True: a palette's colours are read, not its indices. */
  readonly painted: boolean;
  /** Channels within one page. */
  readonly pageChannels: number;
  readonly plan: PlanePlan;
  /** Smaller copies, large ones first. */
  readonly smaller: readonly LevelPages[];
  readonly channels: readonly { readonly name: string }[];
  /** Where planes lie that have no directory of their own. */
  readonly stacked?: TableOf;
  /** How the file is to be seen: 1 = as it is stored (turned-source.ts). */
  readonly orientation: number;
  readonly notices: readonly string[];
  /** The layout of a page as this file means it. */
  layOut(directory: Directory): Promise<PageLayout>;
}

/** Reads what is told of the pages. Throws Problem InvalidData or UnsupportedImage, naming the file and the reason. */
export async function readFacts(file: TiffFile, palette: PaletteUse): Promise<TiffFacts> {
  const directory = file.directories[0]!;
  const description = (await readText(file, directory, 270)) ?? "";
  const ofImageJ = isImageJ(description);
  const layOut = async (page: Directory): Promise<PageLayout> => {
    const layout = await readLayout(file, page);
    // ImageJ inverts what it shows, not what it stores.
    return ofImageJ ? { ...layout, inverted: false } : layout;
  };
  const first = await layOut(directory);
  const { width, height, samples } = first;
  const table = first.photometric === 3 ? toPalette(first) : undefined;
  const isTable = table !== undefined && (ofImageJ || isLookupTable(table));
  const painted = table !== undefined && palette === "colours" && !isTable;
  const pageChannels = painted ? 3 : first.kept.length;
  const [stk, lsm] = await Promise.all([readMetaMorph(file, directory), readZeiss(file, directory)]);
  const sorted = await sortPages(file, first, isAperio(description));
  const told = { name: file.name, description, width, height, samples, stack: stk ?? lsm };
  const stacked = await findStacked(file, first, { ...told, usable: sorted.planes });
  const plan = planPlanes({
    ...told,
    pageChannels,
    usable: stacked?.usable ?? sorted.planes,
    resolution: await readValue(file, directory, 282),
    resolutionY: await readValue(file, directory, 283),
    unit: (await readValue(file, directory, 296)) ?? 2,
  });
  assertCounts(file.name, { channels: plan.sizeC * pageChannels, planes: plan.sizeZ * plan.sizeT });
  const names = nameChannels(plan.sizeC * pageChannels, isColour(first.photometric, samples) || painted);
  const given = plan.channelNames?.length === names.length ? plan.channelNames : [];
  const meaning = describeMeaning(first, { palette, table, isTable, ofImageJ });
  return {
    ...{ first, painted, pageChannels, plan, layOut },
    smaller: stacked || lsm ? [] : sorted.smaller,
    channels: names.map((channel, index) => ({ name: toPlainName(given[index] ?? "") || channel.name })),
    ...(stacked && { stacked: stacked.tableOf }),
    orientation: (await readValue(file, directory, 274)) ?? 1,
    notices: [
      ...sorted.notices,
      ...(/<(\w+:)?Pixels\s/.test(description) ? [] : sorted.others),
      ...(plan.notices ?? []),
      ...meaning.map((notice) => `${file.name}: ${notice}`),
    ],
  };
}

/** Planes that lie behind the only directory; undefined where every plane has one. Throws Problem UnsupportedImage, InvalidData. */
async function findStacked(
  file: TiffFile,
  first: PageLayout,
  info: Parameters<typeof countTold>[0] & { readonly usable: readonly number[] },
): Promise<{ readonly usable: readonly number[]; readonly tableOf: TableOf } | undefined> {
  const told = countTold(info) ?? 1;
  const { usable, description } = info;
  if (told <= usable.length) return undefined;
  if (usable.length > 1) {
    if (!isImageJ(description)) return undefined;
    throw createUnsupported(file, `an ImageJ stack of ${told} planes with ${usable.length} directories`);
  }
  assertCounts(file.name, { channels: 1, planes: told });
  const tableOf = layStacked(file, first, await readBlockTable(file, file.directories[0]!, first), told);
  return { usable: Array.from({ length: told }, (_, index) => index), tableOf };
}

interface Meaning {
  readonly palette: PaletteUse;
  readonly table: Palette | undefined;
  readonly isTable: boolean;
  readonly ofImageJ: boolean;
}

/** Describes numbers that are not shown as they are stored. */
function describeMeaning({ photometric }: PageLayout, { palette, table, isTable, ofImageJ }: Meaning): readonly string[] {
  if (photometric === 0 && ofImageJ) return [invertedNotice];
  if (table === undefined) return [];
  if (palette === "indices") return isInvertedGrey(table) ? [invertedNotice] : [];
  return isTable ? [tableNotice] : [];
}

function toPalette({ colourMap = [] }: PageLayout): Palette {
  const size = colourMap.length / 3;
  return { red: colourMap.slice(0, size), green: colourMap.slice(size, 2 * size), blue: colourMap.slice(2 * size) };
}
