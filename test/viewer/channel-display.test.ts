// How channels are shown at first: colour pictures between black and white as their file means them, all else by its values.

import { describe, expect, test } from "vitest";
import { openSource } from "../../core/source/open.ts";
import { autoDisplay, type ChannelDisplay, initialDisplay, measureChannels } from "../../viewer/map/channel-display.ts";
import type { HostPixels } from "./pictures.ts";

/** The first display of pixels, their channels renamed. */
async function show(image: HostPixels, names: readonly string[] = []): Promise<ChannelDisplay[]> {
  const opened = await openSource(image);
  const source = { ...opened, channels: opened.channels.map(({ name }, i) => ({ name: names[i] ?? name })) };
  return initialDisplay(source, await measureChannels(source, { z: 0, t: 0 }));
}

const looks = (display: readonly ChannelDisplay[]) => display.map(({ low, high, colorMap, visible }) => [low, high, colorMap, visible]);
const picture = (white: number, colors = ["red", "green", "blue"]) => colors.map((color) => [0, white, color, true]);
const rgb = <T extends HostPixels["data"]>(data: T): HostPixels => ({ data, shape: [2, data.length / 6, 3], axes: "yxc" });
const named = ["red", "green", "blue"];

describe("the first display", () => {
  test("of a colour picture is what its numbers mean, whatever values it has", async () => {
    expect(looks(await show(rgb(Uint8Array.of(100, 110, 120, 130, 140, 150))))).toEqual(picture(255));
    expect(looks(await show(rgb(Uint8Array.of(1, 2, 3, 4, 5, 6)), ["R", "G", "B"]))).toEqual(picture(255));
    expect(looks(await show(rgb(Uint16Array.of(0, 1, 60_000, 0, 5, 9)), named))).toEqual(picture(65_535));
    // Cameras of 10, 12 and 14 bits.
    expect(looks(await show(rgb(Uint16Array.of(0, 1, 700, 0, 5, 9)), named))).toEqual(picture(1023));
    expect(looks(await show(rgb(Uint16Array.of(0, 1, 4095, 0, 5, 9)), named))).toEqual(picture(4095));
    expect(looks(await show(rgb(Uint16Array.of(0, 1, 9000, 0, 5, 9)), named))).toEqual(picture(16_383));
    expect(looks(await show(rgb(Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6)), named))).toEqual(picture(1));
    expect(looks(await show(rgb(Float32Array.of(10, 20, 30, 40, 50, 60)), named))).toEqual(picture(255));
  });

  test("of four channels is a picture's where the fourth is named alpha or looks like it", async () => {
    const four = (last: readonly number[]): HostPixels => {
      const data = Uint8Array.from({ length: 32 }, (_, i) => (i % 4 < 3 ? (i * 37) % 200 : last[Math.floor(i / 4)]!));
      return { data, shape: [2, 4, 4], axes: "yxc" };
    };
    const opaque = [255, 255, 255, 255, 255, 255, 0, 128];
    const isPicture = async (last: readonly number[], names?: readonly string[]): Promise<boolean> => {
      const display = await show(four(last), names);
      expect(display.map(({ visible }) => visible)).toEqual([true, true, true, display[0]!.colorMap !== "red"]);
      return display[0]!.colorMap === "red";
    };
    expect(await isPicture(opaque)).toBe(true);
    expect(await isPicture(opaque.map(() => 255))).toBe(true);
    expect(await isPicture([0, 10, 20, 30, 40, 50, 60, 255])).toBe(false);
    expect(await isPicture([0, 10, 20, 30, 40, 50, 60, 70], ["red", "green", "blue", "alpha"])).toBe(true);
    expect(await isPicture(opaque, ["DAPI", "GFP", "RFP", "Cy5"])).toBe(false);
  });

  test("of channels is a soft ramp each between automatic limits", async () => {
    const data = Uint16Array.from({ length: 3 * 1000 }, (_, i) => (i % 1000) * (Math.floor(i / 1000) + 1));
    const channels = await show({ data, shape: [3, 10, 100], axes: "cyx" });
    expect(looks(channels)).toEqual([
      [1, 998, "soft green", true],
      [2, 1996, "magenta", true],
      [3, 2994, "cyan", true],
    ]);
  });
});

test("automatic contrast keeps the hues of a colour picture, and is each channel's own elsewhere", async () => {
  const stained = rgb(Uint8Array.of(178, 158, 206, 120, 90, 160));
  const shown = await show(stained);
  const statistics = shown.map((channel) => channel.statistics);
  expect(autoDisplay(shown, statistics).map(({ low, high }) => [low, high])).toEqual([
    [90, 206],
    [90, 206],
    [90, 206],
  ]);
  const apart = shown.map((channel) => ({ ...channel, colorMap: "gray" as const }));
  expect(autoDisplay(apart, statistics).map(({ low, high }) => [low, high])).toEqual([
    [120, 178],
    [90, 158],
    [160, 206],
  ]);
});
