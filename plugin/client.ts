// The page's side of Overtile: hands every call to the job worker and follows it. Nothing is computed here. A worker that died
// is replaced with the next call; what was pending on it is rejected.

import type { Bundle } from "./bundle.ts";
import type { Host, Image, Models, Overtile, Pixels, Sample } from "./contract.ts";
import { describePage } from "./describe-page.ts";
import { packImage, packSample, resolveAddress } from "./inputs.ts";
import { createJobDesk, type JobDesk } from "./job-desk.ts";
import { type Office, openOffice } from "./office.ts";

/** Opens the plugin for one caller. */
export function createOvertile(bundle: Bundle, host?: Host): Overtile {
  const office = openOffice(bundle);
  const { run, cancel } = createJobDesk(office);
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
    models: createModels(office, run),
    diagnostics: async () => {
      const page = describePage(bundle);
      try {
        return `${page}\n${await office.ask((api) => api.diagnose())}`;
      } catch (error) {
        return `${page}\nworker: failed: ${String(error)}`;
      }
    },
    cancel,
    dispose() {
      cancel();
      office.dispose();
    },
  };
}

function isSamples(samples: readonly Sample[] | Image): samples is readonly Sample[] {
  return Array.isArray(samples);
}

function createModels(office: Office, run: JobDesk["run"]): Models {
  return {
    list: () => office.ask((api) => api.listModels()),
    import: (archive, name, context = {}) =>
      run({}, context, ({ base }) => {
        const from = archive instanceof Blob ? archive : resolveAddress(archive, base);
        return (api, order) => api.importModel(from, name, order);
      }),
    export: (model) => office.ask((api) => api.exportModel(model)),
    rename: (model, name) => office.ask((api) => api.renameModel(model, name)),
    remove: (model) => office.ask((api) => api.removeModel(model)),
  };
}
