import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isProblem } from "../../../core/problem.ts";
import { crc32 } from "../../../core/source/crc32.ts";
import { inflateGzip, inflateRaw, inflateZlib, unpackGzip, unpackZlib } from "../../../core/source/inflate.ts";
import { readZip, writeZip } from "../../../core/source/zip.ts";
import { countProcessorMs } from "../../support/processor-time.ts";
import { crcOf, type MadeEntry, makeZip } from "./zip-bytes.ts";

const long = process.env["OVERTILE_LONG"] !== undefined;
const read = (bytes: Uint8Array, limits = {}) => {
  const zip = readZip(bytes, { kind: "InvalidData", path: "set.zip", ...limits });
  return Object.fromEntries(zip.names.map((name) => [name, zip.read(name)]));
};

/** The message of the Problem that these bytes end in. */
function refusal(bytes: Uint8Array, limits = {}): string {
  try {
    read(bytes, limits);
  } catch (error) {
    if (isProblem(error, "InvalidData")) return error.message;
    throw error;
  }
  throw new Error("it was read");
}

describe("a zip", () => {
  it("gives back its files: read(write(files)) = files", () => {
    const files = fc.uniqueArray(
      fc.record({
        name: fc.stringMatching(/^[a-z]{1,8}(\/[a-z0-9.]{1,8}[a-z])?$/),
        data: fc.uint8Array({ maxLength: 300 }),
        compress: fc.boolean(),
      }),
      { selector: ({ name }) => name.toLowerCase(), maxLength: 6 },
    );
    fc.assert(
      fc.property(files, (files) => {
        const safe = files.filter(({ name }) => !["constructor", "prototype"].includes(name));
        expect(read(writeZip(safe))).toEqual(Object.fromEntries(safe.map(({ name, data }) => [name, data])));
      }),
      { seed: 1 },
    );
  });

  it("made by another hand, with a comment and packed files, is read", () => {
    const entries = [{ name: "a/" , data: Buffer.alloc(0) }, { name: "a/b", data: Buffer.from("x".repeat(1000)), method: 8 }]; // biome-ignore format: a table
    expect(Object.keys(read(makeZip(entries, { comment: "made by hand" })))).toEqual(["a/b"]);
  });

  it("in which any file's bytes were changed is refused", () => {
    const bytes = makeZip([{ name: "weights", data: Buffer.from("0123456789") }]);
    for (let at = 37; at < 47; at++) {
      const damaged = bytes.slice();
      damaged[at]! ^= 1;
      expect(refusal(damaged)).toContain("checksum");
    }
  });

  it("has / between the parts of its names, also where a program wrote backslashes or ./ before them", () => {
    const data = Buffer.from("hello");
    const zip = read(
      makeZip([
        { name: "set\\images\\a.png", data },
        { name: "set\\labels\\", data: Buffer.alloc(0) },
        { name: "./b", data },
      ]),
    );
    expect(Object.keys(zip).sort()).toEqual(["b", "set/images/a.png"]);
  });

  const big = Buffer.alloc(100_000);
  const attacks: readonly [string, readonly MadeEntry[], string][] = [
    ["climbs out of its folder", [{ name: "../../evil" }], "leaves its folder"],
    ["climbs out in the middle", [{ name: "a/../../evil" }], "leaves its folder"],
    ["has an absolute name", [{ name: "/etc/passwd" }], "absolute"],
    ["has a drive in a name", [{ name: "C:evil" }], "absolute"],
    ["climbs out by backslashes", [{ name: "..\\..\\evil" }], "leaves its folder"],
    ["has an absolute name of Windows", [{ name: "\\\\server\\evil" }], "absolute"],
    ["has one name with two signs", [{ name: "a/b" }, { name: "a\\b" }], "twice"],
    ["has __proto__ as a name", [{ name: "__proto__" }], "not allowed"],
    ["has __proto__ within a name", [{ name: "a/__proto__/b" }], "not allowed"],
    ["has an empty name", [{ name: "" }], "no name"],
    ["has a zero in a name", [{ name: "a\0b" }], "control"],
    ["has a name that is no text", [{ name: Uint8Array.of(0xff, 0xfe) }], "UTF-8"],
    ["has a name twice", [{ name: "a" }, { name: "a" }], "twice"],
    ["has a folder with data", [{ name: "a/" }], "has data"],
    ["has a wrong checksum", [{ name: "a", crc: 1 }], "checksum"],
    ["claims less than there is", [{ name: "a", data: big, method: 8, bytes: 10 }], "damaged"],
    ["claims more than there is", [{ name: "a", data: big, method: 8, bytes: 100_001 }], "damaged"],
    ["claims 2 GiB", [{ name: "a", data: big, method: 8, bytes: 2 ** 31 }], "cannot hold"],
    ["claims two sizes", [{ name: "a", bytes: 3 }], "two sizes"],
    ["disagrees about a size", [{ name: "a", localBytes: 3 }], "do not agree"],
    ["disagrees about a name", [{ name: "a", localName: "b" }], "do not agree"],
    ["has files that share bytes", [{ name: "a" }, { name: "b", offset: 0, localName: "a" }], "overlaps"],
    ["has a file outside", [{ name: "a", offset: 10_000 }], "not where"],
    ["has a cut file", [{ name: "a", packedBytes: 5000, bytes: 5000 }], "cut"],
    ["is encrypted", [{ name: "a", flags: 1 }], "encrypted"],
    ["is packed by another method", [{ name: "a", method: 93 }], "method 93"],
    ["is zip64", [{ name: "a", bytes: 0xffffffff, packedBytes: 0xffffffff }], "zip64"],
  ];
  for (const [what, entries, reason] of attacks) {
    it(`that ${what} is refused`, () => {
      expect(refusal(makeZip([{ name: "good" }, ...entries]))).toContain(reason);
    });
  }

  it("of 70,000 entries, or with a directory elsewhere, or of too much data, is refused", () => {
    expect(refusal(makeZip([{ name: "a" }], { count: 70_000 }))).toContain("its directory");
    expect(refusal(makeZip([{ name: "a" }], { count: 0xffff }))).toContain("zip64");
    expect(refusal(makeZip(Array.from({ length: 101 }, (_, i) => ({ name: `${i}` }))), { maxEntries: 100 })).toContain("101 entries");
    expect(refusal(makeZip([{ name: "a" }], { start: 1 }))).toContain("not where");
    expect(
      refusal(
        makeZip([
          { name: "a", data: big, method: 8 },
          { name: "b", data: big, method: 8 },
        ]),
        { maxBytes: 150_000 },
      ),
    ).toContain("more than");
  });

  it("however it was damaged: a Problem, or the right files", () => {
    const files = [{ name: "a", data: Buffer.from("hello hello hello"), method: 8 }, { name: "b" }];
    const whole = read(makeZip(files));
    const bytes = makeZip(files);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(bytes.length),
        (edits, cut) => {
          const damaged = bytes.slice(0, cut % 3 === 0 ? cut : bytes.length);
          for (const [at, byte] of edits) if (at < damaged.length) damaged[at] = byte;
          try {
            for (const [name, data] of Object.entries(read(damaged))) {
              if (name in whole) expect(data).toEqual(whole[name]);
            }
          } catch (error) {
            if (!isProblem(error, "InvalidData")) throw error;
          }
        },
      ),
      { seed: 2, numRuns: long ? 10_000 : 300 },
    );
  });
});

describe("inflating with a bound", () => {
  it("gives back what zlib packed", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(255), fc.nat(2000)), { maxLength: 20 }), fc.nat(9), (runs, level) => {
        const data = new Uint8Array(Buffer.concat(runs.map(([byte, count]) => Buffer.alloc(count, byte))));
        expect(inflateRaw(deflateRawSync(data, { level }), data.length)).toEqual(data);
        expect(inflateZlib(deflateSync(data, { level }), data.length, data.length)).toEqual(data);
      }),
      { seed: 3, numRuns: 100 },
    );
  });

  it("ends at the bound, quickly, however much a stream holds", () => {
    const bomb = deflateRawSync(Buffer.alloc(40 << 20));
    const processorMs = countProcessorMs();
    expect(() => inflateRaw(bomb, 1000)).toThrow("more than 1000");
    expect(() => inflateRaw(bomb.subarray(0, 100), 2 ** 28)).toThrow("cannot unpack");
    expect(processorMs()).toBeLessThan(2000);
  });

  it("by the platform is the same as by us: what comes back, and whether it is refused", async () => {
    const answer = async (work: () => Uint8Array | Promise<Uint8Array>): Promise<string> => {
      try {
        return Buffer.from(await work()).toString("hex");
      } catch (error) {
        return `refused: ${(error as Error).message}`;
      }
    };
    const damages: Readonly<Record<string, (packed: Uint8Array, at: number) => Uint8Array>> = {
      none: (packed) => packed,
      cut: (packed, at) => packed.slice(0, at % packed.length),
      changed: (packed, at) => packed.map((byte, i) => (i === at % packed.length ? byte ^ 4 : byte)),
      followed: (packed, at) => Uint8Array.from([...packed, ...new Uint8Array(at % 9)]),
    };
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom(...Object.keys(damages)),
        fc.nat(1000),
        fc.constantFrom(0, 1, -1),
        async (data, damage, at, more) => {
          const [least, most] = [Math.max(0, data.length - 1), Math.max(0, data.length + more)];
          const zlib = damages[damage]!(new Uint8Array(deflateSync(data)), at);
          expect(await answer(() => unpackZlib(zlib, least, most))).toBe(await answer(() => inflateZlib(zlib, least, most)));
          const gzip = damages[damage]!(new Uint8Array(gzipSync(data)), at);
          expect(await answer(() => unpackGzip(gzip, most))).toBe(await answer(() => inflateGzip(gzip, most)));
        },
      ),
      { seed: 5, numRuns: 100 },
    );
  });

  it("compares Adler's checksum", () => {
    const packed = deflateSync(Buffer.from("hello"));
    packed[packed.length - 1]! ^= 1;
    expect(() => inflateZlib(packed, 5, 5)).toThrow("checksum");
  });
});

describe("the CRC-32", () => {
  it("is the one computed bit by bit", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(crc32(bytes)).toBe(crcOf(bytes));
      }),
      { seed: 4 },
    );
  });

  it("of 123456789 is cbf43926", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  });
});
