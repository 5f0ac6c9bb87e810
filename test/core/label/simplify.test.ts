import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LabelImage } from "../../../core/array/raster.ts";
import { labelComponents } from "../../../core/label/components.ts";
import { type Outline, type Ring, ringArea } from "../../../core/label/shape/outline.ts";
import { doSegmentsMeet, simplifyOutline } from "../../../core/label/shape/simplify.ts";
import { traceOutlines } from "../../../core/label/shape/trace-outlines.ts";
import { labels, noisyLabels } from "./text.ts";

type Point = readonly [number, number];
type Segment = readonly [Point, Point];

const segmentsOf = (ring: Ring): Segment[] =>
  Array.from({ length: ring.length / 2 }, (_, i) => {
    const corner = (k: number): Point => [ring[(2 * k) % ring.length]!, ring[(2 * k + 1) % ring.length]!];
    return [corner(i), corner(i + 1)];
  });

function distance([x, y]: Point, [[ax, ay], [bx, by]]: Segment): number {
  const length = (bx - ax) ** 2 + (by - ay) ** 2;
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length));
  return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay));
}

/** By solving for the point where two lines meet; of parallel ones, by distances of their ends. */
function meet(a: Segment, b: Segment): boolean {
  const [[ax, ay], [bx, by]] = a;
  const [[cx, cy], [dx, dy]] = b;
  const det = (bx - ax) * (dy - cy) - (by - ay) * (dx - cx);
  if (det === 0) return a.some((p) => distance(p, b) < 1e-9) || b.some((p) => distance(p, a) < 1e-9);
  const t = ((cx - ax) * (dy - cy) - (cy - ay) * (dx - cx)) / det;
  const s = ((cx - ax) * (by - ay) - (cy - ay) * (bx - ax)) / det;
  return Math.min(t, s) > -1e-9 && Math.max(t, s) < 1 + 1e-9;
}

/** Pairs of segments that meet, but for neighbours in a ring in their common corner. */
function countMeetings(rings: readonly Ring[]): number {
  const all = rings.flatMap((ring, r) => segmentsOf(ring).map((segment, i) => ({ segment, r, i, n: ring.length / 2 })));
  let count = 0;
  for (const [k, a] of all.entries()) {
    for (const b of all.slice(k + 1)) {
      const isNext = a.r === b.r && (b.i === a.i + 1 || (a.i === 0 && b.i === a.n - 1));
      if (!isNext && meet(a.segment, b.segment)) count++;
    }
  }
  return count;
}

/** Discs put down and cut out, one over the other: bays, holes, thin walls. */
const anyBlob: fc.Arbitrary<LabelImage> = fc
  .array(fc.tuple(fc.nat(40), fc.nat(40), fc.double({ min: 1, max: 14, noNaN: true }), fc.boolean()), { minLength: 1, maxLength: 14 })
  .map((discs) => ({
    height: 40,
    width: 40,
    data: Uint32Array.from({ length: 1600 }, (_, i) => {
      const last = discs.findLast(([x, y, r]) => Math.hypot((i % 40) - x, Math.floor(i / 40) - y) < r);
      return last?.[3] ? 1 : 0;
    }),
  }));

const ringsOf = ({ polygons }: Outline): readonly Ring[] => polygons.flat();

describe("simpler outlines", () => {
  it("keep all that was left out within the tolerance, and never cross or touch themselves: else they are the exact ones", () => {
    let simpler = 0;
    let refused = 0;
    fc.assert(
      fc.property(fc.oneof(anyBlob, noisyLabels(14, 1)), fc.double({ min: 0.1, max: 4, noNaN: true }), (image, tolerancePx) => {
        for (const exact of traceOutlines(labelComponents(image))) {
          const result = simplifyOutline(exact, tolerancePx);
          if (result === exact) {
            refused++;
            continue;
          }
          if (result.polygons[0]![0].length < exact.polygons[0]![0].length) simpler++;
          expect(countMeetings(ringsOf(result))).toBe(0);
          expect(result.polygons.map((rings) => rings.map((ring) => Math.sign(ringArea(ring))))).toEqual(
            exact.polygons.map((rings) => rings.map((ring) => Math.sign(ringArea(ring)))),
          );
          for (const [r, ring] of ringsOf(exact).entries()) {
            const left = segmentsOf(ringsOf(result)[r]!);
            for (const [corner] of segmentsOf(ring)) {
              expect(Math.min(...left.map((segment) => distance(corner, segment)))).toBeLessThanOrEqual(tolerancePx + 1e-9);
            }
          }
        }
      }),
      { seed: 51, numRuns: 400 },
    );
    expect(simpler).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(20);
  });

  it("of a staircase is its slope; a tolerance of 0 changes nothing", () => {
    const [stairs] = traceOutlines(labels("1...../11..../111.../1111../11111./111111"));
    expect([...simplifyOutline(stairs!, 1).polygons[0]![0]]).toEqual([0, 0, 6, 6, 0, 6]);
    expect(simplifyOutline(stairs!, 0)).toBe(stairs);
  });

  it("sides that meet are found as by brute force", () => {
    const anyRing = fc
      .uniqueArray(fc.tuple(fc.nat(12), fc.nat(12)), { minLength: 3, maxLength: 9, selector: ([x, y]) => 20 * x + y })
      .map((points) => Int32Array.from(points.flat()));
    fc.assert(
      fc.property(fc.array(anyRing, { minLength: 1, maxLength: 2 }), (rings) => {
        const spikes = rings.some((ring) =>
          segmentsOf(ring).some(([p, q], i, all) => {
            const [, r] = all[(i + 1) % all.length]!;
            return distance(r, [p, q]) === 0 || distance(p, [q, r]) === 0;
          }),
        );
        expect(doSegmentsMeet(rings)).toBe(spikes || countMeetings(rings) > 0);
      }),
      { seed: 52, numRuns: 1000 },
    );
  });
});
