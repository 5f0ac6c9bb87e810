// Where the time of a forward and backward pass goes, layer by layer: our two builds and stock tfjs-wasm in one run, one thread.
//   node bench/kernels.mjs [--features 64] [--tile 572] [--repeats 3] [--stock] [--build relaxed-simd] [--kept] [--only conv]
// GMAC/s count the multiply-adds of the direct convolution, so Winograd may pass the peak, which is that of the bare product.
// The backward of a layer is two forwards' multiply-adds (one without an input gradient).

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import v8 from "node:v8";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { backend, engine, env, randomUniform, setBackend, type Tensor, type Tensor4D } from "@tensorflow/tfjs-core";
import { createKernelCalls } from "../core/kernel/records.ts";
import { type KernelBuild, registerKernels, unregisterKernels } from "../core/kernel/register.ts";
import { layerMultiplyAdds } from "../core/unet/cost.ts";
import { type ShapedLayer, shapeLayers } from "../core/unet/shape.ts";
import { createSpec } from "../core/unet/spec.ts";
import { kernelFile } from "../tools/build-kernel.mjs";

export interface KernelBenchOptions {
  readonly features: number;
  readonly tile: number;
  readonly repeats: number;
  /** Report the best of the repeats instead of the median: for tuning on a machine that others use. */
  readonly best: boolean;
  readonly builds: readonly KernelBuild[];
  readonly stock: boolean;
  /** Forward with filters prepared before (inference) instead of at each call (training). */
  readonly kept: boolean;
  readonly only: string;
}

interface Row {
  readonly name: string;
  readonly shape: string;
  readonly multiplyAdds: number;
  readonly seconds: Record<string, number>;
}

/** Runs the table, prints it, and returns its rows. */
export async function benchKernels(options: KernelBenchOptions): Promise<Row[]> {
  v8.setFlagsFromString("--experimental-wasm-relaxed-simd");
  env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  setWasmPaths(`${join(dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/package.json")), "dist")}/`);
  await setBackend("wasm");
  const layers = shapeLayers(createSpec({ features: options.features }), options.tile).filter(({ layer }) =>
    layer.name.includes(options.only),
  );
  const rows: Row[] = layers.map(({ layer, input, output }) => ({
    name: layer.name,
    shape: `${input.join("x")} -> ${output[2]}`,
    multiplyAdds: layerMultiplyAdds(layer, input, output),
    seconds: {},
  }));
  const peaks: string[] = [];
  for (const build of options.builds) {
    const report = await registerKernels({
      backend: backend(),
      bytes: { simd: readFileSync(kernelFile("simd")), relaxedSimd: readFileSync(kernelFile("relaxed-simd")) },
      build,
      keepFilters: options.kept,
    });
    if (!report.active) throw new Error(report.reason);
    peaks.push(`${build} ${(await measurePeak(build)).toFixed(1)}`);
    layers.forEach((shaped, i) => {
      const [forward, backward] = timeLayer(shaped, options, i === 0, true);
      rows[i]!.seconds[`${build} forward`] = forward;
      rows[i]!.seconds[`${build} backward`] = backward;
    });
    report.unregister();
  }
  unregisterKernels();
  if (options.stock) {
    layers.forEach((shaped, i) => {
      rows[i]!.seconds["stock forward"] = timeLayer(shaped, options, i === 0, false)[0];
    });
  }
  print(rows, peaks, options);
  return rows;
}

function time({ repeats, best }: KernelBenchOptions, run: () => Tensor | Tensor[]): number {
  const times: number[] = [];
  for (let i = 0; i <= repeats; i++) {
    const start = performance.now();
    const outputs = run();
    if (i > 0) times.push((performance.now() - start) / 1000);
    for (const output of Array.isArray(outputs) ? outputs : [outputs]) output.dispose();
  }
  times.sort((a, b) => a - b);
  return times[best ? 0 : times.length >> 1]!;
}

// Seconds of forward and backward of one layer.
function timeLayer({ layer, input, output }: ShapedLayer, options: KernelBenchOptions, first: boolean, ours: boolean): [number, number] {
  const run = (name: string, inputs: Record<string, Tensor>, attrs: object = {}) =>
    engine().runKernel(name, inputs, attrs as never) as Tensor | Tensor[];
  const made: Tensor[] = [];
  const random = (shape: readonly number[]): Tensor => {
    const tensor = randomUniform([...shape], -1, 1);
    made.push(tensor);
    return tensor;
  };
  try {
    const x = random([1, ...input]);
    const dy = random([1, ...output]);
    switch (layer.kind) {
      case "conv":
      case "head": {
        const filter = random(layer.filter.shape);
        const bias = random(layer.bias.shape);
        const relu = layer.kind === "conv";
        const attrs = { strides: [1, 1], pad: "valid", dilations: [1, 1], dataFormat: "NHWC", activation: relu ? "relu" : "linear" };
        const forward = time(options, () => run("FusedConv2D", { x, filter, bias }, attrs));
        const inputs = relu ? { x, dy, filter, y: dy } : { x, dy, filter };
        const backward = ours ? time(options, () => run("OvertileConvBackward", inputs, { pad: "valid", inputGradient: !first })) : 0;
        return [forward, backward];
      }
      case "upconv": {
        const filter = random(layer.filter.shape);
        const bias = random(layer.bias.shape);
        if (!ours) {
          const transposed = (): Tensor =>
            engine().runKernel("Conv2DBackpropInput", { dy: x as Tensor4D, filter }, {
              strides: [2, 2],
              pad: "valid",
              dataFormat: "NHWC",
              inputShape: [1, ...output],
            } as never) as Tensor;
          return [time(options, transposed), 0];
        }
        const forward = time(options, () => run("OvertileUpConv", { x, filter, bias }, { activation: "relu" }));
        return [forward, time(options, () => run("OvertileUpConvBackward", { x, dy, filter, y: dy }))];
      }
      case "pool": {
        const forward = time(options, () =>
          run("MaxPool", { x }, { filterSize: [2, 2], strides: [2, 2], pad: "valid", dimRoundingMode: null }),
        );
        return [forward, ours ? time(options, () => run("OvertileMaxPoolBackward", { x, dy })) : 0];
      }
      case "concat": {
        const skip = random([1, input[0] + 2 * layer.crop, input[1] + 2 * layer.crop, input[2]]);
        if (ours) return [time(options, () => run("OvertileCropConcat", { skip, x })), 0];
        const crop = { begin: [0, layer.crop, layer.crop, 0], size: [1, ...input] };
        return [
          time(options, () => {
            const cropped = run("Slice", { x: skip }, crop) as Tensor;
            const joined = engine().runKernel("Concat", [cropped, x] as never, { axis: 3 } as never) as Tensor;
            cropped.dispose();
            return joined;
          }),
          0,
        ];
      }
      default:
        return [0, 0];
    }
  } finally {
    for (const tensor of made) tensor.dispose();
  }
}

/** GMAC/s of the bare product with everything in the L1 cache. */
export async function measurePeak(build: KernelBuild): Promise<number> {
  const memory = new WebAssembly.Memory({ initial: 64 });
  const { instance } = await WebAssembly.instantiate(readFileSync(kernelFile(build)), { env: { memory } });
  const calls = createKernelCalls(instance, memory, 0);
  const at = { a: 65536, aRow: 1088, aStep: 0, b: 131072, bPanel: 8192, bStep: 0, c: 262144, cRow: 64, cStep: 0 };
  let best = 0;
  for (let i = 0; i < 100; i++) {
    const start = performance.now();
    calls.multiply({ ...at, batch: 2000, rows: 12, panels: 1, depth: 256, add: 0 });
    best = Math.max(best, (2000 * 12 * 8 * 256) / (performance.now() - start) / 1e6);
  }
  return best;
}

function print(rows: readonly Row[], peaks: readonly string[], { features, tile, kept }: KernelBenchOptions): void {
  const columns = Object.keys(rows[0]!.seconds);
  const cell = (seconds: number, multiplyAdds: number): string =>
    `${(seconds * 1000).toFixed(1).padStart(8)} ms ${multiplyAdds > 0 && seconds > 0 ? (multiplyAdds / seconds / 1e9).toFixed(1).padStart(6) : "      "}`;
  console.log(
    `features ${features}, tile ${tile}, filters ${kept ? "kept" : "prepared at each call"}; ms and GMAC/s; peak of the product, GMAC/s: ${peaks.join(", ")}`,
  );
  console.log(["layer".padEnd(8), "shape".padEnd(24), ...columns.map((column) => column.padStart(18))].join(" "));
  const factor = (column: string, i: number): number => (column.endsWith("backward") ? (i === 0 ? 1 : 2) : 1);
  rows.forEach((row, i) => {
    const cells = columns.map((column) => cell(row.seconds[column]!, row.multiplyAdds * factor(column, i)));
    console.log([row.name.padEnd(8), row.shape.padEnd(24), ...cells].join(" "));
  });
  const totals = columns.map((column) =>
    cell(
      rows.reduce((sum, row) => sum + row.seconds[column]!, 0),
      rows.reduce((sum, row, i) => sum + row.multiplyAdds * factor(column, i), 0),
    ),
  );
  console.log(["sum".padEnd(33), ...totals].join(" "));
}
