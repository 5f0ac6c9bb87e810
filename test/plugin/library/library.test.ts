// The library: versions count up and are never written over, names find the newest, what is not there is named with its nearest.

import { beforeEach, describe, expect, test } from "vitest";
import { createLibrary, type Library } from "../../../plugin/library/library.ts";
import { guardFiles } from "../../../plugin/store/browser-store.ts";
import { createMemoryFiles, type Files } from "../../../plugin/store/files.ts";
import { createModel } from "../../core/model/sample-model.ts";

let files: Files;
let library: Library;
const model = createModel();

beforeEach(() => {
  files = createMemoryFiles();
  library = createLibrary({ files, readBytes: async (from) => new Uint8Array(await (from as Blob).arrayBuffer()) });
});

const titles = async (): Promise<string[]> => (await library.list()).map(({ name, version }) => `${name}@${version}`);

describe("versions", () => {
  test("count up under a name, and a name alone is the newest", async () => {
    for (let i = 0; i < 3; i++) await library.add({ ...model, name: "cells", description: `number ${i + 1}` });
    expect(await titles()).toEqual(["cells@1", "cells@2", "cells@3"]);
    expect((await library.load("cells")).description).toBe("number 3");
    expect((await library.load("cells@2")).description).toBe("number 2");
    await library.remove("cells");
    expect((await library.load("cells")).description).toBe("number 2");
  });

  test("added at the same time they do not take each other's number", async () => {
    await Promise.all(Array.from({ length: 4 }, () => library.add({ ...model, name: "cells" })));
    expect(await titles()).toEqual(["cells@1", "cells@2", "cells@3", "cells@4"]);
  });

  test("what is exported can be imported, under its own or another name", async () => {
    await library.add({ ...model, name: "cells" });
    const archive = await library.export("cells@1");
    expect(await library.import(archive)).toMatchObject({ name: "cells", version: 2 });
    expect(await library.import(archive, "other")).toMatchObject({ name: "other", version: 1 });
    expect(await library.rename("other", "third")).toMatchObject({ name: "third", version: 1 });
    expect(await titles()).toEqual(["cells@1", "cells@2", "third@1"]);
    expect((await library.load("third")).weights).toEqual(model.weights);
  });
});

describe("the list", () => {
  test("leaves out what is damaged and what another tab removes meanwhile, and the reason can be asked for", async () => {
    for (const name of ["a", "b", "c"]) await library.add({ ...model, name });
    await files.write("b@1.zip", (await files.read("b@1.zip"))!.slice(0, 500));
    const list = async (): Promise<readonly string[]> => [...(await files.list()), "gone@1.zip"];
    const read = async (name: string): ReturnType<Files["read"]> => {
      if (name === "c@1.zip") throw new DOMException("it changed meanwhile", "NotReadableError");
      return files.read(name);
    };
    const shared = createLibrary({ files: { ...files, list, read }, readBytes: async () => new Uint8Array() });
    expect((await shared.list()).map(({ name }) => name)).toEqual(["a"]);
    expect((await shared.inspect()).faults).toEqual([
      { model: "b@1", reason: expect.stringMatching(/zip|archive/i) },
      { model: "c@1", reason: expect.stringMatching(/it changed meanwhile/) },
      { model: "gone@1", reason: expect.stringMatching(/there is no/) },
    ]);
    await expect(shared.load("b")).rejects.toMatchObject({ kind: "InvalidModel" });
  });
});

describe("refusals", () => {
  test("an unknown model is named with the nearest", async () => {
    await library.add({ ...model, name: "nuclei" });
    await expect(library.load("nuclie")).rejects.toThrow('there is no "nuclie". Did you mean "nuclei"?');
    await expect(library.remove("nuclei@7")).rejects.toMatchObject({ kind: "InvalidParameter" });
  });

  test("names that macros could not write are refused before anything is kept", async () => {
    for (const name of ["a[b", "a=b", 'a"', "a'b", ""]) await expect(library.add({ ...model, name })).rejects.toThrow();
    expect(await titles()).toEqual([]);
  });

  test("names under which a model could not be found again are refused, each with its reason", async () => {
    const refused = {
      ".hidden": "no dot",
      "cells@2": "version",
      "cells.ZIP": ".zip",
      ["\u{1F52C}".repeat(17)]: "bytes",
      "half \ud83d": "surrogate",
    };
    for (const [name, reason] of Object.entries(refused)) {
      await expect(library.add({ ...model, name }), name).rejects.toMatchObject({
        kind: "InvalidParameter",
        message: expect.stringContaining(reason),
      });
    }
    for (const name of ["cells@home", "2.zip cells", "\u{1F52C}".repeat(16), "a.b", "細胞"]) {
      await library.add({ ...model, name });
      expect((await library.load(name)).name).toBe(name);
    }
  });

  test("a full storage: the error says so; or the archive is handed over all the same", async () => {
    const full = { ...files, write: () => Promise.reject(new DOMException("full", "QuotaExceededError")) };
    const crowded = createLibrary({ files: guardFiles(full, "models"), readBytes: async () => new Uint8Array() });
    await expect(crowded.add({ ...model, name: "cells" })).rejects.toMatchObject({ kind: "CannotWrite" });
    const refused: string[] = [];
    const { archive } = await crowded.add({ ...model, name: "cells" }, { onRefused: ({ kind }) => void refused.push(kind) });
    expect(refused).toEqual(["CannotWrite"]);
    expect(archive.length).toBeGreaterThan(1000);
    expect(await titles()).toEqual([]);
  });
});
