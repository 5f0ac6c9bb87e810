// docs/guide.md names what stands on the page: every word in bold is a button, menu item, tool or heading of it, and every key that
// it names is one that the viewer has.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createStand, type Handle, hasChromium, type Stand, withSheet } from "./open-viewer.ts";

const guide = readFileSync(new URL("../../docs/guide.md", import.meta.url), "utf8");
const listed = (pattern: RegExp): readonly string[] => [...new Set([...guide.matchAll(pattern)].map(([, word]) => word!))];

describe.skipIf(!hasChromium)("the guide", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await createStand();
  }, 120_000);
  afterAll(() => stand.dispose());

  test("names buttons, tools, menu items and keys that are there", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      const wordsOf = (): Promise<string> =>
        page.evaluate(() => {
          const titles = [...document.querySelectorAll("[title], [aria-label]")].flatMap((one) => [
            one.getAttribute("title"),
            one.getAttribute("aria-label"),
          ]);
          return [document.body.textContent, ...titles].join("\n");
        });
      const before = await wordsOf();
      await sheet.openSample();
      const commands = await page.evaluate(() =>
        (globalThis as never as Handle).overtileViewer.app.commands.map(({ title, keys }) => ({
          title: typeof title === "function" ? title() : title,
          keys: keys ?? [],
        })),
      );
      const shown = `${before}\n${await wordsOf()}\n${commands.map(({ title }) => title).join("\n")}`;
      // Said or shown only after something was done: a training, a result.
      const later = ["Stop and keep", "Export…", "Nothing was found", "Objects grow together", "Large objects come in pieces", "It learns for long and gets no better", "bold"]; // biome-ignore format: one line
      expect(listed(/\*\*([^*]+)\*\*/g).filter((word) => !shown.includes(word) && !later.includes(word))).toEqual([]);
      const keys = new Set([...commands.flatMap((command) => command.keys), "H", "Alt"]);
      const named = listed(/`([A-Z]|Shift\+[A-Z]|Ctrl\+[A-Z]|Alt)`/g);
      expect(named.length).toBeGreaterThan(12);
      expect(named.filter((key) => !keys.has(key))).toEqual([]);
    }));
});
