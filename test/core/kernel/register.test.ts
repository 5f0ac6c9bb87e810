import {
  engine,
  findBackendFactory,
  getKernel,
  memory,
  registerBackend,
  removeBackend,
  reshape,
  setBackend,
  type Tensor,
  tensor,
} from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { inspectBackend } from "../../../core/kernel/backend.ts";
import * as oracle from "../../../core/kernel/oracle.ts";
import { filterCacheBytesFor, preparedFilterBytes } from "../../../core/kernel/plan.ts";
import { type KernelReport, registerKernels, unregisterKernels } from "../../../core/kernel/register.ts";
import { isProblem } from "../../../core/problem.ts";
import { createSpec } from "../../../core/unet/spec.ts";
import { createRandom, expectClose, kernelBytes, openKernels, openWasmBackend, randomBlock, runKernel, toTensor } from "./with-kernels.ts";

const attrs = { strides: [1, 1], pad: "valid", dilations: [1, 1], dataFormat: "NHWC", activation: "relu" };
const random = createRandom(5);
const x = randomBlock([1, 12, 10, 8], random);
const filter = randomBlock([3, 3, 8, 16], random);
const bias = randomBlock([16], random);
const expected = oracle.convolve(x, filter, bias, 0, true);

const convolve = (tensors: Record<string, Tensor>): oracle.Block => {
  const y = engine().runKernel("FusedConv2D", tensors, attrs as never) as Tensor;
  const block = { shape: y.shape, data: Float64Array.from(y.dataSync()) };
  y.dispose();
  return block;
};

describe("registering", () => {
  afterEach(unregisterKernels);

  it("replaces stock kernels and gives them back", async () => {
    await openWasmBackend();
    const stock = getKernel("FusedConv2D", "wasm");
    const pool = getKernel("MaxPool", "wasm");
    const report = await openKernels("simd");
    expect(report.kernels).toContain("OvertileConvBackward");
    expect(getKernel("FusedConv2D", "wasm")).not.toBe(stock);
    report.unregister();
    report.unregister();
    expect(getKernel("FusedConv2D", "wasm")).toBe(stock);
    expect(getKernel("MaxPool", "wasm")).toBe(pool);
    expect(getKernel("OvertileConvBackward", "wasm")).toBeUndefined();
    expectClose(runKernel("FusedConv2D", { x, filter, bias }, attrs)[0]!, expected, 1e-5, "stock");
  });

  it("takes the relaxed build where WebAssembly.validate does", async () => {
    const backend = await openWasmBackend();
    const bytes = kernelBytes();
    expect((await registerKernels({ backend, bytes })).build).toBe(WebAssembly.validate(bytes.relaxedSimd) ? "relaxed-simd" : "simd");
    expect((await registerKernels({ backend, bytes: { ...bytes, relaxedSimd: new Uint8Array([0, 97, 115, 109, 9]) } })).build).toBe("simd");
  });

  it.each([
    ["another version", () => inspectBackend({}, "4.23.0"), /4\.22\.0; it is 4\.23\.0/],
    ["no backend", () => inspectBackend(undefined), /no WASM module/],
    ["another backend", () => inspectBackend({ wasm: {} }), /makeOutput/],
    [
      "the threaded build",
      () => inspectBackend({ wasm: { _malloc() {}, _free() {}, asm: {} }, makeOutput() {}, disposeData() {} }),
      /threaded/,
    ],
  ])("steps aside with a reason for %s", (_, inspect, reason) => {
    expect(inspect()).toMatchObject({ reason: expect.stringMatching(reason) });
  });

  it("steps aside with a reason for a file that is no WASM", async () => {
    const backend = await openWasmBackend();
    const stock = getKernel("FusedConv2D", "wasm");
    const html = new TextEncoder().encode("<!doctype html>");
    const report = await registerKernels({ backend, bytes: { simd: html, relaxedSimd: html } });
    expect(report).toMatchObject({ active: false, kernels: [], reason: expect.stringContaining("could not be loaded") });
    expect(getKernel("FusedConv2D", "wasm")).toBe(stock);
  });

  it("leaves what it does not cover to the stock kernels", async () => {
    await openKernels("simd");
    const wide = randomBlock([5, 5, 8, 4], random);
    expectClose(
      runKernel("FusedConv2D", { x, filter: wide, bias: randomBlock([4], () => 0) }, attrs)[0]!,
      oracle.convolve(x, wide, undefined, 0, true),
      1e-5,
      "5x5",
    );
    const strided = runKernel("FusedConv2D", { x, filter, bias }, { ...attrs, strides: [2, 2] })[0]!;
    expect(strided.shape).toEqual([1, 5, 4, 16]);
    const pooled = runKernel("MaxPool", { x }, { filterSize: [3, 3], strides: [1, 1], pad: "valid" })[0]!;
    expect(pooled.shape).toEqual([1, 10, 8, 8]);
    expect(() => runKernel("OvertileUpConv", { x, filter, bias }, {})).toThrow(/OvertileUpConv/);
  });

  it("an exhausted heap is a Problem, and nothing of the failed call is left over", async () => {
    await openKernels("simd");
    const backend = engine().backend as unknown as { wasm: { _malloc(bytes: number): number }; numDataIds(): number };
    const malloc = backend.wasm._malloc;
    const dy = randomBlock(expected.shape, random);
    const tensors = { x: toTensor(x), filter: toTensor(filter), dy: toTensor(dy) };
    const before = backend.numDataIds();
    for (let lasting = 0; lasting < 7; lasting++) {
      let left = lasting;
      backend.wasm._malloc = (bytes) => (left-- > 0 ? malloc(bytes) : 0);
      let caught: unknown;
      try {
        engine().runKernel("OvertileConvBackward", tensors, { pad: "valid", inputGradient: true } as never);
      } catch (error) {
        caught = error;
      } finally {
        backend.wasm._malloc = malloc;
      }
      expect(isProblem(caught, "OutOfMemory"), `malloc fails after ${lasting}`).toBe(true);
      expect(backend.numDataIds()).toBe(before);
    }
    for (const each of Object.values(tensors)) each.dispose();
  });

  it("works again on a fresh backend, after the old one was removed", async () => {
    const old = await openKernels("simd");
    const factory = findBackendFactory("wasm");
    removeBackend("wasm");
    registerBackend("wasm", factory, 2);
    await setBackend("wasm");
    // The old registration must not touch the new backend's memory: its kernels hand over to the stock ones.
    expectClose(runKernel("FusedConv2D", { x, filter, bias }, attrs)[0]!, expected, 1e-5, "handed over");
    const report = await openKernels("simd");
    expect(old).not.toBe(report);
    expectClose(runKernel("FusedConv2D", { x, filter, bias }, attrs)[0]!, expected, 1e-4, "fresh");
  });
});

describe("the filter cache", () => {
  let report: KernelReport;
  beforeAll(async () => {
    report = await openKernels("simd");
  });

  it("keeps a prepared filter until its tensor goes, and counts its bytes", () => {
    const tensors = { x: toTensor(x), filter: toTensor(filter), bias: toTensor(bias) };
    expect(report.filterCacheBytes()).toBe(0);
    const first = convolve(tensors);
    expect(report.filterCacheBytes()).toBe(preparedFilterBytes(8, 16));
    expect(convolve(tensors).data).toEqual(first.data);
    expect(report.filterCacheBytes()).toBe(preparedFilterBytes(8, 16));
    const alias = reshape(tensors.filter, [72, 16]);
    tensors.filter.dispose();
    expect(report.filterCacheBytes(), "another tensor still holds the data").toBe(preparedFilterBytes(8, 16));
    alias.dispose();
    expect(report.filterCacheBytes()).toBe(0);
    tensors.x.dispose();
    tensors.bias.dispose();
  });

  it("can be dropped, and switched off", () => {
    const tensors = { x: toTensor(x), filter: toTensor(filter), bias: toTensor(bias) };
    const first = convolve(tensors);
    report.dropFilterCache();
    expect(report.filterCacheBytes()).toBe(0);
    expect(convolve(tensors).data).toEqual(first.data);
    report.keepFilters(false);
    expect(report.filterCacheBytes()).toBe(0);
    expect(convolve(tensors).data).toEqual(first.data);
    expect(report.filterCacheBytes()).toBe(0);
    report.keepFilters(true);
    for (const each of Object.values(tensors)) each.dispose();
  });

  it("goes when the heap is exhausted, but for the filter in use: whichever allocation fails, the results are the same", () => {
    const { wasm } = engine().backend as unknown as { wasm: { _malloc(bytes: number): number } };
    const malloc = wasm._malloc;
    const put = (shape: readonly number[]): Tensor => toTensor(randomBlock(shape, random));
    const input = put([1, 12, 10, 8]);
    const calls = [
      { name: "FusedConv2D", inputs: { x: input, filter: put([3, 3, 8, 16]), bias: put([16]) }, attrs },
      { name: "FusedConv2D", inputs: { x: put([1, 9, 7, 1]), filter: put([3, 3, 1, 5]), bias: put([5]) }, attrs },
      { name: "FusedConv2D", inputs: { x: input, filter: put([1, 1, 8, 2]), bias: put([2]) }, attrs },
      { name: "OvertileUpConv", inputs: { x: input, filter: put([2, 2, 6, 8]), bias: put([6]) }, attrs: { activation: "relu" } },
    ];
    const run = ({ name, inputs, attrs: given }: (typeof calls)[number]): number[] => {
      const outputs = [engine().runKernel(name, inputs, given as never) as Tensor | Tensor[]].flat();
      const numbers = outputs.flatMap((output) => [...output.dataSync()]);
      for (const output of outputs) output.dispose();
      return numbers;
    };
    const first = calls.map(run);
    const own = calls.map((call) => {
      report.dropFilterCache();
      run(call);
      return report.filterCacheBytes();
    });
    calls.forEach(run);
    const whole = report.filterCacheBytes();
    for (const [i, call] of calls.entries()) {
      for (let failing = 0; ; failing++) {
        calls.forEach(run);
        expect(report.filterCacheBytes()).toBe(whole);
        let left = failing;
        wasm._malloc = (bytes) => (left-- === 0 ? 0 : malloc(bytes));
        try {
          expect(run(call)).toEqual(first[i]);
        } finally {
          wasm._malloc = malloc;
        }
        if (left >= 0) {
          expect(failing).toBeGreaterThan(1);
          break;
        }
        expect(report.filterCacheBytes(), "its own filter is left, and no other").toBe(own[i]);
      }
    }
    for (const { inputs } of calls) for (const each of Object.values(inputs)) each.dispose();
    expect(report.filterCacheBytes()).toBe(0);
  });

  it("of the paper's network takes about 452 MB for the 3x3 filters", () => {
    expect(filterCacheBytesFor(createSpec()) / 1e6).toBeGreaterThan(440);
    expect(filterCacheBytesFor(createSpec()) / 1e6).toBeLessThan(475);
  });

  it("nothing is left over after many calls, and the heap does not grow", () => {
    const before = memory().numTensors;
    const grown = (): number => (engine().backend as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.length;
    const dy = randomBlock(expected.shape, random);
    let size = 0;
    for (let i = 0; i < 300; i++) {
      runKernel("FusedConv2D", { x, filter, bias }, attrs);
      runKernel("OvertileConvBackward", { x, dy, filter, y: expected }, { pad: "valid", inputGradient: true });
      if (i === 20) size = grown();
    }
    expect(memory().numTensors).toBe(before);
    expect(grown()).toBe(size);
    expect(report.filterCacheBytes()).toBe(0);
    report.unregister();
    tensor([1]).dispose();
  });
});
