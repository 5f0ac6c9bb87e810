// TIFF in: pages as planes and levels, read by boxes. Only the strips or tiles that a box meets are read. Directory -> facts ->
// pages -> planes -> layout -> block-table -> read-page -> block is the order in which to read this folder.

import { createTypedArray, type Raster, type TypedArray } from "../../array/raster.ts";
import type { ByteReader } from "../bytes.ts";
import { chooseCacheBytes, createChunkCache } from "../chunk-cache.ts";
import { createGaps } from "../gaps.ts";
import type { PaletteUse } from "../png.ts";
import { assertRequest } from "../raster-source.ts";
import { assertOneRead, type ReadPlan } from "../read-plan.ts";
import type { ImageSource, ReadRequest } from "../source.ts";
import { turnSource } from "../turned-source.ts";
import { planBlocks } from "./block-plan.ts";
import { readBlockTable } from "./block-table.ts";
import { createDamage, isTiff, readDirectories } from "./directory.ts";
import { readFacts } from "./facts.ts";
import type { PageLayout } from "./layout.ts";
import { createPageMemory, type Page } from "./page-memory.ts";
import { readPage } from "./read-page.ts";

export { isTiff };

/** The source of a TIFF. Throws Problem InvalidData or UnsupportedImage, naming the file and the reason. */
export async function openTiff(
  reader: ByteReader,
  name: string,
  { palette, skipBad = false }: { readonly palette: PaletteUse; readonly skipBad?: boolean },
): Promise<ImageSource> {
  const file = await readDirectories(reader, name);
  const facts = await readFacts(file, palette);
  const { first, painted, pageChannels, plan, smaller, channels, stacked, notices } = facts;
  const { width, height } = first;
  const openPage = createPageMemory(readPageLayout);
  const cache = createChunkCache<TypedArray>(chooseCacheBytes(measureBlockRow(first)));
  const gaps = createGaps();
  const source: ImageSource = {
    ...{ name, width, height, sizeZ: plan.sizeZ, sizeT: plan.sizeT, gaps },
    levels: [{ width, height }, ...smaller.map((level) => ({ width: level.width, height: level.height }))],
    dtype: painted ? "uint8" : first.dtype,
    channels,
    ...(plan.pixelSizeUm === undefined ? {} : { pixelSizeUm: plan.pixelSizeUm }),
    ...(notices.length === 0 ? {} : { notices }),
    plan: planRead,
    async read(request) {
      assertRequest(source, request);
      assertOneRead(name, await planRead(request));
      return readPlanes(request);
    },
    dispose() {
      cache.clear();
      void reader.dispose?.();
    },
  };

  async function planRead(request: ReadRequest): Promise<ReadPlan> {
    const { level = 0, z = 0, t = 0, channels: picked = channels.map((_, channel) => channel) } = request;
    const index = level === 0 ? undefined : plan.pageOf(z, Math.floor(picked[0]! / pageChannels), t);
    const { layout } = index === undefined ? { layout: first } : await openPage(level, index);
    // Samples of a page share its blocks, or have blocks of their own.
    const sets = new Set(layout.planar ? picked : picked.map((channel) => Math.floor(channel / pageChannels)));
    return planBlocks(layout, request, { sets: sets.size, channels: picked.length });
  }

  async function readPlanes(request: ReadRequest): Promise<Raster> {
    const { y0, x0, y1, x1, level = 0, z = 0, t = 0 } = request;
    const picked = request.channels ?? channels.map((_, channel) => channel);
    const [height, width] = [y1 - y0, x1 - x0];
    const out: Raster = { height, width, channels: picked.length, data: createTypedArray(source.dtype, height * width * picked.length) };
    for (const plane of new Set(picked.map((channel) => Math.floor(channel / pageChannels)))) {
      const index = plan.pageOf(z, plane, t);
      if (index === undefined) throw createDamage(name, `the plane z ${z}, channel ${plane}, t ${t} is missing`);
      const page = await openPage(level, index);
      request.signal?.throwIfAborted();
      const wanted = picked.flatMap((channel, to) =>
        Math.floor(channel / pageChannels) === plane ? [{ from: channel % pageChannels, to }] : [],
      );
      await readPage({ file, ...page, key: `${level}/${index}`, painted, cache, gaps, skipBad }, request, wanted, out);
    }
    return out;
  }

  async function readPageLayout(level: number, index: number): Promise<Page> {
    if (stacked && level === 0) return { layout: first, table: stacked(index) };
    const where = `page ${index + 1}${level > 0 ? ` at level ${level}` : ""}`;
    const found = level === 0 ? file.directories[index] : await smaller[level - 1]!.directoryOf(index);
    if (!found) throw createDamage(name, `${where} is missing`);
    const layout = found === file.directories[0] ? first : await facts.layOut(found);
    const { width, height } = source.levels[level]!;
    if (layout.width !== width || layout.height !== height || !isAlike(layout, first))
      throw createDamage(name, `${where} is of another size or kind than the first`);
    return { layout, table: await readBlockTable(file, found, layout) };
  }
  return turnSource(source, facts.orientation);
}

function isAlike(a: PageLayout, b: PageLayout): boolean {
  return a.dtype === b.dtype && a.kept.length === b.kept.length && (a.photometric === 3) === (b.photometric === 3);
}

/** Bytes of the blocks side by side that cover a page's width, unpacked. */
function measureBlockRow({ dtype, across, blockWidth, blockHeight, blockSamples, planar, samples }: PageLayout): number {
  const bytes = createTypedArray(dtype, 1).byteLength;
  return across * blockWidth * blockHeight * blockSamples * bytes * (planar ? samples : 1);
}
