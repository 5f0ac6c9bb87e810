import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { describeError } from "../../core/problem.ts";
import { titleOfAddress } from "../../host/images.ts";
import type { Host } from "../../plugin/contract.ts";
import { createFakeHost, picture, pixels, titlesOf } from "./fake-plugin.ts";

describe("a host", () => {
  test("is the contract's Host", () => {
    const host: Host = createFakeHost().host;
    expect(host.images).toEqual([]);
  });

  test("runs a command on the active image, by macro name and string or by id and object", async () => {
    const { host, plugin } = createFakeHost();
    const [a, b] = [host.addImage(picture("a.png")), host.addImage(picture("bb.png"))];
    await host.run("Overtile Segment", "model=m tile=204");
    host.selectImage("a.png");
    await host.run("overtile.segment", { model: "m", tile: 204 });
    expect(plugin.calls.map((call) => call.input)).toEqual([b.image, a.image]);
    expect(plugin.calls[0]!.parameters).toEqual(plugin.calls[1]!.parameters);
  });

  test("shows results as TITLE.kind, and the first of output becomes active", async () => {
    const { host } = createFakeHost();
    host.addImage(picture("a.png"));
    await host.run("Overtile Segment", "model=m output=classes,labels");
    expect(titlesOf(host)).toEqual(["a.png", "a.png.classes", "a.png.labels"]);
    expect(host.activeImage?.title).toBe("a.png.classes");
    expect(host.activeImage?.image).toEqual(pixels(7));
    host.selectImage("a.png");
    await host.run("Overtile Segment", "model=m");
    expect(titlesOf(host).at(-1)).toBe("a.png-1.labels");
  });

  test("an image is needed for segment, and told so", async () => {
    const { host } = createFakeHost();
    await expect(host.run("Overtile Segment", "model=m")).rejects.toThrow("there are no images");
  });

  test("train gets its dataset, or the samples that the host has at hand", async () => {
    const { host, plugin } = createFakeHost();
    await host.run("Overtile Train", "dataset=[my cells]");
    await expect(host.run("Overtile Train")).rejects.toThrow('"dataset" must name');
    const other = createFakeHost({ samples: async ({ dataset }) => [dataset, "drawn"] });
    await other.host.run("Overtile Train", "dataset=x");
    expect([...plugin.calls, ...other.plugin.calls].map((call) => call.input)).toEqual(["my cells", ["x", "drawn"]]);
  });

  test("commands without input answer at once, also while a job runs", async () => {
    const { host, plugin } = createFakeHost();
    plugin.endless = true;
    host.addImage(picture("a"));
    const running = host.run("Overtile Segment", "model=m");
    running.catch(() => {});
    await host.run("overtile.cancel");
    await host.run("overtile.remove_model", { model: "old" });
    expect([plugin.cancelled, plugin.models.removed]).toEqual([1, [["old"]]]);
  });

  test("a command that asks for a context is a job: it waits its turn, its notices are told, and the active image is left alone", async () => {
    const told: string[] = [];
    const { host, plugin } = createFakeHost({
      watch: ({ image }) => ({
        onProgress: (progress) => void (progress.kind === "notice" && told.push(`${image?.title}: ${progress.message}`)),
        end: () => {},
      }),
    });
    expect(await host.run("overtile.compare", "first=a second=b")).toEqual({ f1: 1 });
    expect(plugin.calls).toEqual([{ name: "compare", input: "a", parameters: { second: "b" } }]);
    expect(told).toEqual(["undefined: alike"]);
    plugin.endless = true;
    host.addImage(picture("a"));
    host.run("Overtile Segment", "model=m").catch(() => {});
    const waiting = host.run("overtile.compare", "first=a");
    expect(host.jobs.list.map(({ state }) => state)).toEqual(["done", "running", "queued"]);
    host.cancel();
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
    expect(host.recorder.text).toMatch(
      /^run\("overtile\.compare", "first=a second=b"\);\nselectImage\("a"\);\n\/\/ cancelled: run\("Overtile Segment".*\n\/\/ cancelled: run\("overtile\.compare", "first=a"\);\n$/,
    );
  });

  test("cancel ends what runs and what waits, or the named job of both", async () => {
    const { host, plugin } = createFakeHost();
    plugin.endless = true;
    host.addImage(picture("a"));
    const run = () => host.run("Overtile Segment", "model=m").catch((error: Error) => error.name);
    const runs = [run(), run(), run()];
    const [, second] = host.jobs.list;
    await host.run("overtile.cancel", { job: second!.id });
    expect(host.jobs.list.map(({ state }) => state)).toEqual(["running", "cancelled", "queued"]);
    await host.run("overtile.cancel");
    expect(await Promise.all(runs)).toEqual(["AbortError", "AbortError", "AbortError"]);
    expect(host.jobs.list.map(({ state }) => state)).toEqual(["cancelled", "cancelled", "cancelled"]);
    expect(plugin.calls).toHaveLength(1);
  });

  test("what changes the library is recorded, and what only asks is not; the active image stays known", async () => {
    const { host } = createFakeHost();
    host.addImage(picture("a"));
    host.addImage(picture("b"));
    await host.run("Overtile Segment", "model=m");
    const [, removed] = await Promise.all([host.run("overtile.cancel"), host.run("overtile.remove_model", "model=old")]);
    expect(removed).toBeUndefined();
    host.addImage(picture("c"));
    await host.run("overtile.remove_model", "model=older");
    await host.run("Overtile Segment", "model=m");
    await host.run("overtile.remove_model", "model=[no such]", { record: false });
    const words = host.recorder.text.split("\n").map((line) => line.replace(/"[^"]* (model=m) [^"]*"/, '"$1"'));
    expect(words).toEqual([
      'run("Overtile Segment", "model=m");',
      'run("overtile.remove_model", "model=old");',
      'run("overtile.remove_model", "model=older");',
      'selectImage("c");',
      'run("Overtile Segment", "model=m");',
      "",
    ]);
  });

  test("an aborted signal ends the job, and its line becomes a comment", async () => {
    const { host, plugin } = createFakeHost();
    plugin.endless = true;
    host.addImage(picture("a"));
    const controller = new AbortController();
    const run = host.run("Overtile Segment", "model=m", { signal: controller.signal });
    controller.abort();
    await expect(run).rejects.toMatchObject({ name: "AbortError" });
    expect(host.recorder.text).toMatch(/^\/\/ cancelled: run\("Overtile Segment"/);
    const again = host.run("Overtile Segment", "model=m");
    host.cancel();
    await expect(again).rejects.toMatchObject({ name: "AbortError" });
    expect(host.jobs.list.map((job) => job.state)).toEqual(["cancelled", "cancelled"]);
  });

  test("stop and keep reaches the training, by its job, by the caller's signal, and through a macro, which ends there", async () => {
    const { host, plugin, printed } = createFakeHost();
    plugin.endless = true;
    const byJob = host.run("Overtile Train", "dataset=d");
    host.stop(host.jobs.list[0]!.id);
    expect(await byJob).toMatchObject({ model: "my cells@1" });
    const [caller, macro] = [new AbortController(), new AbortController()];
    const bySignal = host.run("Overtile Train", "dataset=d", { stop: caller.signal });
    caller.abort();
    expect(await bySignal).toMatchObject({ model: "my cells@1" });
    const byMacro = host.runMacro('run("Overtile Train", "dataset=d");\nprint("after");', { stop: macro.signal });
    host.on("jobs", () => macro.abort());
    await expect(byMacro).rejects.toMatchObject({ name: "AbortError" });
    expect(host.jobs.list.map(({ state }) => state)).toEqual(["done", "done", "done"]);
    expect(printed).toEqual([]);
  });

  test("tells listeners of images, models and jobs until they leave", async () => {
    const { host } = createFakeHost();
    const heard = { images: vi.fn(), models: vi.fn(), jobs: vi.fn() };
    const off = (["images", "models", "jobs"] as const).map((event) => host.on(event, heard[event]));
    host.addImage(picture("a"));
    await host.run("Overtile Segment", "model=m");
    expect([heard.images, heard.models, heard.jobs].map((listener) => listener.mock.calls.length)).toEqual([2, 0, 3]);
    await host.run("Overtile Train", "dataset=d");
    await host.run("overtile.remove_model", "model=m");
    expect(heard.models).toHaveBeenCalledTimes(2);
    for (const leave of off) leave();
    await host.run("Overtile Segment", "model=m");
    expect(heard.images).toHaveBeenCalledTimes(2);
  });

  test("a plugin can add a result of its own", async () => {
    const { host } = createFakeHost();
    await host.addResult({ title: "a", kind: "labels", pixels: pixels() });
    await host.addResult({ title: "b", kind: "image", pixels: pixels() });
    expect(titlesOf(host)).toEqual(["a.labels", "b"]);
  });

  test("an uninstalled plugin's commands are unknown", async () => {
    const { host, uninstall } = createFakeHost();
    uninstall();
    await expect(host.run("Overtile Train")).rejects.toThrow('Unrecognized command: "Overtile Train"');
  });

  test("dispose ends what runs, also a macro that waits, and runs nothing more", async () => {
    const { host, plugin } = createFakeHost();
    const waiting = host.runMacro("wait(1000000);");
    plugin.endless = true;
    host.addImage(picture("a"));
    const run = host.run("Overtile Segment", "model=m");
    host.dispose();
    await expect(run).rejects.toMatchObject({ name: "AbortError" });
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
    await expect(host.runMacro("print(1);")).rejects.toMatchObject({ name: "AbortError" });
    await expect(host.run("Overtile Train", "dataset=d")).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("images", () => {
  test("titles are unique: a taken one gets a number before its extension", () => {
    const { host } = createFakeHost();
    for (const title of ["a.png", "a.png", "a.png", "b", "b", ".x", ".x"]) host.addImage(picture(title));
    expect(titlesOf(host)).toEqual(["a.png", "a-1.png", "a-2.png", "b", "b-1", ".x", ".x-1"]);
  });

  test("the title of an address is its last part, in plain letters", () => {
    const titles = ["https://a.b/c/my%20cells%20%F0%9F%94%AC.png?x=1#y", "https://a.b/slide.zarr/", "https://a.b/", "https://a.b/100%.png"];
    expect(titles.map((address) => titleOfAddress(new URL(address)))).toEqual(["my cells 🔬.png", "slide.zarr", "a.b", "100%.png"]);
  });

  test("close leaves the youngest image active", () => {
    const { host } = createFakeHost();
    for (const title of ["a", "b", "c"]) host.addImage(picture(title));
    host.selectImage("a");
    host.close("b");
    expect(host.activeImage?.title).toBe("a");
    host.close();
    expect(host.activeImage?.title).toBe("c");
    host.close();
    expect(() => host.close()).toThrow("there are no images");
  });

  test("titles have nothing that is not seen, and are found in either Unicode form", () => {
    const { host } = createFakeHost();
    expect(host.addImage(picture("cell\u202egnp.\nexe\x1b[31m")).title).toBe("cellgnp._exe_[31m");
    expect(host.addImage(picture("\u202e")).title).toBe("untitled");
    expect(() => host.rename("a\nb")).toThrow('"a\\u000ab" has control characters or direction marks');
    host.addImage(picture("Zelle_u\u0308.png"));
    host.addImage(picture("other"));
    host.selectImage("Zelle_\u00fc.png");
    expect(host.activeImage?.title).toBe("Zelle_u\u0308.png");
  });

  test("a title that is not there, empty or taken is an error", () => {
    const { host } = createFakeHost();
    host.addImage(picture("cells.png"));
    host.addImage(picture("b"));
    expect(() => host.selectImage("cell.png")).toThrow('Did you mean "cells.png"?');
    expect(() => host.rename("cells.png")).toThrow("another image's");
    expect(() => host.rename("")).toThrow("is empty");
    host.rename("b");
    expect(titlesOf(host)).toEqual(["cells.png", "b"]);
  });
});

describe("ImageJ's own words", () => {
  test("that do no harm here are taken, and commands that are missing are named with what is here instead", async () => {
    const { host } = createFakeHost();
    host.addImage(picture("a.tif"));
    host.addImage(picture("b.tif"));
    host.addImage(picture("c.png"));
    await host.runMacro('requires("1.53t"); close("*.tif");');
    expect(host.images.map(({ title }) => title)).toEqual(["c.png"]);
    await host.runMacro('close("*");');
    expect(host.images).toEqual([]);
    for (const [command, advice] of [
      ["8-bit", /"8-bit" is a command of ImageJ, which this host does not have\. .*Leave it out/],
      ["Gaussian Blur...", /is a command of ImageJ.*Leave it out/],
      ["Analyze Particles...", /saveAs\("CSV", "path"\)/],
      ["Close All", /Use close\("\*"\)/],
    ] as const)
      await expect(host.runMacro(`run("${command}");`)).rejects.toThrow(advice);
  });

  test("what a macro will read is known before it runs, unless it makes it itself", () => {
    const { host } = createFakeHost();
    const uses = host.checkMacro(
      'open("a.tif");\nsaveAs("Tiff", "b.tif");\nopen("b.tif");\nopen(getTitle() + ".tif");\nopen("c" + ".tif");',
    );
    expect(uses).toEqual([
      { kind: "image", path: "a.tif", line: 1 },
      { kind: "image", path: "c.tif", line: 5 },
    ]);
  });
});

describe("macros", () => {
  test("do what the same calls do", async () => {
    const { host, plugin, printed, saved } = createFakeHost();
    await host.runMacro(`
      var model = "my cells"; n = 3;
      open("folder/a.png");
      run("Overtile Segment", "model=[" + model + "] tile=204 min_size=&n");
    `);
    await host.runMacro(
      'rename("mine"); print(getTitle()); saveAs("PNG", "out.png"); saveAs("Model", "m.zip"); setOption("BlackBackground", true);',
    );
    expect(plugin.calls[0]).toMatchObject({ name: "segment", parameters: { model: "my cells", tile: 204, min_size: 3 } });
    expect(printed).toEqual(["mine", 'setOption("BlackBackground", true) has no effect in this host.']);
    expect(saved).toEqual([
      { kind: "PNG", path: "out.png", title: "mine", model: "my cells" },
      { kind: "Model", path: "m.zip", title: "mine", model: "my cells" },
    ]);
    expect(host.recorder.text).toBe("");
  });

  test.each([
    ['\nrun("Nope");', "InvalidMacro", 2, 'Line 2: Unrecognized command: "Nope"'],
    ['run("Overtile Train",\n"stpes=3");', "InvalidMacro", 1, 'Did you mean "steps"?'],
    ['open("a");\n\nrun("Overtile Segment", "model=m tile=3");', "InvalidMacro", 3, '"tile" must be'],
    ['selectImage("x");', "InvalidMacro", 1, "Open are: none"],
    ["print(getTitle());", "InvalidData", 1, "Line 1: An image must be open"],
    ['saveAs("Model", "m.zip");', "InvalidData", 1, "Line 1: A model must"],
    ['open("missing.png");', undefined, 1, "Line 1: no file missing.png"],
  ])("tell the line of what fails: %j", async (source, kind, line, says) => {
    const { host } = createFakeHost();
    const run = host.runMacro(source);
    await expect(run).rejects.toThrow(says);
    await expect(run).rejects.toThrow(`Line ${line}: `);
    if (kind !== undefined) await expect(run).rejects.toMatchObject({ kind });
  });

  test("an aborted signal ends a macro and the job that it waits for", async () => {
    const { host, plugin } = createFakeHost();
    plugin.endless = true;
    host.addImage(picture("a"));
    const controller = new AbortController();
    const run = host.runMacro('run("Overtile Segment", "model=m"); print("after");', { signal: controller.signal });
    setTimeout(() => controller.abort(), 10);
    await expect(run).rejects.toMatchObject({ name: "AbortError" });
    await host.runMacro("wait(1);");
    expect(host.jobs.list.map((job) => job.state)).toEqual(["cancelled"]);
  });

  test("any macro with places spoilt runs, or fails with a line of it", async () => {
    const good = `n = 2; var m = "my " + "cells";\nopen("a.png");\nrun("Overtile Segment", "model=[" + m + "] tile=204 min_size=&n mirror");
rename("r"); /* c */ saveAs("Tiff", getTitle());\nselectImage("a.png"); close(); run("Overtile Train", "dataset=[d e] steps=5");`;
    const place = fc.tuple(
      fc.nat(good.length),
      fc.nat(4),
      fc.constantFrom("", '"', "[", "]", "'", "=", " ", "x", "\n", ";", "\\", "+", "\u{1f52c}", "9", "&"),
    );
    const spoilt = fc
      .array(place, { maxLength: 3 })
      .map((places) => places.reduce((text, [at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut), good));
    const { host } = createFakeHost();
    await fc.assert(
      fc.asyncProperty(spoilt, async (source) => {
        const failure = await host.runMacro(source).then(
          () => "",
          (error: unknown) => describeError(error),
        );
        for (const { title } of host.images) host.close(title);
        if (failure === "") return true;
        const line = Number(/^Line (\d+): /.exec(failure)?.[1]);
        return line >= 1 && line <= source.split("\n").length;
      }),
      { seed: 10, numRuns: 1000 },
    );
  });

  test("run one at a time", async () => {
    const { host } = createFakeHost();
    const first = host.runMacro("wait(5);");
    await expect(host.runMacro("print(1);")).rejects.toThrow("One macro must end before the next one starts");
    await first;
  });
});

describe("replaying what was recorded", () => {
  test("calls the same commands on the same images with equal parameters", async () => {
    const live = createFakeHost();
    await live.host.open("folder/a.png");
    await live.host.open("folder/b.png");
    await live.host.run("Overtile Segment", "model=[my cells] output=probabilities,labels");
    live.host.selectImage("a.png");
    await live.host.run("overtile.segment", { model: "my cells", mirror: true, note: 'a "quoted" C:\\path [x]' });
    live.host.rename("first result");
    await live.host.saveAs("PNG", "out.png");
    live.host.close("b.png.labels");
    await live.host.run("Overtile Train", { dataset: "my data", steps: 3 });
    await live.host.saveAs("Model", "m.zip");
    const replay = createFakeHost();
    await replay.host.runMacro(live.host.recorder.text);
    expect(titlesOf(replay.host)).toEqual(titlesOf(live.host));
    expect(replay.host.activeImage?.title).toBe(live.host.activeImage?.title);
    expect(replay.saved).toEqual(live.saved);
    const again = replay.plugin.calls.map(({ name, input }) => ({ name, input }));
    expect(again).toEqual(live.plugin.calls.map(({ name, input }) => ({ name, input })));
    expect(replay.plugin.calls.map((call) => call.parameters)).toMatchObject([
      { tile: 204, backend: "wasm", output: ["probabilities", "labels"] },
      { tile: 204, backend: "wasm", mirror: true, note: 'a "quoted" C:\\path [x]' },
      { dataset: "my data", steps: 3, stop_at: 3 },
    ]);
  });

  test("calls with the parameters that the recorded calls were resolved to, presets too", async () => {
    const live = createFakeHost();
    const { parameters } = (await live.host.run("overtile.train", { dataset: "d", preset: "paper" })) as { parameters: object };
    expect(live.plugin.calls[0]!.parameters).toEqual({ dataset: "d", preset: "paper" });
    const replay = createFakeHost();
    await replay.host.runMacro(live.host.recorder.text);
    expect(replay.plugin.calls[0]!.parameters).toEqual({ ...parameters, learning_rate: 0.0001 });
  });

  test("what a replay records is what it replayed", async () => {
    const live = createFakeHost();
    await live.host.open("a.png");
    await live.host.run("Overtile Segment", "model=m");
    const text = live.host.recorder.text;
    expect(text).toMatch(/^open\("a.png"\);\nrun\("Overtile Segment", "tile=204 [^\n]* backend=wasm note=\[\]"\);\n$/);
    const replay = createFakeHost();
    await replay.host.open("a.png");
    const parameters = /run\("Overtile Segment", "(.*)"\);/.exec(text)![1]!;
    await replay.host.run("Overtile Segment", parameters);
    expect(replay.host.recorder.text).toBe(text);
  });

  test("a text that begins with a command fits any image", async () => {
    const { host } = createFakeHost();
    host.addImage(picture("a.png"));
    await host.run("Overtile Segment", "model=m");
    expect(host.recorder.text).toMatch(/^run\("Overtile Segment"/);
  });

  test("says which image, where a replay would be at another one", async () => {
    const { host } = createFakeHost();
    await host.open("a.png");
    host.addImage(picture("dropped.png"));
    await host.run("Overtile Segment", "model=m");
    expect(host.recorder.text).toMatch(/^open\("a.png"\);\nselectImage\("dropped.png"\);\nrun\(/);
  });

  test("two jobs at once each complete their own line", async () => {
    const { host } = createFakeHost();
    await host.open("a.png");
    await Promise.all([host.run("Overtile Segment", "model=one"), host.run("Overtile Segment", "model=two")]);
    const lines = host.recorder.text.split("\n").filter((line) => line.startsWith("run"));
    expect(lines.map((line) => /model=(\w+).*backend=wasm/.exec(line)?.[1])).toEqual(["one", "two"]);
  });
});
