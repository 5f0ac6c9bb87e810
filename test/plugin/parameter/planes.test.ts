// The words of `channel` and `plane`, against what an image has.

import { expect, test } from "vitest";
import { openSource } from "../../../core/source/open.ts";
import { choosePlanes, parseChannels } from "../../../plugin/parameter/planes.ts";

const stack = await openSource({ data: new Uint8Array(2 * 3 * 4 * 5 * 6), shape: [2, 3, 4, 5, 6], axes: "tzcyx" });

test("empty words mean the first plane, with as many channels as the model has", () => {
  expect(choosePlanes(stack, { channel: "", plane: "" }, 2)).toEqual([{ z: 0, t: 0, channels: [0, 1] }]);
  expect(choosePlanes(stack, { channel: "", plane: "" })).toEqual([{ z: 0, t: 0, channels: [0, 1, 2, 3] }]);
});

test("named channels count from 1, in the order given; z and t from 0, in any order", () => {
  expect(choosePlanes(stack, { channel: "3, 1", plane: "t=1,z=2" })).toEqual([{ z: 2, t: 1, channels: [2, 0] }]);
});

test("all means each plane by itself, t outermost", () => {
  const planes = choosePlanes(stack, { channel: "1", plane: "all" });
  expect(planes.map(({ t, z }) => `${t}${z}`)).toEqual(["00", "01", "02", "10", "11", "12"]);
});

test("anything else is refused with an example", () => {
  for (const channel of ["0", "-1", "1.5", "a", "1,,2", "1;2"])
    expect(() => parseChannels(channel)).toThrow(/"channel" must be .*got .*channel=1,3/);
  for (const plane of ["3", "z", "z=-1", "z=1.5", "y=1", "z=1;t=2"]) {
    expect(() => choosePlanes(stack, { channel: "", plane })).toThrow(/"plane" must be like z=3,t=1/);
  }
});
