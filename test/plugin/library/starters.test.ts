// Models that come with the program: found like one's own, fetched once and kept, and never written over.

import { beforeEach, describe, expect, test } from "vitest";
import { createInfo } from "../../../bench/starter-catalog.ts";
import { runJob } from "../../../core/job.ts";
import { readModel, writeModel } from "../../../core/model/archive.ts";
import { roundToHalves } from "../../../core/model/float16.ts";
import { Problem } from "../../../core/problem.ts";
import { readZip } from "../../../core/source/zip.ts";
import { createLibrary, type Library } from "../../../plugin/library/library.ts";
import { loadModel } from "../../../plugin/library/load-model.ts";
import { createStarters, type StartersOptions } from "../../../plugin/library/starters.ts";
import { createMemoryFiles, type Files } from "../../../plugin/store/files.ts";
import { createModel } from "../../core/model/sample-model.ts";

const weights = roundToHalves(createModel().weights);
const training = { provenance: "ten drawings", measured: { f1: 0.9, images: 45 }, scores: { f1: 0.95 } };
const model = createModel({}, { name: "nuclei", version: 1, weights, training, license: "CC0-1.0" });
const archive = await writeModel(model, { onnx: false, precision: "float16" });
const info = await createInfo(archive);

let kept: Files;
let files: Files;
let fetched: string[];
let served: Uint8Array | undefined;
let library: Library;

beforeEach(() => {
  [kept, files, fetched, served] = [createMemoryFiles(), createMemoryFiles(), [], archive];
  library = open(kept);
});

const readBytes = async (from: Blob | URL | string) => new Uint8Array(await (from as Blob).arrayBuffer());

function open(where: Files): Library {
  const fetchFile: StartersOptions["fetchFile"] = async (file, _, tell) => {
    fetched.push(file);
    tell?.({ kind: "phase", name: `downloading ${file}`, done: 5, total: 9 });
    if (served === undefined) throw new Error("it answered 404");
    return served;
  };
  const starters = createStarters({ catalog: [info], kept: where, fetchFile });
  return createLibrary({ files, readBytes, starters });
}

test("they are listed after one's own, with what they learnt from, and nothing is fetched for that", async () => {
  await library.add({ ...model, name: "zebrafish" });
  const [own, starter, ...more] = await library.list();
  expect([own!.name, own!.starter, more]).toEqual(["zebrafish", undefined, []]);
  const facts = { name: "nuclei", version: 1, starter: true, channels: 1, provenance: "ten drawings", license: "CC0-1.0" };
  expect(starter).toMatchObject({ ...facts, scores: { f1: 0.9, images: 45 }, bytes: archive.length });
  expect(starter).not.toHaveProperty("sha256");
  expect(fetched).toEqual([]);
});

describe("the archive", () => {
  test("is fetched when it is first used, and is there without a network from then on", async () => {
    expect((await library.load("nuclei")).weights).toEqual(weights);
    expect((await library.load("nuclei@1")).name).toBe("nuclei");
    served = undefined;
    expect((await open(kept).load("nuclei")).weights).toEqual(weights);
    expect(fetched).toEqual(["nuclei.zip"]);
    await kept.write("nuclei@1.zip", archive.slice(0, 900)); // a copy that was damaged since
    served = archive;
    expect((await library.load("nuclei")).weights).toEqual(weights);
    await expect(library.load("nuclei@2")).rejects.toThrow('there is no "nuclei@2". Did you mean "nuclei"?');
  });

  test("tells how much has come while it is fetched, and nothing once it is kept", async () => {
    const told: unknown[] = [];
    const load = () => runJob(loadModel("nuclei", { library, readBytes }), (progress) => void told.push(progress));
    await load();
    await load();
    expect(told).toEqual([{ kind: "phase", name: "downloading nuclei.zip", done: 5, total: 9 }]);
  });

  test("is used though a full storage does not keep it", async () => {
    const write = async (): Promise<void> => {
      throw new Problem("CannotWrite", "full", { path: "nuclei@1.zip", reason: "full" });
    };
    expect((await open({ ...kept, write }).load("nuclei")).weights).toEqual(weights);
    expect(await kept.list()).toEqual([]);
  });

  test("that is missing, or another one, is told with what to do", async () => {
    served = undefined;
    await expect(library.load("nuclei")).rejects.toThrow(
      "comes with Overtile as the file models/nuclei.zip; it cannot be read (it answered 404). Copy it beside the program, or import it once.",
    );
    served = archive.slice(1);
    await expect(library.load("nuclei")).rejects.toMatchObject({ kind: "InvalidModel" });
    served = undefined;
    // Where it cannot be fetched (a page without a server, a single file) its file is imported: it is the same model, not a new version.
    expect(await library.import(new Blob([archive as Uint8Array<ArrayBuffer>]))).toMatchObject({ name: "nuclei", starter: true });
    expect((await library.load("nuclei")).weights).toEqual(weights);
    expect(await files.list()).toEqual([]);
  });

  test("whose fetch is cancelled keeps nothing, says so by an abort, and is fetched when it is asked for again", async () => {
    const cancel = new AbortController();
    let begin = (): void => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const waiting: StartersOptions["fetchFile"] = (_, signal) => {
      begin();
      return new Promise((_, reject) => signal!.addEventListener("abort", () => reject(new Error("the connection was ended"))));
    };
    const slow = createLibrary({ files, readBytes, starters: createStarters({ catalog: [info], kept, fetchFile: waiting }) });
    const loading = slow.load("nuclei", cancel.signal);
    await begun;
    cancel.abort();
    await expect(loading).rejects.toMatchObject({ name: "AbortError" });
    expect(await kept.list()).toEqual([]);
    expect((await library.load("nuclei")).weights).toEqual(weights);
  });

  test("leaves the program whole: single precision, with ONNX", async () => {
    const exported = new Uint8Array(await (await library.export("nuclei")).arrayBuffer());
    expect(await readModel(exported)).toEqual(model);
    expect(readZip(exported, { kind: "InvalidModel" }).has("weights.onnx")).toBe(true);
    expect(await library.import(new Blob([exported]), "mine")).toMatchObject({ name: "mine", version: 1 });
    await expect(library.import(new Blob([exported]))).rejects.toThrow("must not be that of a model that comes with Overtile");
  });
});

test("its name is taken: nothing is added, imported or renamed under it, and it is neither renamed nor removed", async () => {
  const taken = '"name" must not be that of a model that comes with Overtile; got "nuclei". Give another, for instance "my nuclei".';
  await expect(library.add(model)).rejects.toThrow(taken);
  await library.add({ ...model, name: "mine" });
  await expect(library.rename("mine", "nuclei")).rejects.toThrow(taken);
  await expect(library.rename("nuclei", "other")).rejects.toThrow('"nuclei" comes with Overtile and stays');
  await expect(library.remove("nuclei")).rejects.toThrow("export it, and import the file as that");
  expect(await files.list()).toEqual(["mine@1.zip"]);
});

test("a model of that name from before there were starters stays, is found first, and can be renamed", async () => {
  await files.write("nuclei@4.zip", await writeModel({ ...model, version: 4, description: "my own" }));
  expect((await library.load("nuclei")).description).toBe("my own");
  expect((await library.list()).map(({ version }) => version)).toEqual([4]);
  await library.rename("nuclei", "mine");
  expect((await library.list()).map(({ name, version }) => `${name}@${version}`)).toEqual(["mine@1", "nuclei@1"]);
});
