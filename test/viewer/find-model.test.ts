// A model that a macro of the viewer names is looked for before the macro runs: the sentence is the library's own.

import { expect, test } from "vitest";
import { describeError } from "../../core/problem.ts";
import { createLibrary as createModels } from "../../plugin/library/library.ts";
import { createMemoryFiles } from "../../plugin/store/files.ts";
import { assertModel } from "../../viewer/plugin/find-model.ts";
import type { Library } from "../../viewer/plugin/library.ts";
import { createModel } from "../core/model/sample-model.ts";

const readBytes = async (): Promise<Uint8Array<ArrayBuffer>> => Promise.reject(new Error("nothing is read here"));
const messageOf = (work: Promise<unknown>): Promise<string | undefined> => work.then(() => undefined, describeError);

test.each([[[]], [["cells"]], [["cells", "cells", "nuclei"]]])("of a library of %j, the same are known and missed", async (names) => {
  const models = createModels({ files: createMemoryFiles(), readBytes });
  for (const name of names) await models.add(createModel({}, { name }));
  const library = { models: () => models } as never as Library;
  for (const reference of ["cells", "cells@1", "cells@2", "cels", "nuclei", "zebrafish", "zebrafish@1"])
    expect(await messageOf(assertModel(library, reference)), reference).toBe(await messageOf(models.assertKnown(reference)));
});

test("files, addresses and plugins without a library are left to the plugin", async () => {
  const empty = { models: () => createModels({ files: createMemoryFiles(), readBytes }) } as never as Library;
  for (const reference of ["a/b.zip", "https://example.org/m"]) expect(await messageOf(assertModel(empty, reference))).toBeUndefined();
  expect(await messageOf(assertModel({ models: () => undefined } as never as Library, "cells"))).toBeUndefined();
});
