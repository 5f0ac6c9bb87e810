// A plugin that computes next to nothing, with the shape of a real one: its training tells steps, validations and a preview,
// its segmentation thresholds. It stands in where a test is about the viewer, not about the network.

/** The contract's `activate`. */
export async function activate() {
  const models = [];
  // By name: the newest version; by name@version that one.
  const find = (reference) => {
    const found = models.find(({ name, version }) => reference === name || reference === `${name}@${version}`);
    if (!found) throw new Error(`there is no ${reference}`);
    return found;
  };
  const load = async (image) => {
    if (image?.data) return { data: image.data, height: image.shape[0], width: image.shape[1] };
    // The project's own reader, which the tests put beside this file.
    const { openSource } = await import("./open.mjs");
    const source = await openSource(typeof image === "string" ? new URL(image) : image);
    const { width, height } = source;
    const { data } = await source.read({ y0: 0, x0: 0, y1: height, x1: width, channels: [0] });
    return { data, height, width };
  };
  const sleep = (ms, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const timer = setTimeout(resolve, ms);
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    });
  return {
    async train(samples, parameters = {}, { signal, stop, onProgress, view, job = "" } = {}) {
      globalThis.lastSamples = samples;
      const steps = parameters.steps ?? 40;
      const curve = [];
      for (let step = 1; step <= steps; step++) {
        if (stop?.aborted) break;
        await sleep(parameters.delay ?? 15, signal);
        const loss = 0.7 * Math.exp(-step / 15) + 0.05 + 0.03 * Math.sin(step * 7);
        curve.push({ step, loss });
        onProgress?.({ job, kind: "step", done: step, total: steps, loss, learningRate: 0.001, secondsLeft: ((steps - step) * 15) / 1000 });
        if (step % 10 === 0) {
          const f1 = 1 - Math.exp(-step / 20);
          onProgress?.({ job, kind: "validation", done: step, total: steps, scores: { f1, loss: loss + 0.05 }, best: true });
          const seen = view?.();
          if (seen) {
            // A disc that grows in the middle of what is looked at.
            const { x0, y0 } = { x0: Math.round(seen.box.x0), y0: Math.round(seen.box.y0) };
            const [width, height] = [Math.floor(seen.box.x1) - x0, Math.floor(seen.box.y1) - y0];
            const isInside = (i) => Math.hypot((i % width) - width / 2, Math.floor(i / width) - height / 2) < step;
            const classes = Uint8Array.from({ length: width * height }, (_, i) => (isInside(i) ? 1 : 0));
            const box = { y0, x0, y1: y0 + height, x1: x0 + width };
            onProgress?.({ job, kind: "preview", done: step, total: steps, image: seen.image, box, classes });
          }
        }
      }
      const version = models.filter(({ name }) => name === "my cells").length + 1;
      const learntFrom = Array.isArray(samples) ? samples.map(({ name }) => name) : [];
      models.unshift({
        name: "my cells",
        version,
        description: "",
        created: "2026-11-22",
        bytes: 1000,
        channels: 1,
        classes: ["background", "cell"],
        learntFrom,
      });
      return {
        model: `my cells@${version}`,
        archive: new Blob(["model"]),
        scores: { f1: 0.9 },
        curve,
        ended: "steps",
        parameters: { steps },
        backend: "fake",
      };
    },
    async segment(image, parameters = {}, { signal, onProgress, job = "" } = {}) {
      globalThis.lastParameters = parameters;
      const { data, height, width } = await load(image);
      const labels = new Uint32Array(width * height);
      const threshold = parameters.threshold ?? 70;
      // Nothing is above the largest.
      const bar = threshold === 255 ? 256 : threshold;
      let count = 0;
      for (let tile = 1; tile <= 4; tile++) {
        await sleep(parameters.delay ?? 10, signal);
        const box = { y0: Math.floor((height * (tile - 1)) / 4), x0: 0, y1: Math.floor((height * tile) / 4), x1: width };
        const classes = Uint8Array.from(data.slice(box.y0 * width, box.y1 * width), (value) => (value < bar ? 0 : 1));
        onProgress?.({ job, kind: "preview", done: tile - 1, total: 4, image: 0, box, classes });
        onProgress?.({ job, kind: "tile", done: tile, total: 4 });
      }
      const stack = [];
      for (let i = 0; i < data.length; i++) {
        if (data[i] < bar || labels[i]) continue;
        count++;
        labels[i] = count;
        stack.push(i);
        while (stack.length > 0) {
          const at = stack.pop();
          const x = at % width;
          for (const next of [x > 0 ? at - 1 : -1, x + 1 < width ? at + 1 : -1, at - width, at + width]) {
            if (next < 0 || next >= data.length || labels[next] || data[next] < bar) continue;
            labels[next] = count;
            stack.push(next);
          }
        }
      }
      return {
        labels: { data: labels, shape: [height, width], axes: "yx" },
        objects: count,
        ...(count === 0 && { nothing: `Nothing was found above ${threshold}. Lower the threshold.` }),
        model: "my cells@1",
        parameters: { threshold, workers: 2 },
        backend: "wasm (fake kernels)",
      };
    },
    async evaluate(predicted, _, { onProgress, job = "" } = {}) {
      onProgress?.({ job, kind: "notice", done: 0, message: `${predicted} holds 0 and 255 only.` });
      return { f1: 1 };
    },
    models: {
      list: async () => [...models],
      async import(archive, name = "imported") {
        models.unshift({
          name,
          version: 1,
          description: "",
          created: "2026-11-22",
          bytes: archive.size ?? 0,
          channels: 1,
          classes: ["background", "cell"],
          learntFrom: [],
        });
        return models[0];
      },
      export: async () => new Blob(["model"], { type: "application/zip" }),
      async rename(model, name) {
        const [found] = models.splice(models.indexOf(find(model)), 1);
        const version = models.filter((other) => other.name === name).length + 1;
        models.unshift({ ...found, name, version });
        return models[0];
      },
      async remove(model) {
        models.splice(models.indexOf(find(model)), 1);
      },
    },
    diagnostics: async () => "fake backend: chosen, nothing else was tried",
    cancel() {},
    dispose() {},
  };
}
