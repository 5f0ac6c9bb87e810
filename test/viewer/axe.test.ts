// Axe finds nothing in any state of the window, of any impact: names, contrast, headings, targets of at least 24 px.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createStand, drawFour, type Handle, hasChromium, type OpenOptions, type Sheet, type Stand, withSheet } from "./open-viewer.ts";

const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

interface Axe {
  run(
    context: string,
    options: { resultTypes?: readonly string[]; rules: Readonly<Record<string, { enabled: boolean }>> },
  ): Promise<{ passes: { id: string }[]; violations: { id: string; nodes: { html: string }[] }[] }>;
}
type App = Handle["overtileViewer"]["app"];
type Actions = Handle["overtileViewer"]["actions"];

describe.skipIf(!hasChromium)("axe", () => {
  let stand: Stand;
  let source: string;
  beforeAll(async () => {
    stand = await createStand();
    source = await readFile(axePath, "utf8");
  }, 120_000);
  afterAll(() => stand.dispose());

  /** What axe finds in a part of the page; by default all of it. */
  async function check({ page, rest }: Sheet, state: string, part = ":root"): Promise<void> {
    await rest();
    const found = await page.evaluate(async (context) => {
      const { axe } = globalThis as never as { axe: Axe };
      const { violations } = await axe.run(context, { resultTypes: ["violations"], rules: { "target-size": { enabled: true } } });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
    }, part);
    expect([state, found]).toEqual([state, []]);
  }

  /** Opens sheets or panels; on a phone one at a time. */
  const show = ({ page }: Sheet, change: { left?: boolean; right?: boolean; tab?: string }): Promise<void> =>
    page.evaluate((wanted) => {
      const { shell } = (globalThis as never as Handle).overtileViewer.app;
      const narrow = shell.width.value === "narrow" ? { left: false, right: false } : {};
      for (const [name, value] of Object.entries({ ...narrow, ...wanted })) shell[name as "left"].value = value as boolean;
    }, change);
  const inApp = ({ page }: Sheet, act: (app: App) => unknown): Promise<void> =>
    page.evaluate(`(async () => { await (${act})(globalThis.overtileViewer.app); })()`);
  const inDialog = async (sheet: Sheet, state: string, act: (actions: Actions) => unknown): Promise<void> => {
    const { page } = sheet;
    await page.evaluate(`void (${act})(globalThis.overtileViewer.actions)`);
    await page.locator("dialog[open]").waitFor();
    for (const more of await page.locator("dialog summary").all()) await more.click();
    await check(sheet, state, "dialog");
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
  };
  const onSheet = (options: OpenOptions, work: (sheet: Sheet) => Promise<void>): Promise<void> =>
    withSheet(
      stand,
      async (sheet) => {
        await sheet.page.evaluate(source);
        await work(sheet);
      },
      options,
    );

  test("finds nothing in panels, tools, menus and messages, wide and narrow, dark and light", { timeout: 180_000 }, async () => {
    for (const [width, height, theme] of [
      [1440, 900, "dark"],
      [390, 844, "light"],
    ] as const)
      await onSheet({ width, height, theme, touch: width < 700, query: "?macro=print(1)" }, async (sheet) => {
        const { page } = sheet;
        const at = (state: string): string => `${state}, ${width} px`;
        await check(sheet, at("empty, with a request"));
        await page.getByRole("button", { name: "Ignore" }).click();
        await check(sheet, at("empty"));
        const looked = await page.evaluate(async () => {
          const { passes } = await (globalThis as never as { axe: Axe }).axe.run(":root", { rules: { "target-size": { enabled: true } } });
          return passes.map(({ id }) => id);
        });
        expect(looked).toEqual(expect.arrayContaining(["target-size", "page-has-heading-one", "heading-order", "color-contrast"]));
        await sheet.openSample();
        await drawFour(sheet);
        await show(sheet, { right: true, tab: "train" });
        await page.getByText("4 objects in 1 image").waitFor();
        await inApp(sheet, ({ workspace }) => {
          workspace.classes.value = [...workspace.classes.value, { name: "debris", color: "#ffaa00" }];
        });
        await check(sheet, at("drawn, two classes"));
        await sheet.setValues("fake-plugin.train", { steps: 1_000_000, delay: 15 });
        await page.locator("[data-action=train]").click();
        await page.getByRole("progressbar", { name: "Training" }).waitFor();
        await check(sheet, at("training"));
        await page.getByRole("button", { name: "Cancel", exact: true }).click();
        await page.getByText(/^Cancelled\./).waitFor();
        await sheet.setValues("fake-plugin.train", {});
        await inApp(sheet, async ({ training }) => {
          await training.train();
          await training.segment("image");
        });
        await page.getByText(/objects in "Prediction/).waitFor();
        await check(sheet, at("segmented"));
        await show(sheet, { left: true });
        await check(sheet, at("layers and models"));
        await show(sheet, { right: true, tab: "objects" });
        await inApp(sheet, ({ workspace }) => {
          workspace.activeLayer.value!.selected.value = [1, 2];
        });
        await check(sheet, at("objects"));
        await show(sheet, { right: true, tab: "macro" });
        await check(sheet, at("macro"));
        await inApp(sheet, ({ host }) => {
          const data = new Uint16Array(2 * 2 * 3 * 40 * 40).map((_, i) => i % 997);
          host.addImage({ title: "stack", image: { data, shape: [2, 2, 3, 40, 40], axes: "ctzyx" } as never });
        });
        await page.getByLabel("Depth").waitFor();
        await inApp(sheet, ({ workspace, view }) => {
          workspace.current.value!.activeLayer.value = undefined;
          view.zoomTo(40);
        });
        await show(sheet, { left: true });
        await check(sheet, at("channels and planes, zoomed in"));
        await inApp(sheet, ({ workspace }) => {
          workspace.status.value = { kind: "error", text: "Expected a file; none came.", action: { title: "Again", run: () => {} } };
        });
        await show(sheet, {});
        await check(sheet, at("a message"));
        await inApp(sheet, ({ workspace }) => {
          workspace.status.value = undefined;
        });
        await slide(sheet);
        await show(sheet, { right: true, tab: "objects" });
        await check(sheet, at("a slide's objects"));
        await show(sheet, { left: true });
        await check(sheet, at("a slide's result"));
        await show(sheet, {});
        // An open menu covers what lies under it: only the bar is looked at.
        for (const menu of width < 700 ? ["all"] : ["Edit", "Plugins"]) {
          await page.click(`[data-menu=${menu}]`);
          await check(sheet, at(`menu ${menu}`), ".bar");
          await page.keyboard.press("Escape");
        }
      });
  });

  test("finds nothing in the dialogs, and in the light theme", { timeout: 180_000 }, () =>
    onSheet({ width: 1024, height: 768, theme: "light" }, async (sheet) => {
      await sheet.openSample();
      await drawFour(sheet);
      await inApp(sheet, ({ training }) => training.train());
      await sheet.page.getByText(/Trained my cells@1/).waitFor();
      await check(sheet, "trained, light");
      await inDialog(sheet, "keys", (actions) => actions.showKeys());
      await inDialog(sheet, "settings", (actions) => actions.settings("train"));
      await inDialog(sheet, "export", (actions) => actions.exportDialog());
      await inDialog(sheet, "plugins", (actions) => actions.managePlugins());
      await inDialog(sheet, "diagnostics", (actions) => actions.diagnostics());
      await inDialog(sheet, "a name", (actions) => actions.addClass());
      await inDialog(sheet, "a question", (actions) => actions.deleteModel("my cells"));
    }),
  );

  /** Puts a slide's result with a table beside the image. */
  const slide = (sheet: Sheet): Promise<void> =>
    inApp(sheet, ({ workspace }) => {
      const entry = workspace.current.value!;
      const { width, height } = entry.source;
      const make = <T>(value: T) => new (entry.visible.constructor as new (value: T) => typeof entry.visible)(value) as never;
      const region = { x0: 0, y0: 0, x1: 30, y1: 30 };
      const facts = { id: "a", name: "Slide", title: entry.title.value, width, height, plane: 0, command: "", parameters: {}, region };
      const looks = { visible: make(true), opacity: make(1), outlinesOnly: make(false), selected: make([2]) };
      const table = {
        count: 30,
        ids: Float64Array.from({ length: 30 }, (_, i) => i + 1),
        classNames: ["cell", "debris"],
        classOf: new Uint8Array(30),
        measurements: new Map([["area_px", Float64Array.from({ length: 30 }, (_, i) => 3 * i)]]),
        boxOf: () => region,
        rowOf: (id: number) => id - 1,
      };
      const result = { facts, folder: undefined as never, state: make("done"), blocks: make({ done: 1, total: 1 }), ...looks };
      entry.slides.value = [{ ...result, tiles: make(undefined), table: make(table) }];
      entry.activeLayer.value = undefined;
      entry.activeSlide.value = entry.slides.value[0];
    });
});
