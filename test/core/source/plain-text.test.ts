import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeText, hasHidden, showText, toPlainName } from "../../../core/source/plain-text.ts";

const marks = [
  "\0",
  "\n",
  "\r",
  "\x1b",
  "\x7f",
  "\x9b",
  "\u2028",
  "\u2029",
  "\u061c",
  "\u200e",
  "\u200f",
  "\u202a",
  "\u202e",
  "\u2066",
  "\u2069",
];

describe("a text from outside", () => {
  it("shows its control characters, line breaks and direction marks, and keeps all others", () => {
    expect(showText("a\u202eb\x1b[31mc\nd")).toBe("a\\u202eb\\u001b[31mc\\u000ad");
    expect(showText("a\nb\tc\rd", "\n\t")).toBe("a\nb\tc\\u000dd");
    for (const text of [
      "",
      "Zelle_\u00fc.png",
      "u\u0308",
      "\u05d0\u05d1\u05d2 \u0627\u0644",
      "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
      "a b\u00a0c",
    ]) {
      expect(showText(text)).toBe(text);
      expect(toPlainName(text)).toBe(text);
      expect(hasHidden(text)).toBe(false);
    }
    for (const mark of marks) expect(hasHidden(`a${mark}b`), JSON.stringify(mark)).toBe(true);
  });

  it("is the same JSON where it was JSON, and never the same text as another", () => {
    const text = fc.string({ unit: fc.oneof(fc.constantFrom(...marks), fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 })) });
    fc.assert(
      fc.property(text, (value) => {
        expect(hasHidden(showText(value))).toBe(false);
        expect(hasHidden(toPlainName(value))).toBe(false);
        expect(JSON.parse(showText(JSON.stringify({ value }, undefined, 1), "\n"))).toEqual({ value });
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it("is a name without them: direction marks go, the others become _", () => {
    expect(toPlainName("gnp.\u202eabc\n\x1b[0m.png")).toBe("gnp.abc__[0m.png");
  });
});

describe("bytes of a text", () => {
  it("are read as UTF-8, as UTF-16 where a mark says so, and as windows-1252 where they are no UTF-8", () => {
    const words = 'open("Größe µm.tif");';
    const utf16 = Buffer.from(`\ufeff${words}`, "utf16le");
    for (const bytes of [
      Buffer.from(words),
      Buffer.from(`\ufeff${words}`),
      utf16,
      Buffer.from(utf16).swap16(),
      Buffer.from(words, "latin1"),
    ])
      expect(decodeText(bytes)).toBe(words);
    expect(decodeText(Buffer.from([0x93, 0x61, 0x94]))).toBe("\u201ca\u201d");
  });
});
