// The page's side of Overtile: hands every call to the job worker and follows it. Nothing is computed here. A worker that died
// is replaced with the next call; what was pending on it is rejected.

import type { Host, Image, Models, Overtile, Pixels, Sample } from "./contract.ts";
import { describePage } from "./job/describe-page.ts";
import { packImage, packSample, resolveAddress } from "./job/inputs.ts";
import { createJobClient, type JobClient } from "./job/job-client.ts";
import { type JobWorker, openJobWorker } from "./job/job-worker.ts";
import type { Bundle } from "./thread/bundle.ts";

/** Opens the plugin for one caller. */
export function createOvertile(bundle: Bundle, host?: Host): Overtile {
  const worker = openJobWorker(bundle);
  const { run, cancel } = createJobClient(worker);
  const findImage = (image: Image): Image =>
    (typeof image === "string" ? host?.images.find(({ title }) => title === image)?.image : undefined) ?? image;

  return {
    segment: (image, parameters = {}, context = {}) =>
      run(parameters, context, (packing) => {
        const packed = packImage(findImage(image), packing);
        return (api, order) => api.segment(packed, order);
      }),
    objectsFrom: (probability, rule = {}, context = {}) =>
      run({}, context, (packing) => {
        const packed = packImage(probability, packing) as Pixels;
        return (api, order) => api.objectsFrom(packed, rule, order);
      }),
    exportSlide: (folder, { image, ...what }, file, context = {}) =>
      run({}, context, (packing) => {
        const packed = image === undefined ? what : { ...what, image: packImage(findImage(image), packing) };
        return (api, order) => api.exportSlide(folder, packed, file, order);
      }),
    // Without samples the parameter "dataset" says what to learn.
    train: (samples = [], parameters = {}, context = {}) =>
      run(parameters, context, (packing) => {
        const packed = isSamples(samples) ? samples.map((sample) => packSample(sample, packing)) : packImage(samples, packing);
        return (api, order) => api.train(packed, order);
      }),
    evaluate: (predicted, truth, parameters = {}, context = {}) =>
      run(parameters, context, (packing) => {
        const found = packImage(findImage(predicted), packing);
        const wanted = packImage(findImage(truth), packing);
        return (api, order) => api.evaluate(found, wanted, order);
      }),
    models: createModels(worker, run),
    diagnostics: async () => {
      const page = describePage(bundle);
      try {
        return `${page}\n${await worker.ask((api) => api.diagnose())}`;
      } catch (error) {
        return `${page}\nworker: failed: ${String(error)}`;
      }
    },
    cancel,
    dispose() {
      cancel();
      worker.dispose();
    },
  };
}

function isSamples(samples: readonly Sample[] | Image): samples is readonly Sample[] {
  return Array.isArray(samples);
}

function createModels(worker: JobWorker, run: JobClient["run"]): Models {
  return {
    list: () => worker.ask((api) => api.listModels()),
    import: (archive, name, context = {}) =>
      run({}, context, ({ base }) => {
        const from = archive instanceof Blob ? archive : resolveAddress(archive, base);
        return (api, order) => api.importModel(from, name, order);
      }),
    export: (model) => worker.ask((api) => api.exportModel(model)),
    rename: (model, name) => worker.ask((api) => api.renameModel(model, name)),
    remove: (model) => worker.ask((api) => api.removeModel(model)),
  };
}
