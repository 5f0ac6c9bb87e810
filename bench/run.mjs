// Peers side by side in one run, on the same network: our kernels in both builds, stock tfjs-wasm, onnxruntime-web and -node, and
// native PyTorch where it is installed. One thread each, in processes of their own that take turns; medians.
//   npm run bench -- [--features 16,64] [--tile 572] [--rounds 3] [--peers relaxed,simd,...] [--tasks forward] [--json build/bench.json] [--layers]
// A peer that is missing or fails is named in the table. Stock tfjs makes one step only, and none at 64 features (minutes).

import { execFile, fork } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { build } from "esbuild";
import { buildKernel } from "../tools/build-kernel.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const allPeers = ["relaxed", "simd", "stock", "onnxruntime-web", "onnxruntime-node", "pytorch"];
const { values } = parseArgs({
  options: {
    features: { type: "string", default: "16,64" },
    tile: { type: "string", default: "572" },
    rounds: { type: "string", default: "3" },
    peers: { type: "string", default: allPeers.join(",") },
    tasks: { type: "string", default: "peak,forward,step" },
    json: { type: "string", default: join(root, "build/bench.json") },
    layers: { type: "boolean", default: false },
  },
});

await buildKernel({ ifNeeded: true });
const bundled = join(root, "build/bench-peer.mjs");
await build({
  stdin: {
    contents:
      'export { servePeer } from "./peer.ts";\nexport { benchKernels } from "./kernels.ts";\nexport { countMultiplyAdds } from "../core/unet/cost.ts";\nexport { createSpec } from "../core/unet/spec.ts";\nif (process.send) { const { servePeer } = await import("./peer.ts"); await servePeer(process.argv.slice(2)); }',
    resolveDir: join(root, "bench"),
    loader: "ts",
  },
  outfile: bundled,
  bundle: true,
  packages: "external",
  platform: "node",
  format: "esm",
  logLevel: "error",
});
const { benchKernels, countMultiplyAdds, createSpec } = await import(bundled);

const tile = Number(values.tile);
const rounds = Number(values.rounds);
const results = [];
for (const features of values.features.split(",").map(Number)) {
  const gigaMultiplyAdds = countMultiplyAdds(createSpec({ features }), tile) / 1e9;
  const wanted = values.peers.split(",");
  const peers = (await Promise.all(wanted.filter((kind) => kind !== "pytorch").map((kind) => startPeer(kind, features)))).filter(Boolean);
  const samples = new Map(wanted.map((kind) => [kind, { kind, title: kind, forward: [], step: [], peak: [], bytes: 0, heap: 0 }]));
  for (let round = 0; round <= rounds; round++) {
    for (const peer of peers) {
      const sample = samples.get(peer.kind);
      for (const task of tasksOf(peer.kind, features, round)) {
        const answer = await peer.ask(task);
        sample.title = answer.title;
        sample.bytes = Math.max(sample.bytes, answer.bytes);
        sample.heap = Math.max(sample.heap, answer.heapBytes ?? 0);
        if (answer.problem) sample.problem = answer.problem;
        // The first round warms up: compilers, packed weights. A stock step is too long to warm up.
        else if (task === "peak") sample.peak.push(answer.peak);
        else if (round > 0 || (task === "step" && peer.kind === "stock")) sample[task].push(answer.seconds);
      }
    }
  }
  for (const peer of peers) peer.end();
  if (wanted.includes("pytorch")) Object.assign(samples.get("pytorch"), await runTorch(features));
  const rows = [...samples.values()].map(({ kind, title, forward, step, peak, bytes, heap, problem }) => ({
    kind,
    title,
    forwardSeconds: median(forward),
    stepSeconds: median(step),
    forwardGmacPerSecond: gigaMultiplyAdds / median(forward),
    productPeak: peak.length > 0 ? Math.max(...peak) : undefined,
    peakMemoryBytes: bytes || undefined,
    wasmHeapBytes: heap || undefined,
    problem,
  }));
  results.push({ features, tile, gigaMultiplyAdds, rows });
  print(features, gigaMultiplyAdds, rows);
  if (values.layers) {
    await benchKernels({
      features,
      tile,
      repeats: rounds,
      best: false,
      builds: ["relaxed-simd", "simd"],
      stock: true,
      kept: false,
      only: "",
    });
  }
}
mkdirSync(dirname(values.json), { recursive: true });
const machine = { cpu: cpus()[0]?.model, cores: availableParallelism(), node: process.version };
writeFileSync(values.json, `${JSON.stringify({ date: new Date().toISOString(), machine, threads: 1, rounds, results }, null, 2)}\n`);
console.log(`\nWritten to ${values.json}`);

function tasksOf(kind, features, round) {
  const wanted = values.tasks.split(",");
  return possibleTasks(kind, features, round).filter((task) => wanted.includes(task));
}

function possibleTasks(kind, features, round) {
  if (kind.startsWith("onnxruntime")) return ["forward"];
  if (kind === "stock") return features <= 16 && round === 0 ? ["forward", "step"] : ["forward"];
  return ["peak", "forward", "step"];
}

/** A peer's process, ready for tasks; undefined, and said so, when it cannot start. */
async function startPeer(kind, features) {
  const child = fork(bundled, [kind, String(features), String(tile)], { execArgv: ["--max-old-space-size=8192"] });
  const next = () =>
    new Promise((resolve) => {
      const done = (answer) => {
        child.off("message", done);
        child.off("exit", lost);
        resolve(answer);
      };
      const lost = (code) => done({ title: kind, bytes: 0, problem: `its process ended (${code})` });
      child.on("message", done);
      child.on("exit", lost);
    });
  const ready = await next();
  if (ready.problem) {
    console.log(`${kind}: skipped. ${ready.problem}`);
    child.kill();
    return undefined;
  }
  return {
    kind,
    ask(task) {
      const answer = next();
      child.send({ task });
      return answer;
    },
    end: () => child.kill(),
  };
}

/** Native PyTorch by the reference script beside the data folder; skipped by name where either is missing. */
async function runTorch(features) {
  const folders = [process.env.OVERTILE_DATA, process.env.OVERTILE_DATA && join(process.env.OVERTILE_DATA, ".."), join(root, "../shared")];
  const script = folders
    .filter(Boolean)
    .map((folder) => join(folder, "reference/bench_torch.py"))
    .find((path) => existsSync(path));
  if (script === undefined) return { problem: "bench_torch.py was not found (OVERTILE_DATA)" };
  try {
    const { stdout } = await promisify(execFile)("/usr/bin/python3", ["-B", script, String(features), String(tile), "1"]);
    const { engine, forwardSeconds, stepSeconds } = JSON.parse(stdout.trim().split("\n").at(-1));
    return { title: engine, forward: [forwardSeconds], step: [stepSeconds] };
  } catch (error) {
    return {
      problem: String(error.stderr ?? error)
        .split("\n")
        .filter(Boolean)
        .at(-1),
    };
  }
}

function median(values) {
  if (values.length === 0) return undefined;
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

function print(features, gigaMultiplyAdds, rows) {
  const baseOf = (kind) => rows.find((row) => row.kind === kind);
  const web = baseOf("onnxruntime-web")?.forwardSeconds;
  const stock = baseOf("stock")?.forwardSeconds;
  const torch = baseOf("pytorch")?.stepSeconds;
  const number = (value, digits, unit) => (value === undefined || Number.isNaN(value) ? "-" : `${value.toFixed(digits)}${unit}`);
  const ratio = (of, by) => (of === undefined || by === undefined ? "-" : `${(of / by).toFixed(2)}x`);
  console.log(`\nfeatures ${features}, tile ${tile}, ${gigaMultiplyAdds.toFixed(1)} GMAC forward, one thread, median of ${rounds}`);
  const header = [
    "peer",
    "forward",
    "GMAC/s",
    "of peak",
    "vs ort-web",
    "vs stock",
    "step",
    "step/fwd",
    "step vs torch",
    "memory",
    "wasm heap",
  ];
  const table = rows.map((row) =>
    row.problem
      ? [row.title, `skipped: ${row.problem}`]
      : [
          row.title,
          number(row.forwardSeconds, 3, " s"),
          number(row.forwardGmacPerSecond, 1, ""),
          row.productPeak ? number((100 * row.forwardGmacPerSecond) / row.productPeak, 0, " %") : "-",
          ratio(web, row.forwardSeconds),
          ratio(stock, row.forwardSeconds),
          number(row.stepSeconds, 3, " s"),
          ratio(row.stepSeconds, row.forwardSeconds),
          ratio(row.stepSeconds, torch),
          ...[row.peakMemoryBytes, row.wasmHeapBytes].map((bytes) => (bytes ? number(bytes / 2 ** 20, 0, " MiB") : "-")),
        ],
  );
  const widths = header.map((title, i) =>
    Math.max(title.length, ...table.map((line) => (line.length > 2 ? (line[i]?.length ?? 0) : 0)), i === 0 ? 26 : 0),
  );
  for (const line of [header, ...table])
    console.log(line.map((cell, i) => (i === 0 ? cell.padEnd(widths[0]) : cell.padStart(line.length > 2 ? widths[i] : 0))).join("  "));
}
