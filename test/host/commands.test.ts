import { describe, expect, test } from "vitest";
import { createCommandRegistry, lookupHandlers } from "../../host/commands.ts";
import { checkManifest } from "../../host/manifest.ts";
import { createFakePlugin, fakeManifest, manifestJson } from "./fake-plugin.ts";

function createRegistry() {
  const plugin = createFakePlugin();
  const registry = createCommandRegistry();
  const remove = registry.register(fakeManifest(), lookupHandlers(plugin));
  return { plugin, registry, remove };
}

describe("a command registry", () => {
  test("finds a command by its id and by its macro name", () => {
    const { registry } = createRegistry();
    expect(registry.find("Overtile Segment")).toBe(registry.find("overtile.segment"));
    expect(registry.find("overtile.cancel").name).toBe("overtile.cancel");
    expect(registry.list.map(({ name }) => name)).toEqual([
      "Overtile Segment",
      "Overtile Train",
      "overtile.remove_model",
      "overtile.compare",
      "overtile.cancel",
    ]);
  });

  test("an unknown command is told as ImageJ does, with the nearest one", () => {
    const { registry } = createRegistry();
    expect(() => registry.find("Nope")).toThrow('Unrecognized command: "Nope"');
    expect(() => registry.find("overtile segment")).toThrow('Unrecognized command: "overtile segment". Did you mean "Overtile Segment"?');
    expect(() => registry.find("toString")).toThrow("Unrecognized command");
  });

  test("hands a command with a role its input, parameters and context", async () => {
    const { registry, plugin } = createRegistry();
    const entry = registry.find("Overtile Train");
    await entry.handler("dataset.zip", entry.check("steps=5"), {});
    expect(plugin.calls).toEqual([{ name: "train", input: "dataset.zip", parameters: { steps: 5 } }]);
  });

  test("hands any other command the values of its parameters, as the plugin's methods take them", async () => {
    const { registry, plugin } = createRegistry();
    const remove = registry.find("overtile.remove_model");
    await remove.handler(undefined, remove.check({ model: "old" }), {});
    await registry.find("overtile.cancel").handler(undefined, {}, {});
    expect(plugin.models.removed).toEqual([["old"]]);
    expect(plugin.cancelled).toBe(1);
  });

  test("commands that were taken away are gone, and can come again", () => {
    const { registry, remove, plugin } = createRegistry();
    expect(() => registry.register(fakeManifest(), lookupHandlers(plugin))).toThrow("already a command of overtile");
    remove();
    expect(registry.list).toEqual([]);
    registry.register(fakeManifest(), lookupHandlers(plugin));
    expect(registry.list).toHaveLength(5);
  });

  test.each(["nothing", "calls", "constructor", "models.toString", "segment.call.call", "models.remove.x"])(
    "a handler that is no function of the plugin is refused: %s",
    (handler) => {
      const json = manifestJson();
      json.contributions.commands[3]!.handler = handler;
      const registry = createCommandRegistry();
      expect(() => registry.register(checkManifest(json), lookupHandlers(createFakePlugin()))).toThrow(
        expect.objectContaining({ kind: "InvalidData" }),
      );
      expect(registry.list).toEqual([]);
    },
  );
});
