import { describe, expect, it } from "vitest";
import { openPixels } from "../../../core/source/pixels.ts";
import { countChannels } from "../../../plugin/train/count-channels.ts";

const image = (name: string, channels: number) => ({
  name,
  image: openPixels({ data: new Uint8Array(4 * channels), shape: [2, 2, channels], axes: "yxc" }, `set/images/${name}.png`),
});
const any = { channel: "" };

describe("the channels of a training", () => {
  it("are those of its images, or those named", () => {
    expect(countChannels([image("a", 3), image("b", 3)], any)).toBe(3);
    expect(countChannels([image("a", 3), image("b", 1)], { channel: "1" })).toBe(1);
  });

  it("must be equally many: both kinds and their files are named, in whatever order they come", () => {
    const [rgb, grey, other] = [image("a", 3), image("b", 1), image("c", 1)];
    const message =
      "Images of a training must have equally many channels; b.png and c.png have 1 channel, a.png has 3 channels (red, green, blue). " +
      "Save all of one kind, or name a channel that all have: channel=1.";
    expect(() => countChannels([rgb, grey, other], any)).toThrow(message);
    expect(() => countChannels([grey, other, rgb], any)).toThrow(message);
    const many = Array.from({ length: 9 }, (_, i) => image(`g${i}`, 1));
    expect(() => countChannels([...many, rgb], any)).toThrow("g0.png, g1.png, g2.png, g3.png and 5 more have 1 channel");
  });
});
