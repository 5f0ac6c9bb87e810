import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "../../../core/model/checkpoint.ts";
import { isProblem } from "../../../core/problem.ts";
import { writeZip } from "../../../core/source/zip.ts";

const checkpoints: fc.Arbitrary<Checkpoint> = fc.record({
  plan: fc.string({ maxLength: 200 }),
  state: fc.dictionary(
    fc.stringMatching(/^[a-z]{1,8}$/),
    fc.oneof(fc.integer(), fc.string(), fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }))),
  ),
  arrays: fc.dictionary(fc.stringMatching(/^[a-z]{1,6}[0-9]?$/), fc.float32Array({ maxLength: 50 }), { maxKeys: 6 }),
});

const sample: Checkpoint = {
  plan: '{"tile":284}',
  state: { step: 7, curve: [{ step: 1, loss: 0.1 + 0.2 }] },
  arrays: { weights: Float32Array.of(1, -0, 1e-45, Number.NaN, Number.NEGATIVE_INFINITY), moment0: new Float32Array(300).fill(0.3) },
};

describe("a checkpoint", () => {
  it("read again is the one written: plan and state equal, arrays bit for bit", () => {
    fc.assert(
      fc.property(checkpoints, (checkpoint) => {
        const read = readCheckpoint(writeCheckpoint(checkpoint));
        expect(read.plan).toBe(checkpoint.plan);
        // -0 is the one number that JSON does not keep.
        expect(JSON.stringify(read.state)).toBe(JSON.stringify(checkpoint.state));
        expect(Object.keys(read.arrays)).toEqual(Object.keys(checkpoint.arrays));
        for (const [name, array] of Object.entries(checkpoint.arrays)) expect(bitsOf(read.arrays[name]!)).toEqual(bitsOf(array));
      }),
      { seed: 2015, numRuns: 60 },
    );
    expect(bitsOf(readCheckpoint(writeCheckpoint(sample)).arrays["weights"]!)).toEqual(bitsOf(sample.arrays["weights"]!));
  });

  it("is the same bytes each time: nothing in it tells the hour", () => {
    expect(writeCheckpoint(sample)).toEqual(writeCheckpoint(sample));
  });

  it("cut anywhere is refused, and so is any flipped bit that changes it", () => {
    const whole = writeCheckpoint(sample);
    for (let length = 0; length < whole.length; length += 3) expectRefused(whole.slice(0, length));
    let unnoticed = 0;
    for (let i = 0; i < whole.length; i++) {
      const flipped = whole.slice();
      flipped[i]! ^= 1 << (i % 8);
      try {
        // A bit that stands for nothing (a time, a version) may be flipped, if all that is read stays the same.
        const { plan, state, arrays } = readCheckpoint(flipped);
        expect([plan, state]).toEqual([sample.plan, sample.state]);
        expect(bitsOf(arrays["weights"]!)).toEqual(bitsOf(sample.arrays["weights"]!));
        expect(arrays["moment0"]).toEqual(sample.arrays["moment0"]);
        unnoticed++;
      } catch (error) {
        if (!isProblem(error, "InvalidModel")) throw error;
      }
    }
    expect(unnoticed / whole.length).toBeLessThan(0.2);
  });

  it("of another format, without its description, or of none is refused by name", () => {
    const json = (value: unknown) => writeZip([{ name: "checkpoint.json", data: new TextEncoder().encode(JSON.stringify(value)) }]);
    expectRefused(json({ format: 2, plan: "", state: {}, arrays: [] }), /its format is 2, not 1/);
    expectRefused(json({ format: 1, state: {}, arrays: [] }), /its description is incomplete/);
    expectRefused(json({ format: 1, plan: "", state: {}, arrays: ["weights"] }));
    expectRefused(json(null));
    expectRefused(writeZip([{ name: "a.txt", data: new Uint8Array(3) }]));
    expectRefused(new TextEncoder().encode("no zip at all"));
  });
});

function expectRefused(bytes: Uint8Array, message = /my cells/): void {
  try {
    readCheckpoint(bytes, "my cells");
  } catch (error) {
    if (!isProblem(error, "InvalidModel")) throw error;
    expect(error.message).toMatch(message);
    return;
  }
  throw new Error(`${bytes.length} bytes were taken for a checkpoint`);
}

function bitsOf({ buffer, byteOffset, length }: Float32Array): readonly number[] {
  return [...new Uint32Array(buffer.slice(byteOffset, byteOffset + 4 * length))];
}
