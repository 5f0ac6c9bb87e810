// Small files that claim much: opening them and planning what they would take ends soon, with an image or with a Problem. Time is the
// processor's own. Random shapes, chunks and tags, many more of them with OVERTILE_LONG=1.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planWork } from "../../../core/image/plan-work.ts";
import { assertFillable } from "../../../core/label/region/region-plan.ts";
import { isProblem } from "../../../core/problem.ts";
import { openSource } from "../../../core/source/open.ts";
import { readLayout } from "../../../core/source/tiff/layout.ts";
import { planOme } from "../../../core/source/tiff/ome-planes.ts";
import { sortPages } from "../../../core/source/tiff/pages.ts";
import { writeZip } from "../../../core/source/zip.ts";
import { countProcessorMs } from "../../support/processor-time.ts";
import { joinPng, makeChunk, makeHeader } from "./png-bytes.ts";
import { type MadeField, makeTiff } from "./tiff-bytes.ts";

const isLong = process.env["OVERTILE_LONG"] !== undefined;

/** Opens and plans a work on all of it; the Problem's message where there is one. Fails for any other error, and beyond two seconds. */
async function openAndPlan(bytes: Uint8Array): Promise<string | undefined> {
  const processorMs = countProcessorMs();
  try {
    const source = await openSource(bytes, { name: "claims" });
    await planWork(source, { planes: source.sizeZ * source.sizeT });
    return undefined;
  } catch (error) {
    if (!isProblem(error, "InvalidData") && !isProblem(error, "UnsupportedImage")) throw error;
    return error.message;
  } finally {
    expect(processorMs()).toBeLessThan(2000);
  }
}

const zarr = (json: object, attributes?: object): Uint8Array => {
  const array = { zarr_format: 2, dtype: "|u1", compressor: null, fill_value: 0, order: "C", filters: null, ...json };
  const text = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  if (!attributes) return writeZip([{ name: ".zarray", data: text(array) }]);
  return writeZip([{ name: ".zattrs", data: text(attributes) }, { name: "0/.zarray", data: text(array) }]); // biome-ignore format: a table
};

describe("a file that claims much is opened or refused soon", () => {
  it("Zarr: channels, planes, pixels", async () => {
    const shape = [2_000_000_000, 4, 4];
    const axes = ["c", "y", "x"];
    const named = zarr({ shape, chunks: [1_000_000, 4, 4] }, { multiscales: [{ version: "0.3", axes, datasets: [{ path: "0" }] }] });
    expect(await openAndPlan(named)).toMatch(/claims it tells of 2,000,000,000 channels, at most 65,536/);
    expect(await openAndPlan(zarr({ shape, chunks: [1_000_000, 4, 4] }))).toMatch(/2,000,000,000 planes, at most 1,048,576/);
    expect(await openAndPlan(zarr({ shape: [2 ** 31 - 1, 2 ** 31 - 1], chunks: [8192, 8192] }))).toMatch(/at most 274,877,906,944 are/);
  });

  it("TIFF: planes behind one directory, in the words of ImageJ, tifffile and Zeiss", async () => {
    const pixels = new Uint8Array(3_000_000);
    const stack = (description: string): Uint8Array => {
      const text = [...new TextEncoder().encode(`${description}\0`)];
      const fields = (at: number): readonly MadeField[] => [
        ...[
          { tag: 256, values: [1] },
          { tag: 257, values: [1] },
          { tag: 258, values: [8] },
        ],
        ...[
          { tag: 270, type: 1 as const, values: text },
          { tag: 273, values: [at] },
          { tag: 279, values: [1] },
        ],
      ];
      return makeTiff(fields(makeTiff(fields(0), pixels).dataAt), pixels).bytes;
    };
    for (const [
      said,
      count,
    ] of [["ImageJ=1.53\nimages=2500000\n", "2,500,000"], ['{"shape": [2500000, 1, 1]}', "2,500,000"], ["ImageJ=1.53\nimages=1e15\n", "1,000,000,000,000,000"]] as const) // biome-ignore format: a table
      expect(await openAndPlan(stack(said))).toMatch(new RegExp(`tells of ${count} planes`));
  });

  it("PNG: chunks of nothing", async () => {
    const nothing = new Uint8Array(12 * 270_000);
    for (let at = 4; at < nothing.length; at += 12) nothing.set([0x74, 0x45, 0x58, 0x74], at);
    expect(await openAndPlan(joinPng(makeHeader(4, 4, 8, 0), Buffer.from(nothing.buffer), makeChunk("IEND", new Uint8Array(0))))).toMatch(
      /more than 262144 chunks/,
    );
  });

  it.each([
    ["elements without end", (count: number) => "<TiffData ".repeat(count / 10)],
    ["names of files without end", (count: number) => "<UUID ".repeat(count / 6)],
    ["one long word", (count: number) => `<Channel ${"a".repeat(count)}>`],
    ["long words", (count: number) => `<Channel ${"a b".repeat(count / 3)}="x">`],
    ["spaces", (count: number) => `<Channel Name${" ".repeat(count)}x>`],
    ["the same planes again and again", (count: number) => "<TiffData/>".repeat(count / 11)],
    ["a plane far before the first", () => '<TiffData FirstZ="-1e9" PlaneCount="1e9" IFD="0"/>'],
  ])("OME-XML: %s", (_, make) => {
    const description = `<OME><Pixels SizeX="4" SizeY="4" SizeZ="20000">${make(1_000_000)}</Pixels></OME>`;
    const usable = Array.from({ length: 20_000 }, (_, index) => index);
    const pages = {
      name: "claims",
      width: 4,
      height: 4,
      usable,
      pageChannels: 1,
      samples: 1,
      resolution: undefined,
      resolutionY: undefined,
      unit: 1,
    };
    const processorMs = countProcessorMs();
    planOme({ ...pages, description });
    expect(processorMs()).toBeLessThan(2000);
  });

  it("TIFF: 8,000 pages of as many sizes, which all point to the same long list", async () => {
    const list = 500_000;
    const directory = (width: number): ReadonlyMap<number, { type: number; count: number; at: number }> =>
      new Map([[256, width], [257, 4], [258, 0], [254, 1]].map(([tag, at]) => [tag!, { type: 3, count: tag === 258 ? list : 1, at: tag === 258 ? 0 : 2 * at! }])); // biome-ignore format: a table
    const numbers = Uint16Array.from({ length: list }, (_, at) => (at === 0 ? 8 : at));
    const bytes = new Uint8Array(numbers.buffer);
    const reader = { size: bytes.length, read: async (at: number, length: number) => bytes.slice(at, at + length) };
    const directories = [directory(30_000), ...Array.from({ length: 8000 }, (_, at) => directory(10 + at))];
    const file = { name: "claims", reader, littleEndian: true, big: false, directories } as never;
    const processorMs = countProcessorMs();
    const { notices } = await sortPages(file, await readLayout(file, directories[0]!), false);
    expect(notices.length).toBe(9);
    expect(notices.at(-1)).toMatch(/[\d,]+ more of its levels/);
    expect(processorMs()).toBeLessThan(2000);
  });

  it("regions: the whole image again and again, and a million corners", () => {
    const size = { height: 4000, width: 4000 };
    const whole = { polygons: [[[0, 0, 4000, 0, 4000, 4000, 0, 4000]]] };
    const comb = { polygons: [[Array.from({ length: 400_000 }, (_, i) => (i % 2 === 0 ? i / 100 : i % 4 === 1 ? 0 : 4000))]] };
    const processorMs = countProcessorMs();
    const many = new Array(60_000).fill(whole);
    expect(() => assertFillable(many, size, { isPainted: true })).toThrow(/60,000, .*cross 480,000,000 rows|cover 960,000,000,000 pixels/);
    expect(() => assertFillable(many.slice(0, 2000), size, { isPainted: true })).toThrow(/cover 32,000,000,000 pixels/);
    expect(() => assertFillable(many.slice(0, 2000), size, { isPainted: false })).not.toThrow();
    expect(() => assertFillable([comb], size, { isPainted: false })).toThrow(/cross .* rows/);
    expect(processorMs()).toBeLessThan(2000);
  });
});

const count = fc.oneof(fc.nat(5), fc.nat(70_000), fc.constantFrom(1, 2 ** 16, 2 ** 20, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1));

describe("random claims", () => {
  it("Zarr: shapes, chunks, axes, levels", { timeout: 600_000 }, async () => {
    const sides = fc.integer({ min: 1, max: 6 }).chain((rank) =>
      fc.record({
        shape: fc.array(count, { minLength: rank, maxLength: rank }),
        chunks: fc.array(count, { minLength: rank, maxLength: rank }),
        axes: fc.option(fc.shuffledSubarray(["t", "c", "z", "y", "x"], { minLength: Math.min(rank, 5), maxLength: Math.min(rank, 5) })),
      }),
    );
    await fc.assert(
      fc.asyncProperty(sides, async ({ shape, chunks, axes }) => {
        const attributes = axes && { multiscales: [{ version: "0.3", axes, datasets: [{ path: "0" }, { path: "0" }] }] };
        await openAndPlan(attributes ? zarr({ shape, chunks }, attributes) : zarr({ shape, chunks }));
      }),
      { seed: 31, numRuns: isLong ? 20_000 : 300 },
    );
  });

  it("TIFF: sizes, strips, tiles, samples, counts, descriptions", { timeout: 600_000 }, async () => {
    const tag = fc.constantFrom(254, 256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 320, 322, 323, 324, 325, 330, 338, 33629, 34412);
    const field = fc.record({
      tag,
      type: fc.constantFrom<1 | 3 | 4>(1, 3, 4),
      values: fc.array(fc.nat(255), { minLength: 1, maxLength: 4 }),
      count: fc.oneof(fc.nat(4), fc.nat(2 ** 21)),
    });
    const side = fc.record({ tag: fc.constantFrom(256, 257, 278, 322, 323, 277), values: fc.tuple(count) });
    const words = fc.constantFrom("images", "channels", "slices", "frames");
    const description = fc.oneof(
      fc.array(fc.tuple(words, count)).map((lines) => `ImageJ=1.53\n${lines.map((line) => line.join("=")).join("\n")}`),
      fc.array(count, { maxLength: 6 }).map((shape) => JSON.stringify({ shape })),
      fc.tuple(count, count, count, count).map(([z, c, t, n]) => `<OME><Pixels SizeZ="${z}" SizeC="${c}" SizeT="${t}"><TiffData PlaneCount="${n}"/></Pixels></OME>`), // biome-ignore format: one thought
    );
    await fc.assert(
      fc.asyncProperty(fc.array(field, { maxLength: 5 }), fc.array(side, { maxLength: 5 }), description, async (fields, sizes, words) => {
        const base: readonly MadeField[] = [{ tag: 256, values: [16] }, { tag: 257, values: [16] }, { tag: 258, values: [8] }, { tag: 273, values: [8] }, { tag: 279, values: [256] }]; // biome-ignore format: a table
        const text = { tag: 270, type: 1 as const, values: [...new TextEncoder().encode(words)] };
        await openAndPlan(makeTiff([...base, text, ...fields, ...sizes], new Uint8Array(2 ** 16)).bytes);
      }),
      { seed: 32, numRuns: isLong ? 20_000 : 300 },
    );
  });
});
