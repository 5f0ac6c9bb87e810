// What a fresh viewer does before anything was drawn or trained: its first button segments, with the model that the panel shows.

import { describe, expect, test } from "vitest";
import { createStand, type Handle, hasChromium } from "./open-viewer.ts";

describe.skipIf(!hasChromium)("a fresh viewer with the real plugin", () => {
  test("segments at once, with the model that comes with it and that the panel shows", async () => {
    const stand = await createStand({ plugin: "dist" });
    const sheet = await stand.open();
    try {
      await sheet.openSample();
      await sheet.page.locator("[data-action=segment]:not([disabled])").waitFor();
      expect(await sheet.page.getByLabel("Model", { exact: true }).inputValue()).toBe("nuclei-fluorescence");
      await sheet.page.getByRole("button", { name: "Segment image" }).click();
      await sheet.page.getByText(/\d+ objects in "Prediction"/).waitFor();
      const count = await sheet.page.evaluate(() => {
        const { workspace } = (globalThis as never as Handle).overtileViewer.app;
        const { raster } = workspace.current.value!.layers.value.find(({ kind }) => kind === "labels")!;
        return new Set([...raster.tiles.values()].flatMap((tile) => [...tile])).size - 1;
      });
      expect(count).toBeGreaterThan(40); // the sample has 65 to 75 cells
      expect(sheet.faults).toEqual([]);
    } finally {
      await sheet.close();
      await stand.dispose();
    }
  });
});
