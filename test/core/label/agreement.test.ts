import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addAgreements, describeAgreement, judgeAgreement } from "../../../core/label/agreement.ts";
import { countOverlaps } from "../../../core/label/overlap.ts";

/** Rows of digits as a label image; "." is background. */
function draw(...rows: readonly string[]) {
  const data = Uint32Array.from(rows.join(""), (letter) => (letter === "." ? 0 : Number(letter)));
  return { height: rows.length, width: rows[0]!.length, data };
}
const judge = (drawn: ReturnType<typeof draw>, found: ReturnType<typeof draw>) => judgeAgreement(countOverlaps(drawn, found));

describe("agreement, worked out by hand", () => {
  it("tells each verdict from the others", () => {
    const drawn = draw("111.22.33.4444444.5..", "111.22.33.4444444....");
    const found = draw("11..2222..555.666..7.", "111.2222..555.666..7.");
    const { drawn: verdicts, found: others, counts } = judge(drawn, found);
    // 1: IoU 5/6. 2: whole in a found one of twice its size, IoU 0.5, and so is half of 3: neither matches. 4: two pieces. 5: nothing there.
    expect(verdicts).toEqual(["matched", "missed", "missed", "split", "missed"]);
    expect(others).toEqual(["matched", "extra", "split", "split", "extra"]);
    expect(counts).toEqual({ matched: 1, missed: 3, extra: 2, merged: 0, split: 1 });
    expect(describeAgreement(counts)).toBe("1 matched, 3 missed, 2 extra, 0 merged, 1 split");
  });

  it("two drawn objects in one found: merged; where the larger matches, the smaller is merged into it", () => {
    expect(judge(draw("11.22"), draw("33333"))).toEqual({
      drawn: ["merged", "merged"],
      found: ["merged"],
      counts: { matched: 0, missed: 0, extra: 0, merged: 1, split: 0 },
    });
    expect(judge(draw("111111.2"), draw("33333333"))).toEqual({
      drawn: ["matched", "merged"],
      found: ["matched"],
      counts: { matched: 1, missed: 0, extra: 0, merged: 1, split: 0 },
    });
  });
});

describe("agreement of random images", () => {
  const image = fc.array(fc.nat(4), { minLength: 30, maxLength: 30 });
  const toLabels = (ids: readonly number[]) => ({ height: 5, width: 6, data: Uint32Array.from(ids) });

  it("has a verdict for every object; the two sides exchanged, missed is extra and merged is split", () => {
    fc.assert(
      fc.property(image, image, (a, b) => {
        const one = judge(toLabels(a), toLabels(b));
        const other = judge(toLabels(b), toLabels(a));
        const { matched, missed, extra, merged, split } = one.counts;
        expect(other.counts).toEqual({ matched, missed: extra, extra: missed, merged: split, split: merged });
        expect(one.drawn.length).toBe(new Set(a.filter((id) => id > 0)).size);
        expect(one.drawn.filter((verdict) => verdict === "matched").length).toBe(matched);
        expect(one.found.filter((verdict) => verdict === "matched").length).toBe(matched);
        expect(addAgreements([one.counts, one.counts]).missed).toBe(2 * missed);
      }),
    );
  });

  it("of an image with itself is all matched, and other numbers change nothing", () => {
    fc.assert(
      fc.property(image, image, (a, b) => {
        const { drawn, counts } = judge(toLabels(a), toLabels(a));
        expect(counts).toEqual({ matched: drawn.length, missed: 0, extra: 0, merged: 0, split: 0 });
        const renumbered = a.map((id) => (id === 0 ? 0 : 9 - id));
        expect(judge(toLabels(renumbered), toLabels(b)).counts).toEqual(judge(toLabels(a), toLabels(b)).counts);
      }),
    );
  });
});
