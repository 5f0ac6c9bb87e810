// `auto` where a GPU stands beside wasm: both are timed once, the one that cannot is out, and the answer is remembered.

import { afterAll, beforeAll, expect, test } from "vitest";
import { createSpec } from "../../../core/unet/spec.ts";
import { chooseBackend } from "../../../plugin/crew/backend-choice.ts";
import { createMemoryFiles } from "../../../plugin/store/files.ts";
import type { Workspace } from "../../../plugin/workspace.ts";
import { testAssets } from "../../support/engine.ts";

// A machine with a GPU that answers to its name and cannot compute.
const gpu = { requestAdapter: async () => ({ info: { vendor: "fake", architecture: "one" }, limits: {} }) };
let original: PropertyDescriptor | undefined;
beforeAll(() => {
  original = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true });
});
afterAll(() => {
  if (original === undefined) Reflect.deleteProperty(globalThis, "navigator");
  else Object.defineProperty(globalThis, "navigator", original);
});

const request = { spec: createSpec({ levels: 1, features: 2 }), tile: 44, count: 2, backend: "auto" } as const;

test("timed once for each action, then remembered; a forced backend is never timed", async () => {
  const kernels = await testAssets.kernels!();
  const workspace: Workspace = {
    assets: { tfjsWasm: (await testAssets.tfjsWasm()) as Uint8Array<ArrayBuffer>, simd: kernels.simd, relaxedSimd: kernels.relaxedSimd },
    cores: 2,
    library: {} as never,
    checkpoints: createMemoryFiles(),
    notes: createMemoryFiles(),
    backends: ["webgpu", "webgl", "wasm", "cpu"],
    readBytes: () => Promise.reject(new Error("none")),
  };
  for (const action of ["segment", "train"] as const) {
    const lines: string[] = [];
    const ask = () => chooseBackend(action, request, workspace, { signal: undefined, log: (line) => void lines.push(line) });
    expect(await ask()).toBe("wasm");
    expect(lines.filter((line) => /^wasm: [\d.]+ s a (tile|step)$/.test(line))).toHaveLength(1);
    lines.length = 0;
    expect(await ask()).toBe("wasm");
    expect(lines, "remembered").toEqual([]);
  }
  expect(await chooseBackend("train", { ...request, backend: "wasm" }, workspace, { signal: undefined, log: undefined })).toBeUndefined();
});
