import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { pyramidSizes } from "../../../core/sink/pyramid.ts";
import { createMemoryStore } from "../../../core/sink/store.ts";
import { type NgffVersion, writeOmeGroup } from "../../../core/sink/zarr.ts";
import { sharedPath } from "../../support/data.ts";

describe("an OME-Zarr pyramid of odd sides", () => {
  it("declares that each level halves the one before, as its pixels were taken; and the window that its numbers have", async () => {
    const store = createMemoryStore();
    const shapes = pyramidSizes(4001, 2003, 512).map(({ height, width }) => [3, height, width]);
    const group = { version: "0.4", name: "p", axes: ["c", "y", "x"], shapes, pixelSizeUm: 0.5, isLabels: false } as const;
    await writeOmeGroup(store, "", { ...group, channels: ["a", "b", "c"], white: 255 });
    const { multiscales, omero } = JSON.parse(new TextDecoder().decode(await store.read(".zattrs")));
    const scales = multiscales[0].datasets.map(
      (one: { coordinateTransformations: { scale: number[] }[] }) => one.coordinateTransformations[0]!.scale,
    );
    expect(scales).toEqual([0.5, 1, 2, 4].map((um) => [1, um, um]));
    expect(omero.channels[0].window).toEqual({ min: 0, max: 255, start: 0, end: 255 });
  });
});

const schemas = sharedPath("data/ome-ngff");

describe.skipIf(schemas === undefined)("OME-Zarr that we write (needs shared/data/ome-ngff)", () => {
  it.each(["0.4", "0.5"] as const)("passes the official schema of %s", async (version: NgffVersion) => {
    const store = createMemoryStore();
    const shapes = [
      [2, 300, 200],
      [2, 150, 100],
    ];
    await writeOmeGroup(store, "", {
      version,
      name: "p",
      axes: ["c", "y", "x"],
      shapes,
      pixelSizeUm: 0.5,
      isLabels: false,
      channels: ["a", "b"],
    });
    const labels = { version, name: "l", axes: ["y", "x"], shapes: shapes.map((shape) => shape.slice(1)), isLabels: true } as const;
    await writeOmeGroup(store, "labels", { ...labels, labelled: "../../", note: { model: "m@1" } });
    const read = async (path: string): Promise<unknown> => {
      const file = version === "0.4" ? ".zattrs" : "zarr.json";
      const json = JSON.parse(new TextDecoder().decode(await store.read(`${path}${file}`)));
      return version === "0.4" ? json : json.attributes;
    };
    const ajv = new Ajv2020({ strict: false, logger: false });
    for (const name of version === "0.5" ? ["_version.schema", "image.schema", "label.schema"] : ["image.schema", "label.schema"]) {
      ajv.addSchema(JSON.parse(readFileSync(join(schemas!, version, name), "utf8")), name);
    }
    for (const [schema, path] of [
      ["image.schema", ""],
      ["image.schema", "labels/"],
      ["label.schema", "labels/"],
    ] as const) {
      expect(ajv.validate(schema, await read(path)), ajv.errorsText()).toBe(true);
    }
  });
});
