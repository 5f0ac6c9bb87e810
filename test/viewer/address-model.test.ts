// A model that an address asks for: fetched as a job, with progress and a way to cancel, before the plugin gets it. No browser.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createJobQueue } from "../../host/jobs.ts";
import type { App } from "../../viewer/app.ts";
import { createLearningActions } from "../../viewer/command/learning-actions.ts";

let server: Server;
let isWhole = true;
const address = (): URL => new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/cells.zip`);
beforeAll(async () => {
  server = createServer((_, response) => {
    response.writeHead(200, { "content-length": 10 }).write("half ");
    if (isWhole) response.end("whole");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function makeActions() {
  const jobs = createJobQueue();
  const imported: Promise<string>[] = [];
  const models = { import: async (archive: Blob) => imported.push(archive.text()) && { name: "cells" } };
  const app = {
    host: { jobs },
    library: { settled: async () => {}, models: () => models },
    training: { refreshModels: async () => {}, model: { value: "" } },
    workspace: { status: { value: undefined } },
  };
  return {
    jobs,
    imported,
    actions: createLearningActions(
      app as never as App,
      async (work) => void work(),
      () => undefined,
    ),
  };
}

test("comes whole, with its bytes told as progress", async () => {
  const { jobs, imported, actions } = makeActions();
  isWhole = true;
  const told = new Set<string>();
  jobs.on("jobs", () => {
    for (const { title, progress } of jobs.list)
      if (progress?.kind === "phase") told.add(`${title}: ${progress.done} of ${progress.total}`);
  });
  await actions.importArchive(address());
  expect(await Promise.all(imported)).toEqual(["half whole"]);
  expect(told).toContain("Downloading cells.zip: 10 of 10");
});

test("that stalls is cancelled like any job, and nothing is imported", async () => {
  const { jobs, imported, actions } = makeActions();
  isWhole = false;
  jobs.on("jobs", () => {
    if (jobs.list.some(({ progress }) => progress)) jobs.cancel();
  });
  await expect(actions.importArchive(address())).rejects.toMatchObject({ name: "AbortError" });
  expect(imported).toEqual([]);
});
