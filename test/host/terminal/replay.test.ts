// The replay law in a terminal: what the recorder wrote of a session, run by `overtile macro` as it stands, gives the same bytes
// of weights and labels. The session runs in this process, on the files of the program's own bundle; the replay has a library
// of its own, which is empty.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readModel } from "../../../core/model/archive.ts";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { writePng } from "../../../core/source/write-png.ts";
import type { LocalHost } from "../../../host/host.ts";
import { createMacroFiles } from "../../../host/terminal/macro-files.ts";
import { withShell } from "../../../host/terminal/run-job.ts";
import { createTerminalHost } from "../../../host/terminal/terminal-host.ts";
import { openWorkspace } from "../../../host/terminal/workspace.ts";
import { bundleTerminal, createFolder, overtile } from "./run-overtile.ts";

const { path: folder, remove } = createFolder();
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const side = 64;
// Everything else is left to `auto` and the presets.
const tiny = { levels: 1, features: 3, batch: 2 };

beforeAll(async () => {
  for (const part of ["images", "labels"]) mkdirSync(at("cells", part), { recursive: true });
  for (let i = 1; i <= 3; i++) {
    const { image, labels } = generateCells({ height: side, width: side, seed: i });
    const png = (data: Uint8Array): Promise<Uint8Array> => writePng({ height: side, width: side, channels: 1, data });
    writeFileSync(at(`cells/images/c${i}.png`), await png(Uint8Array.from(image.data)));
    writeFileSync(at(`cells/labels/c${i}.png`), await png(Uint8Array.from(labels.data)));
  }
});
afterAll(remove);

/** Records a session that writes its files as NAME/first-..., replays it to NAME/second-..., and returns what was recorded. */
async function recordAndReplay(name: string, session: (host: LocalHost) => Promise<void>): Promise<string> {
  process.env["OVERTILE_HOME"] = at(name, "home");
  const workspace = await openWorkspace(pathToFileURL(`${await bundleTerminal()}/`));
  const files = createMacroFiles({ library: workspace.library, overwrite: false });
  const text = await withShell(async (shell) => {
    const host = createTerminalHost({ files, workspace, shell, print: () => {}, overwrite: false });
    await session(host);
    host.dispose();
    return host.recorder.text;
  });
  // The same text, whose results go elsewhere.
  writeFileSync(at(name, "replay.ijm"), text.replaceAll(at(name, "first-"), at(name, "second-")));
  const { code, stderr } = await overtile(["macro", at(name, "replay.ijm")], { env: { OVERTILE_HOME: at(name, "other-home") } });
  expect(code, stderr).toBe(0);
  return text;
}

async function expectSameModel(name: string): Promise<void> {
  const [first, second] = await Promise.all(
    ["first-model.zip", "second-model.zip"].map(async (file) => readModel(new Uint8Array(readFileSync(at(name, file))))),
  );
  expect(second!.weights).toEqual(first!.weights);
}

function expectSameFile(name: string, file: string): void {
  expect(readFileSync(at(name, `second-${file}`)).equals(readFileSync(at(name, `first-${file}`)))).toBe(true);
}

it("a session of training and segmenting replays to the same weights and labels", async () => {
  mkdirSync(at("session"));
  const text = await recordAndReplay("session", async (host) => {
    await host.run("Overtile Train", { ...tiny, dataset: at("cells"), name: "my cells", minutes: 0.02, seed: 5 });
    await host.saveAs("Model", at("session/first-model.zip"));
    await host.open(at("cells/images/c1.png"));
    await host.run("Overtile Segment", { model: "my cells", output: "labels,probabilities" });
    await host.saveAs("Tiff", at("session/first-labels.tif"));
    host.selectImage("c1.png.probabilities");
    await host.saveAs("Tiff", at("session/first-probabilities.tif"));
    host.selectImage("c1.png");
    await host.run("Overtile Segment", { model: at("session/first-model.zip"), fill_holes: true });
    await host.saveAs("PNG", at("session/first-filled.png"));
  });
  // Completed: no `auto` is left that another machine or day would answer differently.
  const lines = text.split("\n").filter((line) => line.startsWith("run("));
  expect(lines).toHaveLength(3);
  for (const line of lines) expect(line).toMatch(/ backend=wasm\b/);
  expect(lines[0]).toMatch(/ minutes=0 .*stop_at=\d+ /);
  expect(lines[0]).not.toMatch(/(tile|steps|interval|workers|stop_at)=auto/);
  expect(lines[1]).toMatch(/ model=\[my cells@1\]/);
  expect(lines[1]).not.toMatch(/(tile|workers|min_size)=auto/);
  expect(lines[2]).toContain(`model=${at("session/first-model.zip")}`);
  await expectSameModel("session");
  for (const file of ["labels.tif", "probabilities.tif", "filled.png"]) expectSameFile("session", file);
});

it("a training that was stopped, and went on, replays in one go to the same weights", async () => {
  mkdirSync(at("stopped"));
  const stop = new AbortController();
  const text = await recordAndReplay("stopped", async (host) => {
    const parameters = { ...tiny, dataset: at("cells"), name: "halted", tile: 52, steps: 30 };
    const onProgress = ({ kind, done }: { readonly kind: string; readonly done: number }): void => {
      if (kind === "step" && done === 3) stop.abort();
    };
    await host.run("Overtile Train", parameters, { stop: stop.signal, onProgress });
    await host.run("Overtile Train", { ...parameters, resume: true, stop_at: 25 });
    await host.saveAs("Model", at("stopped/first-model.zip"));
  });
  const [first, second] = text.split("\n");
  expect(first).toMatch(/ steps=30 .*stop_at=\d /);
  expect(second).toMatch(/ steps=30 .*stop_at=25 /);
  expect(second).not.toContain("resume");
  await expectSameModel("stopped");
});
