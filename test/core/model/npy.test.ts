import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readNpy, writeNpy } from "../../../core/model/npy.ts";

// numpy.save of numpy.arange(6, dtype="<f4").reshape(1, 2, 3), written by NumPy 2.4.6.
const fromNumpy = Buffer.from(
  "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDEsIDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAACAPwAAAEAAAEBAAACAQAAAoEA=",
  "base64",
);

describe("an .npy file", () => {
  it("is what NumPy writes, byte by byte", () => {
    expect(Buffer.from(writeNpy({ data: Float32Array.of(0, 1, 2, 3, 4, 5), shape: [1, 2, 3] })).toString("base64")).toBe(
      fromNumpy.toString("base64"),
    );
  });

  it("gives back any tensor: read(write(x)) = x", () => {
    const tensors = fc
      .array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 })
      .map((shape) => ({ shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i / 3) }));
    fc.assert(
      fc.property(tensors, (tensor) => {
        expect(readNpy(writeNpy(tensor))).toEqual(tensor);
      }),
      { seed: 1 },
    );
  });

  it("of another kind, or cut, is refused", () => {
    const text = fromNumpy.toString("latin1");
    const of = (changed: string) => () => readNpy(Buffer.from(changed, "latin1"));
    expect(of(text.replace("<f4", "<f8"))).toThrow("float32");
    expect(of(text.replace("False", "True "))).toThrow("C order");
    expect(of(text.slice(0, -1))).toThrow("bytes of data");
    expect(of("hello, world")).toThrow("not an .npy");
  });
});
