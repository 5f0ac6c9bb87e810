import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeModel } from "../../../core/model/archive.ts";
import { writeTiff } from "../../../core/source/write-tiff.ts";
import { createProgressView, formatSeconds } from "../../../host/terminal/progress.ts";
import { createModel } from "../../core/model/sample-model.ts";
import { bundleTerminal, createFolder, overtile } from "./run-overtile.ts";

const { path: folder, remove } = createFolder();
afterAll(remove);

describe("progress where no terminal looks on", () => {
  it("is a line at the end, at validations and notices, and hardly any between", () => {
    const lines: string[] = [];
    const stream = { isTTY: false, write: (text: string) => lines.push(text) > 0 } as unknown as NodeJS.WriteStream;
    const view = createProgressView(stream);
    const step = { kind: "step", total: 5000, loss: 0.5, learningRate: 1e-3 } as const;
    view.show({ kind: "phase", name: "starting", done: 0 });
    for (let done = 1; done <= 5000; done++) view.show({ ...step, done, secondsLeft: 5000 - done });
    view.show({ kind: "validation", done: 5000, total: 5000, scores: { f1: 0.81, loss: 0.2 }, best: true });
    view.show({ kind: "notice", done: 0, message: "cells: The labels are empty." });
    view.end();
    expect(lines.length).toBeLessThan(6);
    expect(lines.slice(-3)).toEqual([
      "5000/5000 loss 0.5000, 0:00 left\n",
      "step 5000: F1 0.810, loss 0.200, the best so far\n",
      "cells: The labels are empty.\n",
    ]);
  });

  it("tells times as people do", () => {
    expect([0, 5.4, 65, 3600, 7325, -1].map(formatSeconds)).toEqual(["0:00", "0:05", "1:05", "1:00:00", "2:02:05", "0:00"]);
  });
});

describe("a backend that should compute and cannot", () => {
  const broken = join(folder, "bundle");
  beforeAll(async () => {
    cpSync(await bundleTerminal(), broken, { recursive: true });
    writeFileSync(join(folder, "model.zip"), await writeModel(createModel()));
    writeFileSync(join(folder, "cell.tif"), writeTiff({ height: 20, width: 20, pages: [new Uint8Array(400).map((_, i) => i % 97)] }));
  });
  const segment = (...words: readonly string[]) =>
    overtile(["segment", "cell.tif", "--model", "model.zip", "-o", "out", "--overwrite", "--json", ...words], {
      cwd: folder,
      bundle: broken,
    });

  it("is passed over for the slow one, loudly and with the reason", async () => {
    writeFileSync(join(broken, "tfjs-backend-wasm-simd.wasm"), "<html>404</html>");
    const { code, stdout, stderr } = await segment();
    expect(code).toBe(0);
    expect(JSON.parse(stdout)[0].backend).toBe("cpu");
    expect(stderr).toMatch(/WebAssembly could not be used, cpu computes, which is slow: .*is not WebAssembly \(it begins with "<html>404/);
  });

  it("is an error where it was asked for by name", async () => {
    const { code, stderr } = await segment("--backend", "wasm");
    expect(code).toBe(1);
    expect(stderr).toMatch(/A backend that computes rightly is needed; none was found \(wasm: .*is not WebAssembly/);
  });

  it("is told with the file that is missing", async () => {
    rmSync(join(broken, "tfjs-backend-wasm-simd.wasm"));
    const { code, stderr } = await segment();
    expect(code).toBe(0);
    expect(stderr).toMatch(/cpu computes, which is slow: tfjs-backend-wasm-simd\.wasm must be in the bundle.*Copy the whole folder/);
  });
});
