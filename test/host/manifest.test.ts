import Ajv2020 from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { checkManifest, loadManifest } from "../../host/manifest.ts";
import { manifestSchema } from "../../host/manifest-schema.ts";
import { manifestJson } from "./fake-plugin.ts";

type Json = ReturnType<typeof manifestJson>;

const spoilt: readonly (readonly [path: string, spoil: (manifest: Json) => void, says: string])[] = [
  ["version", (m) => Object.assign(m, { version: "one" }), "version"],
  ["contributions.commands[0].id", (m) => Object.assign(m.contributions.commands[0]!, { id: "other.segment" }), '"overtile."'],
  ["contributions.commands[0].id", (m) => Object.assign(m.contributions.commands[0]!, { id: "overtile.seg ment" }), "pattern"],
  ["contributions.commands[1].id", (m) => Object.assign(m.contributions.commands[1]!, { id: "overtile.segment" }), "already"],
  [
    "contributions.commands[1].macro.name",
    (m) => Object.assign(m.contributions.commands[1]!, { macro: { name: "Overtile Segment" } }),
    "already",
  ],
  ["contributions.commands[0].role", (m) => Object.assign(m.contributions.commands[0]!, { role: "guess" }), "guess"],
  [
    "contributions.menus.overtile[1].command",
    (m) => Object.assign(m.contributions.menus.overtile[1]!, { command: "overtile.trian" }),
    'mean "overtile.train"',
  ],
  [
    "contributions.menus.Plugins[0].submenu",
    (m) => Object.assign(m.contributions.menus.Plugins[0]!, { submenu: "elsewhere" }),
    "declared submenu",
  ],
  [
    "contributions.menus.Plugins[0]",
    (m) => Object.assign(m.contributions.menus.Plugins[0]!, { command: "overtile.train" }),
    "a command or a submenu",
  ],
  ["contributions.keybindings[0].command", (m) => Object.assign(m.contributions.keybindings[0]!, { command: "nope" }), "declared command"],
  ["contributions.commands[1].parameters.properties.x_steps", (m) => withParameter(m, "x_steps", { type: "integer" }), '"steps="'],
  [
    "contributions.commands[1].parameters.properties.flip.default",
    (m) => withParameter(m, "flip", { type: "boolean", default: true }),
    "false",
  ],
  ["contributions.commands[1].parameters.properties.n", (m) => withParameter(m, "n", { type: "integer", default: "x" }), "own schema"],
  [
    "contributions.commands[1].parameters.properties.plan.presets.big.stpes",
    (m) => withParameter(m, "plan", { type: "string", presets: { big: { stpes: 9 } } }),
    "name of a parameter",
  ],
  [
    "contributions.commands[1].parameters.properties.plan.presets.big.steps",
    (m) => withParameter(m, "plan", { type: "string", presets: { big: { steps: -9 } } }),
    "own schema",
  ],
  ["contributions.commands[1].parameters.properties.Tile Size", (m) => withParameter(m, "Tile Size", { type: "integer" }), "Tile Size"],
  [
    "contributions.commands[0].parameters.required",
    (m) => Object.assign(m.contributions.commands[0]!.parameters!, { required: ["modell"] }),
    "modell",
  ],
  ["entry.module", (m) => Object.assign(m.entry, { module: "https://elsewhere.example/a.mjs" }), "pattern"],
  [
    "contributions.commands[3].arguments[1]",
    (m) => Object.assign(m.contributions.commands[3]!, { arguments: ["first", "third"] }),
    'must be the name of a parameter, "$parameters" or "$context"; got "third"',
  ],
  [
    "contributions.commands[0].arguments",
    (m) => Object.assign(m.contributions.commands[0]!, { arguments: ["$context"] }),
    "absent from a command with a role or an input",
  ],
  ["entry.worker", (m) => Object.assign(m.entry, { worker: "a/../../b.mjs" }), "pattern"],
];

function withParameter(manifest: Json, name: string, schema: object): void {
  Object.assign(manifest.contributions.commands[1]!.parameters!.properties, { [name]: schema });
}

describe("checkManifest", () => {
  test("returns a manifest that is right", () => {
    expect(checkManifest(manifestJson())).toEqual(manifestJson());
  });

  test.each([
    "\\\\evil.example/x.mjs",
    " //evil/x",
    "%2e%2e/x.mjs",
    "a\\..\\..\\x.mjs",
    "data\t:text/javascript,",
    "https:x",
    "/x.mjs",
    "..",
  ])("refuses an entry that leaves its folder, also by what browsers make of it: %j", (module) => {
    expect(() => checkManifest({ ...manifestJson(), entry: { module } })).toThrow(/entry\.module/);
  });

  test.each(spoilt)("names the field that is wrong: %s", (path, spoil, says) => {
    const manifest = manifestJson();
    spoil(manifest);
    expect(() => checkManifest(manifest)).toThrow(
      expect.objectContaining({ kind: "InvalidData", details: expect.objectContaining({ path }) }),
    );
    expect(() => checkManifest(manifest)).toThrow(says);
  });

  test.each([
    ["name", "display_name", "Over\u202etile"],
    ["a command's title", "contributions.commands[0].title", "Segment\nDelete all"],
    ["a description", "description", "fine\x1b[2Jgone"],
  ])("refuses what is not seen in %s, and shows it", (_, path, text) => {
    const manifest = manifestJson();
    const [field, ...rest] = path.replace("contributions.commands[0].", "contributions.commands.0.").split(".").reverse();
    const owner = rest.reverse().reduce<never>((value, key) => value[key]!, manifest as never);
    Object.assign(owner, { [field!]: text });
    expect(() => checkManifest(manifest)).toThrow(
      expect.objectContaining({ kind: "InvalidData", details: expect.objectContaining({ path }) }),
    );
    expect(() => checkManifest(manifest)).toThrow(/control characters and direction marks\. Got "[\x20-\x7e]*"/);
    expect(checkManifest({ ...manifestJson(), description: "two\nlines" })).toMatchObject({ description: "two\nlines" });
  });

  test("every required field is missed by name", () => {
    for (const field of ["name", "version", "entry", "contributions"] as const) {
      const manifest: Partial<Json> = manifestJson();
      delete manifest[field];
      expect(() => checkManifest(manifest)).toThrow(`"${field}"`);
    }
  });

  test.each([null, undefined, 3, "text", [], {}, { contributions: { commands: {} } }])("anything else is InvalidData: %j", (value) => {
    expect(() => checkManifest(value)).toThrow(expect.objectContaining({ kind: "InvalidData" }));
  });
});

describe("loadManifest", () => {
  const answer =
    (body: string, status = 200) =>
    async (): Promise<Response> =>
      new Response(body, { status });

  test("reads a URL, and takes an object as it is", async () => {
    const asked: string[] = [];
    const loaded = await loadManifest(new URL("https://a.example/manifest.json"), async (url) => {
      asked.push(url);
      return new Response(JSON.stringify(manifestJson()));
    });
    expect(loaded).toEqual(manifestJson());
    expect(asked).toEqual(["https://a.example/manifest.json"]);
    expect(await loadManifest(manifestJson())).toEqual(manifestJson());
  });

  test.each([
    ["a page instead of a manifest", answer("<!doctype html><p>Not here"), "InvalidData", "a page (HTML)"],
    ["half a manifest", answer('{"name": "over'), "InvalidData", "must be JSON"],
    ["a missing file", answer("no", 404), "MissingFile", "status 404"],
    ["no network", () => Promise.reject(new TypeError("fetch failed")), "MissingFile", "fetch failed"],
  ])("says what came: %s", async (_, fetchFile, kind, says) => {
    const loading = loadManifest("https://a.example/manifest.json", fetchFile);
    await expect(loading).rejects.toMatchObject({ kind, message: expect.stringContaining(says) });
  });
});

test("the manifest's schema is a JSON Schema 2020-12 by which another validator judges alike", () => {
  const validate = new Ajv2020({ strict: false }).compile(manifestSchema);
  expect(validate(manifestJson())).toBe(true);
  expect(validate({ ...manifestJson(), version: "one" })).toBe(false);
  expect(validate({ ...manifestJson(), entry: { module: "/a.mjs" } })).toBe(false);
});
