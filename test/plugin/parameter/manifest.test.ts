// The manifest: in step with the table, valid for hosts, and with defaults that the plugin itself resolves to the same.

import { readFile } from "node:fs/promises";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { lookupHandlers } from "../../../host/commands.ts";
import { checkManifest } from "../../../host/manifest.ts";
import { manifestSchema } from "../../../host/manifest-schema.ts";
import { resolveParameters as resolveBySchema } from "../../../host/resolve-parameters.ts";
import { createManifest } from "../../../plugin/parameter/manifest.ts";
import { parametersOf, resolveParameters } from "../../../plugin/parameter/parameters.ts";
import { version } from "../../../plugin/version.ts";

const committed: unknown = JSON.parse(await readFile("manifest.json", "utf8"));

test("the committed manifest is what the table makes; else run npm run manifest", () => {
  expect(committed).toEqual(JSON.parse(JSON.stringify(createManifest({ folder: "dist/" }))));
});

test("the version is the package's", async () => {
  expect(version).toBe((JSON.parse(await readFile("package.json", "utf8")) as { version: string }).version);
});

test("it fits its own JSON Schema and every rule of a host", () => {
  const ajv = new Ajv2020({ strict: false });
  expect(ajv.validate(manifestSchema, committed), ajv.errorsText()).toBe(true);
  expect(() => checkManifest(committed)).not.toThrow();
  expect(() => checkManifest(createManifest({ files: [{ path: "a.mjs", bytes: 1, sha256: "0".repeat(64) }] }))).not.toThrow();
});

test("a host resolves parameters to what the plugin resolves them to", () => {
  const manifest = checkManifest(committed);
  for (const role of ["segment", "train"] as const) {
    const { parameters } = manifest.contributions.commands.find((command) => command.role === role)!;
    expect(Object.keys(parameters!.properties)).toEqual(parametersOf(role).map(({ name }) => name));
    for (const given of [
      {},
      ...(role === "train"
        ? [{ preset: "ronneberger2015" }, { preset: "falk2019", steps: 7, tile: 284 }]
        : [{ tile: 204, fill_holes: true }]),
    ]) {
      expect(resolveBySchema(parameters, given)).toEqual(resolveParameters(role, given));
    }
  }
});

test("every handler is a function of the plugin", () => {
  const nothing = (): void => {};
  const models = { list: nothing, import: nothing, export: nothing, rename: nothing, remove: nothing };
  const lookup = lookupHandlers({
    segment: nothing,
    train: nothing,
    evaluate: nothing,
    models,
    diagnostics: nothing,
    cancel: nothing,
    dispose: nothing,
  });
  for (const command of checkManifest(committed).contributions.commands) expect(lookup(command), command.id).toBeTypeOf("function");
});
