// What the menus call a plugin's commands.

import { expect, test } from "vitest";
import { createManifest } from "../../plugin/parameter/manifest.ts";
import type { App } from "../../viewer/app.ts";
import type { Actions } from "../../viewer/command/actions.ts";
import { titleOf } from "../../viewer/command/command.ts";
import { plainTitle } from "../../viewer/command/plain-title.ts";
import { createPluginCommands } from "../../viewer/command/plugin-commands.ts";

test("a command with a dialog ends in one ellipsis, whatever its manifest ends in; one without has none", () => {
  const manifest = createManifest();
  const library = { plugins: { value: [{ state: "ready", manifest }] } };
  const titles = createPluginCommands({ library } as unknown as App, {} as Actions).map(titleOf);
  expect(titles).toEqual(
    expect.arrayContaining(["Import model…", "Export model…", "Rename model…", "Remove model…", "Segment…", "Diagnostics"]),
  );
  expect(titles.filter((title) => /[.…]\s*[.…]/.test(title))).toEqual([]);
  const plain = (title: string): string => plainTitle({ id: "a", title, handler: "a" } as never);
  expect(["Load…", "Load...", "Load ……", "Load …", "Load", "Version 1.5"].map(plain)).toEqual([
    "Load",
    "Load",
    "Load",
    "Load",
    "Load",
    "Version 1.5",
  ]);
});
