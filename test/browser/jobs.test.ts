// Jobs over the wire of the built bundle: cancelled in the middle, killed in the middle, two at once, stopped and kept, inputs
// handed over, problems whole, nothing left after dispose.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeModel } from "../../core/model/archive.ts";
import { writePng } from "../../core/source/write-png.ts";
import { writeZip } from "../../core/source/zip.ts";
import type { Context } from "../../plugin/contract.ts";
import type * as entry from "../../plugin/entry/entry.ts";
import { createModel } from "../core/model/sample-model.ts";
import { watchTasks } from "../support/watch-tasks.ts";
import { createStand, makeCells, type Sheet, type Stand, tiny } from "./support/stand.ts";

type Entry = typeof entry;
type Overtile = ReturnType<Entry["activate"]>;
type Pixels = { data: Uint8Array | Uint16Array; shape: number[] };

/** What `before` and `beforeEach` put into every page. */
declare const loadModule: (url: string) => Promise<unknown>;
declare const overtile: Overtile;
declare const image: Pixels;
declare const samples: { image: Pixels; labels: Pixels }[];
declare const workers: (Worker & { ended?: boolean })[];
declare const describeProblem: (error: unknown) => { kind: string; name: string; message: string; details: unknown; cause: string };

const before = `
  globalThis.workers = [];
  globalThis.Worker = class extends Worker {
    constructor(...given) { super(...given); workers.push(this); }
    terminate() { this.ended = true; super.terminate(); }
  };
  globalThis.describeProblem = (error) => ({ kind: error.kind, name: error.name, message: error.message, details: error.details, cause: error.cause?.message });
`;

let stand: Stand;
let url: string;
let sheet: Sheet;

beforeAll(async () => {
  stand = await createStand();
  ({ url } = await stand.serve());
});
afterAll(() => stand?.dispose());

/** Opens an empty page; the tests of a group share it. */
async function openPage(): Promise<void> {
  await sheet?.context.close();
  sheet = await stand.open(`${url}blank.html`, { before });
  await sheet.page.evaluate(
    async ({ address, cells: { side, image, labels } }) => {
      const { activate } = (await loadModule(address)) as Entry;
      const pixels = { data: Uint8Array.from(image), shape: [side, side] };
      const drawn = { data: Uint16Array.from(labels), shape: [side, side] };
      Object.assign(globalThis, { overtile: activate(), image: pixels, samples: [{ image: pixels, labels: drawn }], activate });
    },
    { address: `${url}overtile.mjs`, cells: makeCells(160) },
  );
}

// Steps of a tenth of a second or so: long enough to be in the middle of one.
const long = { features: 8, levels: 3, tile: 204, steps: 100000, validate: "0", workers: 1, seed: 1 } as const;

describe("cancel", () => {
  beforeAll(openPage);

  test("in the middle of a training, by its signal: within a second, with AbortError", async () => {
    const found = await sheet.page.evaluate(async (long) => {
      const controller = new AbortController();
      let told = 0;
      let began = 0;
      const onProgress = ({ kind }: { kind: string }) => {
        if (kind === "step" && ++told === 2) {
          // Somewhere inside of a step.
          setTimeout(() => {
            began = performance.now();
            controller.abort();
          }, 30);
        }
      };
      const error = await overtile.train(samples, long, { signal: controller.signal, onProgress }).catch((thrown: unknown) => thrown);
      return { name: (error as Error).name, after: performance.now() - began, told };
    }, long);
    expect(found.name).toBe("AbortError");
    expect(found.after).toBeLessThan(1000);
  });

  test("in the middle of a segmentation, by the name of its job", async () => {
    const found = await sheet.page.evaluate(async (tiny) => {
      await overtile.train(samples, { ...tiny, levels: 3, features: 16, tile: 100, steps: 1, name: "wide" });
      const large = { data: new Uint8Array(1500 * 1500).map((_, i) => (i * 7919) % 251), shape: [1500, 1500] };
      let began = 0;
      let tiles = 0;
      const onProgress = ({ kind }: { kind: string }) => {
        if (kind !== "tile" || ++tiles > 1) return;
        began = performance.now();
        overtile.cancel("another");
        overtile.cancel("mine");
      };
      const error = await overtile
        .segment(large, { model: "wide", tile: 204, workers: 1 }, { job: "mine", onProgress })
        .catch((thrown: unknown) => thrown);
      return {
        name: (error as Error).name,
        after: performance.now() - began,
        again: (await overtile.segment(image, { model: "wide" })).objects,
      };
    }, tiny);
    expect(found.name).toBe("AbortError");
    expect(found.after).toBeLessThan(1000);
    expect(found.again, "the next job runs").toBeGreaterThanOrEqual(0);
  });

  test("of a download that does not come: within a second, and its name is free again", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((done) => silent.listen(0, "127.0.0.1", done));
    const address = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/model.zip`;
    const found = await sheet.page.evaluate(
      async ({ address, tiny }) => {
        await overtile.models.list();
        const cancelAfter = async (job: Promise<unknown>): Promise<{ name: string; after: number }> => {
          await new Promise((resolve) => setTimeout(resolve, 300));
          const began = performance.now();
          overtile.cancel();
          const { name } = (await job.catch((thrown: unknown) => thrown)) as Error;
          return { name, after: performance.now() - began };
        };
        const segmenting = await cancelAfter(overtile.segment(image, { model: address }));
        const training = await cancelAfter(overtile.train(samples, { ...tiny, name: "again", from: address }));
        return { segmenting, training, model: (await overtile.train(samples, { ...tiny, name: "again" })).model };
      },
      { address, tiny },
    );
    silent.closeAllConnections();
    silent.close();
    for (const { name, after } of [found.segmenting, found.training]) {
      expect(name).toBe("AbortError");
      expect(after).toBeLessThan(1000);
    }
    expect(found.model).toBe("again@1");
  });

  test("stop keeps what was learnt", async () => {
    const found = await sheet.page.evaluate(async (long) => {
      const before = (await overtile.models.list()).map(({ name }) => name);
      const stop = new AbortController();
      const onProgress = ({ kind, done }: { kind: string; done: number }) => void (kind === "step" && done === 2 && stop.abort());
      const { ended, curve, archive, parameters } = await overtile.train(
        samples,
        { ...long, name: "stopped" },
        { stop: stop.signal, onProgress },
      );
      return {
        ended,
        steps: curve.length,
        bytes: archive.size,
        at: parameters["stop_at"],
        models: (await overtile.models.list()).map(({ name }) => name).filter((name) => !before.includes(name)),
      };
    }, long);
    expect(found.ended).toBe("stopped");
    expect(found.steps).toBeLessThan(10);
    expect(found.at).toBe(found.steps);
    expect(found.bytes).toBeGreaterThan(1000);
    expect(found.models).toEqual(["stopped"]);
  });

  test("a training that was ended goes on with the pixels that it was begun with only", async () => {
    const found = await sheet.page.evaluate(async (tiny) => {
      const values = { ...tiny, name: "half" };
      await overtile.train(samples, { ...values, stop_at: 2 });
      const other = samples.map((sample) => ({ ...sample, image: { ...image, data: image.data.map((value) => 255 - value) } }));
      const refused = await overtile.train(other as never, { ...values, resume: true }).catch(describeProblem);
      return { refused, ended: (await overtile.train(samples, { ...values, resume: true })).parameters["stop_at"] };
    }, tiny);
    expect(found.refused).toMatchObject({
      kind: "InvalidParameter",
      message: expect.stringContaining("different are the pixels or drawings of sample 1."),
    });
    expect(found.ended).toBe(4);
  });
});

test("what a job fetches is told as it comes: models, datasets, imports", async () => {
  const png = async (data: Uint8Array): Promise<Uint8Array> => writePng({ height: 48, width: 48, channels: 1, data });
  const cells = makeCells(48);
  const dataset = writeZip([
    { name: "images/a.png", data: await png(Uint8Array.from(cells.image)) },
    { name: "labels/a.png", data: await png(Uint8Array.from(cells.labels)) },
  ]);
  const files = new Map([
    ["/cells.zip", await writeModel({ ...createModel({ levels: 1, features: 4 }), name: "cells" })],
    ["/data.zip", dataset],
  ]);
  const server = createServer((request, response) => {
    const bytes = files.get(new URL(request.url!, "http://a").pathname)!;
    response.writeHead(200, { "content-length": bytes.length, "access-control-allow-origin": "*" });
    response.write(bytes.subarray(0, 100));
    setTimeout(() => response.end(bytes.subarray(100)), 50);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const at = (path: string): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const found = await sheet.page.evaluate(
    async ({ model, data, tiny }) => {
      const told: Record<string, { name: string; done: number; total?: number | undefined }[]> = {};
      const following = (job: string) => ({
        job,
        onProgress(progress: Parameters<NonNullable<Context["onProgress"]>>[0]) {
          if (progress.kind !== "phase" || !progress.name.startsWith("downloading")) return;
          told[job] = [...(told[job] ?? []), { name: progress.name, done: progress.done, total: progress.total }];
        },
      });
      const { name } = await overtile.models.import(`${model}?token=1`, undefined, following("import"));
      await overtile.segment(image, { model }, following("segment"));
      await overtile.segment(image, { model: "nuclei-fluorescence" }, following("starter"));
      await overtile.train([], { ...tiny, name: "fetched", dataset: data, from: model }, following("train"));
      return { told, name };
    },
    { model: at("/cells.zip"), data: at("/data.zip"), tiny: { tile: 44, steps: 1, seed: 1, validate: "0" } },
  );
  server.close();
  expect(found.name).toBe("cells");
  const sizes = [...files.values()].map(({ length }) => length);
  expect(found.told["starter"]!.at(-1)!.name).toMatch(/^downloading nuclei-fluorescence\.zip: \d\.\d( of \d\.\d)? MB$/);
  expect(found.told["import"]).toContainEqual({
    name: expect.stringMatching(/^downloading cells\.zip: 0\.0 of 0\.\d MB$/),
    done: 100,
    total: sizes[0],
  });
  expect(found.told["segment"]!.at(-1)).toMatchObject({ done: sizes[0], total: sizes[0] });
  expect(found.told["train"]!.map(({ name }) => name.split(":")[0])).toEqual(
    expect.arrayContaining(["downloading data.zip", "downloading cells.zip"]),
  );
});

test("the page is never busy for a tenth of a second while a training runs", async () => {
  await openPage();
  const endTasks = await watchTasks(stand, sheet);
  await sheet.page.evaluate(async (long) => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 1500);
    await overtile.train(samples, { ...long, name: "watched" }, { stop: stop.signal, onProgress: () => {} });
  }, long);
  // The thread's own time: other work on the machine stretches the clock's.
  expect((await endTasks()).cpuMs).toBeLessThan(100);
});

describe("a worker that is killed", () => {
  beforeAll(openPage);

  test("rejects what is pending with WorkerLost, and is replaced; models are still there", async () => {
    const found = await sheet.page.evaluate(
      async ({ tiny, long }) => {
        await overtile.train(samples, { ...tiny, name: "kept" });
        const onProgress = ({ kind, done }: { kind: string; done: number }) => {
          if (kind === "step" && done === 1) workers[0]!.terminate();
        };
        const began = performance.now();
        const problem = describeProblem(
          await overtile.train(samples, { ...long, name: "lost" }, { onProgress }).catch((thrown: unknown) => thrown),
        );
        const { backend } = await overtile.segment(image, { model: "kept" });
        return { problem, backend, started: workers.length, seconds: (performance.now() - began) / 1000 };
      },
      { tiny, long },
    );
    expect(found.problem.kind).toBe("WorkerLost");
    expect(found.problem.message).toMatch(/must stay alive; it ended/);
    expect(found.backend).toContain("wasm (");
    expect(found.started).toBe(2);
  });
});

describe("several jobs", () => {
  beforeAll(openPage);

  test("two at once end as one after the other does", async () => {
    const found = await sheet.page.evaluate(async (tiny) => {
      await overtile.train(samples, { ...tiny, name: "one" });
      const alone = await overtile.segment(image, { model: "one" });
      const jobs = new Set<string>();
      const onProgress = ({ job }: { job: string }) => void jobs.add(job);
      const [a, b] = await Promise.all([
        overtile.segment(image, { model: "one" }, { onProgress }),
        overtile.train(samples, { ...tiny, name: "two" }, { onProgress }),
      ]);
      const [again] = await Promise.all([
        overtile.train(samples, { ...tiny, name: "three" }),
        overtile.train(samples, { ...tiny, name: "four" }),
      ]);
      return {
        jobs: jobs.size,
        same: [...a.labels!.data].join() === [...alone.labels!.data].join(),
        loss: b.curve.at(-1)!.loss,
        expected: again.curve.at(-1)!.loss,
      };
    }, tiny);
    expect(found.jobs).toBe(2);
    expect(found.same).toBe(true);
    expect(found.loss).toBe(found.expected);
  });

  test("one name is trained once at a time, in all tabs of an origin; another tab takes over when it is free", async () => {
    const other = await sheet.context.newPage();
    await other.goto(`${url}blank.html`);
    await sheet.page.evaluate((long) => {
      const controller = new AbortController();
      const running = overtile
        .train(
          samples,
          { ...long, name: "shared" },
          { signal: controller.signal, onProgress: ({ kind }) => void (kind === "step" && Object.assign(globalThis, { isRunning: true })) },
        )
        .catch(() => {});
      Object.assign(globalThis, { controller, running });
    }, long);
    await sheet.page.waitForFunction(() => "isRunning" in globalThis);
    const train = (): Promise<string> =>
      other.evaluate(
        async ({ address, tiny, cells: { side, image, labels } }) => {
          const { activate } = (await loadModule(address)) as Entry;
          const own = activate();
          const sample = {
            image: { data: Uint8Array.from(image), shape: [side, side] },
            labels: { data: Uint16Array.from(labels), shape: [side, side] },
          };
          return own.train([sample], { ...tiny, name: "shared" }).then(
            ({ ended }) => ended,
            (error: { kind: string; message: string }) => `${error.kind}: ${error.message}`,
          );
        },
        { address: `${url}overtile.mjs`, tiny, cells: makeCells(48) },
      );
    expect(await train()).toMatch(/^StorageUnavailable: .*already/);
    await sheet.page.close();
    expect(await train()).toBe("steps");
  });
});

describe("values", () => {
  beforeAll(openPage);

  test("inputs are handed over when asked, views cross without their buffer, and problems cross whole", async () => {
    const found = await sheet.page.evaluate(async (tiny) => {
      await overtile.train(samples, { ...tiny, name: "t" });
      const buffer = new ArrayBuffer(1e7);
      const view = new Uint8Array(buffer, 100, 48 * 48).fill(7);
      const ofView = await overtile.segment({ data: view, shape: [48, 48] }, { model: "t" });
      const given = { data: new Uint8Array(48 * 48), shape: [48, 48] };
      await overtile.segment(given, { model: "t" }, { transfer: true });
      const wrong = [
        await overtile.segment(image, { modl: "t" }).catch((thrown: unknown) => thrown),
        await overtile.segment(image, { model: "tt" }).catch((thrown: unknown) => thrown),
        await overtile.segment({ data: new BigInt64Array(4), shape: [2, 2] } as never, { model: "t" }).catch((thrown: unknown) => thrown),
        await overtile.segment({ data: new Uint8Array(0), shape: [0, 5] }, { model: "t" }).catch((thrown: unknown) => thrown),
        await overtile.segment("nowhere.png", { model: "t" }).catch((thrown: unknown) => thrown),
        await overtile.models.import(new Blob(["not a zip"])).catch((thrown: unknown) => thrown),
        await overtile.train([], {}).catch((thrown: unknown) => thrown),
        await overtile.train(samples, { name: "a=[b]" }).catch((thrown: unknown) => thrown),
        await overtile.train(samples, { tile: 45, levels: 1 }).catch((thrown: unknown) => thrown),
      ].map(describeProblem);
      return { view: ofView.labels!.shape, whole: view.length, left: given.data.length, wrong };
    }, tiny);
    expect(found).toMatchObject({ view: [48, 48], whole: 48 * 48, left: 0 });
    expect(found.wrong.map(({ kind }) => kind)).toEqual([
      "InvalidParameter",
      "InvalidParameter",
      "InvalidData",
      "InvalidData",
      "MissingFile",
      "InvalidModel",
      "InvalidData",
      "InvalidParameter",
      "InvalidParameter",
    ]);
    expect(found.wrong[0]).toMatchObject({ name: "Problem", details: { parameter: "modl", nearest: ["model"] } });
    for (const { message } of found.wrong) expect(message).toMatch(/\. \S/);
  });

  test("models are listed, exported, imported, renamed and removed", async () => {
    const found = await sheet.page.evaluate(async (tiny) => {
      const before = (await overtile.models.list()).map(({ name }) => name);
      await overtile.train(samples, { ...tiny, name: "first" });
      await overtile.train(samples, { ...tiny, name: "first" });
      const archive = await overtile.models.export("first@1");
      const imported = await overtile.models.import(archive, "copy");
      const renamed = await overtile.models.rename("copy", "second");
      await overtile.models.remove("first@1");
      const models = (await overtile.models.list()).filter(({ name }) => !before.includes(name));
      const left = models.map(({ name, version }) => `${name}@${version}`);
      return { bytes: archive.size, imported: imported.name, renamed: renamed.name, left };
    }, tiny);
    expect(found).toMatchObject({ imported: "copy", renamed: "second", left: ["first@2", "second@1"] });
  });

  const rounds = process.env["OVERTILE_LONG"] ? 50 : 10;
  test(`opening and disposing ${rounds} times leaves no worker`, async () => {
    const found = await sheet.page.evaluate(async (rounds) => {
      const { activate } = globalThis as unknown as Entry;
      for (let i = 0; i < rounds; i++) {
        const one = activate();
        if (i % 5 === 0) await one.models.list();
        one.dispose();
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
      return { started: workers.length, alive: workers.filter(({ ended }) => !ended).length };
    }, rounds);
    expect(found.alive).toBe(1);
  });
});
