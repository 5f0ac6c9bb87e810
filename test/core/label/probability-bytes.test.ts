import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  leastByte,
  leastLead,
  toProbabilityBytes,
  writeClassesOfBytes,
  writeProbabilityBytes,
} from "../../../core/label/probability-bytes.ts";

const bytesOf = (leads: readonly number[]): Uint8Array => {
  const logits = Float32Array.from(leads.flatMap((lead) => [0, lead]));
  const out = { height: 1, width: leads.length, channels: 1, data: new Uint8Array(leads.length) };
  writeProbabilityBytes(logits, { y0: 0, x0: 0, y1: 1, x1: leads.length }, out);
  return out.data;
};
const classesOf = (bytes: Uint8Array, threshold: number): readonly number[] => {
  const out = new Uint8Array(bytes.length);
  writeClassesOfBytes(bytes, threshold, out);
  return [...out];
};
const leads = fc.array(fc.oneof(fc.float({ noNaN: true, min: -20, max: 20 }), fc.constantFrom(0, 1e-30, -1e-30)), { minLength: 1 });

describe("probabilities as bytes", () => {
  it("above one half are what is more probable than the background: ties are background", () => {
    expect([...bytesOf([0, 1e-30, -1e-30, 100, -100])]).toEqual([127, 128, 127, 255, 0]);
    fc.assert(
      fc.property(leads, (some) => {
        expect(classesOf(bytesOf(some), 0.5)).toEqual(some.map((lead) => +(lead > 0)));
      }),
    );
  });

  it("are within a step of the probability, never fall where it grows, and turn over with the classes", () => {
    fc.assert(
      fc.property(leads, (some) => {
        const sorted = some.toSorted((a, b) => a - b);
        const bytes = bytesOf(sorted);
        for (const [i, lead] of sorted.entries()) {
          expect(Math.abs((bytes[i]! + 0.5) / 256 - 1 / (1 + Math.exp(-lead)))).toBeLessThanOrEqual(0.5 / 256 + 1e-9);
          if (i > 0) expect(bytes[i]).toBeGreaterThanOrEqual(bytes[i - 1]!);
          if (lead !== 0) expect(bytesOf([-lead])[0]).toBe(255 - bytes[i]!);
        }
      }),
    );
  });

  it("of probabilities are those of their logits", () => {
    const some = [-9, -2, -0.3, 0, 0.3, 2, 9];
    const probabilities = Float32Array.from(some.flatMap((lead) => [1 / (1 + Math.exp(lead)), 1 / (1 + Math.exp(-lead))]));
    expect(toProbabilityBytes(probabilities)).toEqual(bytesOf(some));
  });

  it("are parted by a threshold in steps of 1 / 256, by bytes and by logits alike", () => {
    expect([0, 0.3, 0.5, 0.9999].map(leastByte)).toEqual([1, 77, 128, 255]);
    expect(leastLead(0.5)).toBe(0);
    for (const threshold of [0.1, 0.3, 0.4, 0.6, 0.9]) {
      const lead = leastLead(threshold);
      expect(classesOf(bytesOf([lead - 1e-3, lead + 1e-3]), threshold)).toEqual([0, 1]);
    }
  });
});
