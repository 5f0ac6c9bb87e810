// The keys that people know (QUALITY.md, E1 to E3), pressed on a real keyboard in the built viewer.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { boxMiddle, createStand, type Handle, hasChromium, type Sheet, type Stand } from "./open-viewer.ts";

describe.skipIf(!hasChromium)("keys", () => {
  let stand: Stand;
  let sheet: Sheet;

  beforeAll(async () => {
    stand = await createStand();
    sheet = await stand.open({ width: 1200, height: 640 });
    await sheet.openSample();
  }, 120_000);
  afterAll(async () => {
    expect(sheet.faults).toEqual([]);
    expect(sheet.foreign).toEqual([]);
    await stand.dispose();
  });
  beforeEach(async () => {
    await sheet.page.evaluate(() => {
      const { workspace, view } = (globalThis as never as Handle).overtileViewer.app;
      const entry = workspace.current.value!;
      while (workspace.history.undo());
      workspace.history.clear();
      workspace.tool.value = "select";
      workspace.currentClass.value = 1;
      workspace.keyboardDrawing.value = false;
      workspace.preferences.value = { ...workspace.preferences.value, preserveLabels: false, brushPx: 20, singleKeys: true };
      entry.activeLayer.value = entry.layers.value[0];
      entry.layers.value[0]!.selected.value = [];
      view.fit();
    });
    await sheet.rest();
    await sheet.page.focus("#map");
  });
  afterEach(async () => {
    await sheet.page.keyboard.up("Space");
  });

  const press = (...keys: string[]): Promise<void> =>
    keys.reduce((before, key) => before.then(() => sheet.page.keyboard.press(key)), Promise.resolve());
  const tool = (): Promise<string> => sheet.page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.workspace.tool.value);
  const brushPx = (): Promise<number> =>
    sheet.page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.workspace.preferences.value.brushPx);
  const total = async (): Promise<number> => Object.values(await sheet.areas()).reduce((sum, area) => sum + area, 0);
  const click = async (x: number, y: number): Promise<void> => {
    const place = await sheet.at(x, y);
    await sheet.page.mouse.click(place.x, place.y);
  };

  test("B E P D R F V C A choose the tools", async () => {
    const expected = { b: "brush", e: "eraser", p: "polygon", d: "freehand", r: "rectangle", f: "fill", v: "select", c: "split", a: "box" };
    for (const [key, name] of Object.entries(expected)) {
      await press(key);
      expect(await tool()).toBe(name);
    }
  });

  test("a brush stroke paints an object, Alt erases while painting, E erases", async () => {
    await press("b");
    await sheet.drag([
      [200, 200],
      [230, 200],
    ]);
    const painted = await total();
    expect(painted).toBeGreaterThan(100);
    await sheet.page.keyboard.down("Alt");
    await sheet.drag([
      [200, 200],
      [210, 200],
    ]);
    await sheet.page.keyboard.up("Alt");
    const left = await total();
    expect(left).toBeLessThan(painted);
    await press("e");
    await sheet.drag([
      [195, 200],
      [240, 200],
    ]);
    expect(await total()).toBe(0);
  });

  test("a stroke on background makes a new object, one that starts on an object adds to it, with Shift to a new one", async () => {
    await press("b");
    await sheet.drag([
      [100, 100],
      [110, 100],
    ]);
    await sheet.drag([
      [200, 100],
      [210, 100],
    ]);
    expect(Object.keys(await sheet.areas())).toHaveLength(2);
    await sheet.drag([
      [205, 100],
      [230, 100],
    ]);
    expect(Object.keys(await sheet.areas())).toHaveLength(2);
    await sheet.page.keyboard.down("Shift");
    await sheet.drag([
      [225, 100],
      [260, 100],
    ]);
    await sheet.page.keyboard.up("Shift");
    expect(Object.keys(await sheet.areas())).toHaveLength(3);
    await press("m");
    await sheet.drag([
      [400, 100],
      [410, 100],
    ]);
    expect(Object.keys(await sheet.areas())).toHaveLength(4);
  });

  test("polygon: Enter ends, a double click ends, Escape leaves no trace, Backspace takes a corner back", async () => {
    await press("p");
    for (const [x, y] of [
      [100, 100],
      [160, 100],
      [160, 160],
    ] as const)
      await click(x, y);
    await press("Enter");
    expect(await total()).toBeGreaterThan(1500);
    await press("Control+z");
    expect(await total()).toBe(0);
    for (const [x, y] of [
      [100, 100],
      [160, 100],
      [160, 160],
    ] as const)
      await click(x, y);
    await press("Escape");
    expect(await total()).toBe(0);
    await press("Enter");
    expect(await total()).toBe(0);
    for (const [x, y] of [
      [100, 100],
      [160, 100],
      [160, 160],
      [400, 400],
    ] as const)
      await click(x, y);
    await press("Backspace", "Enter");
    const area = await total();
    expect(area).toBeGreaterThan(1500);
    expect(area).toBeLessThan(2100);
    await press("Control+z");
    for (const [x, y] of [
      [100, 100],
      [160, 100],
    ] as const)
      await click(x, y);
    const last = await sheet.at(160, 160);
    await sheet.page.mouse.dblclick(last.x, last.y);
    expect(await total()).toBe(area);
  });

  test("polygon fuzz: no sequence of keys and clicks gets it stuck (E3)", async () => {
    let seed = 20261122;
    const random = (n: number): number => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return (seed >> 8) % n;
    };
    await press("p");
    for (let i = 0; i < (process.env["OVERTILE_LONG"] ? 400 : 60); i++) {
      const what = random(8);
      if (what < 4) await click(60 + random(400), 60 + random(380));
      else await press(["Enter", "Escape", "Backspace", "Control+z"][what - 4]!);
    }
    await press("Escape", "Escape");
    while (await sheet.page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.workspace.history.undo()));
    expect(await total()).toBe(0);
    for (const [x, y] of [
      [100, 100],
      [160, 100],
      [160, 160],
    ] as const)
      await click(x, y);
    await press("Enter");
    expect(await total()).toBeGreaterThan(1500);
  });

  test("F fills: background inside a ring becomes an object", async () => {
    await boxMiddle(sheet);
    await press("r");
    await sheet.drag([
      [210, 210],
      [300, 300],
    ]);
    await press("Escape");
    await sheet.page.evaluate(() => {
      (globalThis as never as Handle).overtileViewer.app.workspace.activeLayer.value!.selected.value = [];
    });
    const before = await total();
    await press("f");
    await click(200, 200);
    expect(await total()).toBe(128 * 128);
    expect(before).toBe(90 * 90);
    await press("Control+z");
    expect(await total()).toBe(before);
  });

  test("[ and ] and , and . change the brush, which keeps its size on the screen", async () => {
    await press("b", "]");
    expect(await brushPx()).toBeGreaterThan(20);
    await press("[", "[");
    expect(await brushPx()).toBeLessThan(20);
    const small = await brushPx();
    await press(".");
    expect(await brushPx()).toBeGreaterThan(small);
    await press(",");
    expect(await brushPx()).toBe(small);
    await click(100, 100);
    const far = await total();
    await press("Control+z", "+", "+");
    await sheet.rest();
    await click(256, 256);
    expect(await total()).toBeLessThan(far);
  });

  test("Space pans while it is held, in every tool; the wheel zooms", async () => {
    const left = (): Promise<number> => sheet.page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.view.sight.value!.x0);
    await press("b");
    const start = await left();
    await sheet.page.keyboard.down("Space");
    await sheet.drag([
      [250, 250],
      [265, 250],
      [280, 250],
      [300, 250],
    ]);
    await sheet.page.keyboard.up("Space");
    await expect.poll(left).toBeLessThan(start - 30);
    expect(await total()).toBe(0);
    const scale = (): Promise<number> => sheet.page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.view.scale.value);
    const before = await scale();
    await sheet.page.mouse.wheel(0, -300);
    await expect.poll(scale).toBeGreaterThan(before * 1.1);
  });

  test("X hides and shows, Z shows outlines only, H peeks while held", async () => {
    const look = (): Promise<boolean[]> =>
      sheet.page.evaluate(() => {
        const { workspace } = (globalThis as never as Handle).overtileViewer.app;
        const layer = workspace.activeLayer.value!;
        return [layer.visible.value, layer.outlinesOnly.value, workspace.peeking.value];
      });
    await press("x");
    expect(await look()).toEqual([false, false, false]);
    await press("x", "z");
    expect(await look()).toEqual([true, true, false]);
    await press("z");
    await sheet.page.keyboard.down("h");
    expect(await look()).toEqual([true, false, true]);
    await sheet.page.keyboard.up("h");
    expect(await look()).toEqual([true, false, false]);
  });

  test("number keys choose the class on a label layer and switch channels on an image layer", async () => {
    await sheet.page.evaluate(() => {
      const { workspace } = (globalThis as never as Handle).overtileViewer.app;
      workspace.classes.value = [...workspace.classes.value, { name: "debris", color: "#e69f00" }];
    });
    const chosen = (): Promise<number> =>
      sheet.page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.workspace.currentClass.value);
    await press("2");
    expect(await chosen()).toBe(2);
    await press("i");
    expect(await chosen()).toBe(0);
    await press("1");
    expect(await chosen()).toBe(1);
    const shown = (): Promise<boolean> =>
      sheet.page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.workspace.current.value!.channels.value[0]!.visible);
    await press("Shift+C", "1");
    expect(await shown()).toBe(false);
    await press("1");
    expect(await shown()).toBe(true);
    await sheet.page.evaluate(() => {
      const { workspace } = (globalThis as never as Handle).overtileViewer.app;
      workspace.classes.value = workspace.classes.value.slice(0, 1);
    });
  });

  test("Shift+C shows the contrast; Auto saturates 0.1 % within a second (E4)", async () => {
    await press("Shift+C");
    await sheet.page.waitForSelector(".histogram");
    await sheet.page.fill("input[aria-label^='White'][type=number]", "40");
    await sheet.page.keyboard.press("Tab");
    const high = (): Promise<number> =>
      sheet.page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.workspace.current.value!.channels.value[0]!.high);
    expect(await high()).toBe(40);
    // Timed in the page: from the click to the new limits.
    const elapsedMs = await sheet.page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          const entry = (globalThis as never as Handle).overtileViewer.app.workspace.current.value!;
          const auto = [...document.querySelectorAll("button")].find(({ textContent }) => textContent === "Auto")!;
          const started = performance.now();
          const stop = entry.channels.subscribe(([channel]) => channel!.high > 100 && resolve(performance.now() - started));
          auto.click();
          void stop;
        }),
    );
    expect(await high()).toBeGreaterThan(100);
    expect(elapsedMs).toBeLessThan(1000);
  });

  test("do not paint over labels", async () => {
    await press("r");
    await sheet.drag([
      [210, 210],
      [260, 260],
    ]);
    await sheet.page.getByLabel("Do not paint over labels").check();
    await sheet.page.focus("#map");
    await sheet.drag([
      [240, 240],
      [280, 280],
    ]);
    const areas = Object.values(await sheet.areas()).sort((a, b) => a - b);
    expect(areas).toEqual([40 * 40 - 20 * 20, 2500]);
  });

  // labels.test.ts and history.test.ts take back 100 steps of every kind.
  const steps = process.env["OVERTILE_LONG"] ? 100 : 30;
  test(`Ctrl+Z, Ctrl+Shift+Z and Ctrl+Y cover strokes, delete and clear, over ${steps} steps`, async () => {
    await press("b");
    const states: string[] = [JSON.stringify(await sheet.areas())];
    for (let i = 0; i < steps; i++) {
      await click(30 + (i % 10) * 48, 30 + Math.floor(i / 10) * 45);
    }
    await press("v");
    await click(30, 30);
    await press("Delete");
    await sheet.page.click("[data-menu=Edit]");
    await sheet.page.click("[data-command=clear]");
    states.push(JSON.stringify(await sheet.areas()));
    expect(states[1]).toBe("{}");
    await sheet.page.focus("#map");
    await press("Control+z");
    expect(Object.keys(await sheet.areas()).length).toBe(steps - 1);
    await press("Control+z");
    expect(Object.keys(await sheet.areas()).length).toBe(steps);
    for (let i = 0; i < steps; i++) await press("Control+z");
    expect(await sheet.areas()).toEqual({});
    for (let i = 0; i < steps / 2; i++) await press("Control+Shift+z");
    for (let i = 0; i < steps / 2; i++) await press("Control+y");
    expect(Object.keys(await sheet.areas()).length).toBe(steps);
  });

  test("keys are the user's own in text fields, and single keys can be turned off", async () => {
    await sheet.page.click("#tab-macro");
    await sheet.page.fill("textarea[aria-label=Macro]", "");
    await sheet.page.focus("textarea[aria-label=Macro]");
    await sheet.page.keyboard.type("bep z");
    expect(await sheet.page.inputValue("textarea[aria-label=Macro]")).toBe("bep z");
    expect(await tool()).toBe("select");
    await sheet.page.fill("textarea[aria-label=Macro]", "");
    await sheet.page.click("#tab-train");
    await sheet.page.click("[data-menu=Edit]");
    await sheet.page.click("[data-command=single-keys]");
    await sheet.page.focus("#map");
    await press("b");
    expect(await tool()).toBe("select");
    await sheet.page.focus("#tab-train");
    await press("b");
    expect(await tool()).toBe("select");
  });

  test("? shows the key list, Escape closes it", async () => {
    await press("?");
    await sheet.page.waitForSelector("dialog[open] .keys");
    expect(await sheet.page.locator("dialog .keys tr").count()).toBeGreaterThan(30);
    await press("Escape");
    await sheet.page.waitForSelector("dialog[open]", { state: "detached" });
  });

  test("Ctrl+S stores, Ctrl+B folds the panels", async () => {
    await press("b");
    await click(100, 100);
    await press("Control+s");
    await sheet.page.waitForFunction(() => (globalThis as never as Handle).overtileViewer.app.autosave.state.value === "saved");
    await press("Control+b");
    expect(await sheet.page.locator("#tab-train").count()).toBe(0);
    await press("Control+b");
    expect(await sheet.page.locator("#tab-train").count()).toBe(1);
  });

  test("all of it by keyboard alone: K, arrows and Enter draw a stroke, a polygon and a rectangle", async () => {
    await press("b", "k", "Enter");
    for (let i = 0; i < 3; i++) await press("Shift+ArrowRight");
    await press("Enter");
    const stroke = await total();
    expect(stroke).toBeGreaterThan(300);
    await press("Control+z", "p", "Enter");
    for (let i = 0; i < 4; i++) await press("Shift+ArrowRight");
    await press("Enter");
    for (let i = 0; i < 4; i++) await press("Shift+ArrowDown");
    await press("Enter", "Enter");
    // A triangle with sides of 40 px; the 40 centres on its long side may fall either way.
    expect(Math.abs((await total()) - 800)).toBeLessThanOrEqual(20);
    await press("Control+z", "r", "Enter", "Shift+ArrowLeft", "ArrowLeft", "Shift+ArrowUp", "Enter");
    expect(await total()).toBe(11 * 10);
    await press("Escape");
    expect(await sheet.page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.workspace.keyboardDrawing.value)).toBe(false);
  });

  test("select, move, merge, split", async () => {
    await press("r");
    await sheet.drag([
      [100, 100],
      [140, 140],
    ]);
    await sheet.drag([
      [200, 100],
      [240, 140],
    ]);
    await press("v");
    await click(120, 120);
    await sheet.drag([
      [120, 120],
      [130, 150],
    ]);
    const at = (x: number, y: number): Promise<number> =>
      sheet.page.evaluate(
        ([px, py]) =>
          (globalThis as never as Handle).overtileViewer.app.workspace.activeLayer.value!.raster.tiles.get(0)?.[py! * 256 + px!] ?? 0,
        [x, y],
      );
    expect([await at(105, 105), await at(145, 165)]).toEqual([0, 1]);
    await sheet.page.keyboard.down("Shift");
    await click(220, 120);
    await sheet.page.keyboard.up("Shift");
    await press("j");
    expect(await sheet.areas()).toEqual({ 1: 3200 });
    await press("c");
    await sheet.drag([
      [220, 90],
      [220, 150],
    ]);
    // The part that the line does not meet, and the two halves of the other.
    const parts = Object.values(await sheet.areas()).sort((a, b) => a - b);
    expect(parts).toHaveLength(3);
    expect(parts[2]).toBe(1600);
    expect(parts[0]! + parts[1]!).toBe(1600);
    expect(Math.abs(parts[0]! - 800)).toBeLessThanOrEqual(40);
  });
});
