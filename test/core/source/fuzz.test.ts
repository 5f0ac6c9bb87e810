// Good files with random damage: each either opens, or ends in a Problem; soon, and with little memory. A few seconds here;
// 10,000 inputs a parser with OVERTILE_LONG=1.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isProblem } from "../../../core/problem.ts";
import { openDataset } from "../../../core/source/dataset.ts";
import { openSource } from "../../../core/source/open.ts";
import { writeZip } from "../../../core/source/zip.ts";
import { countProcessorMs } from "../../support/processor-time.ts";
import { crcOf } from "./zip-bytes.ts";

const long = process.env["OVERTILE_LONG"] !== undefined;
const files = ["golden/images/", "golden/slides/"].flatMap((path) => {
  const folder = fileURLToPath(new URL(path, import.meta.url));
  return readdirSync(folder).map((name) => ({ name, bytes: new Uint8Array(readFileSync(`${folder}${name}`)) }));
});

/** Reading a box may take as much as the box; larger claims are not followed here. */
const largestRead = 2 ** 24;

type Damage =
  | { kind: "byte"; at: number; value: number }
  | { kind: "word"; at: number; value: number }
  | { kind: "cut"; at: number }
  | { kind: "copy"; at: number; value: number };
const value = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 255, 256, 0xffff, 0x10000, 0x7fffffff, 0xffffffff), fc.nat(0xffffffff));
const damages: fc.Arbitrary<Damage[]> = fc.array(
  fc.record({ kind: fc.constantFrom("byte", "byte", "word", "cut", "copy"), at: fc.oneof(fc.nat(200), fc.nat(20_000)), value }),
  { minLength: 1, maxLength: 5 },
) as fc.Arbitrary<Damage[]>;

/** The bytes after the damages, one after another; positions wrap. */
function damage(bytes: Uint8Array, list: readonly Damage[]): Uint8Array {
  let out = bytes.slice();
  for (const one of list) {
    if (out.length < 8) break;
    const at = one.at % (out.length - 4);
    const view = new DataView(out.buffer);
    if (one.kind === "byte") out[at] = one.value;
    else if (one.kind === "word") view.setUint32(at, one.value, one.at % 2 === 0);
    else if (one.kind === "copy") out.copyWithin(at, one.value % out.length);
    else if (one.at % 3 === 0) out = out.slice(0, at);
  }
  return out;
}

/** The PNG with its checksums set right again, so that damage gets past them. */
function repairChecksums(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  const view = new DataView(out.buffer);
  for (let at = 8; at + 12 <= out.length; ) {
    const end = at + 12 + view.getUint32(at);
    if (end > out.length) break;
    view.setUint32(end - 4, crcOf(out.subarray(at + 4, end - 4)));
    at = end;
  }
  return out;
}

/** Opens and reads; anything but a Problem of the expected kinds is a failure, and so is slowness. */
async function survive(bytes: Uint8Array, name: string): Promise<void> {
  const processorMs = countProcessorMs();
  const before = process.memoryUsage().arrayBuffers;
  try {
    const source = await openSource(bytes, { name });
    if (source.width * source.height * source.channels.length <= largestRead) {
      for (let z = 0; z < Math.min(3, source.sizeZ); z++) await source.read({ y0: 0, x0: 0, y1: source.height, x1: source.width, z });
      for (const [level, { width, height }] of source.levels.entries()) await source.read({ level, y0: 0, x0: 0, y1: height, x1: width });
    } else await source.read({ y0: 0, x0: 0, y1: 1, x1: 1 });
  } catch (error) {
    if (!isProblem(error, "InvalidData") && !isProblem(error, "UnsupportedImage")) throw error;
    expect(error.message).toContain(name);
  }
  expect(processorMs()).toBeLessThan(2000);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 28);
}

describe("damaged images never crash or hang", () => {
  for (const [kind, suffix] of [
    ["TIFF", /\.(tif|svs)$/],
    ["PNG", /\.png$/],
    ["JPEG", /\.jpe?g$/],
  ] as const) {
    // biome-ignore format: a table
    const chosen = files.filter(({ name }) => suffix.test(name));
    it(kind, { timeout: 600_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...chosen), damages, async ({ name, bytes }, list) => {
          const damaged = damage(bytes, list);
          await survive(damaged, name);
          if (kind === "PNG") await survive(repairChecksums(damaged), name);
        }),
        { seed: 11, numRuns: long ? 10_000 : 500 },
      );
    });
  }

  it("a zip of a dataset", { timeout: 600_000 }, async () => {
    const image = files.find(({ name }) => name === "grey8.png")!.bytes;
    const whole = writeZip([{ name: "images/a.png", data: image }, { name: "labels/a.png", data: image, compress: true }]); // biome-ignore format: a table
    await fc.assert(
      fc.asyncProperty(damages, async (list) => {
        try {
          await openDataset(damage(whole, list));
        } catch (error) {
          if (!isProblem(error, "InvalidData") && !isProblem(error, "UnsupportedImage")) throw error;
        }
      }),
      { seed: 12, numRuns: long ? 10_000 : 200 },
    );
  });
});
