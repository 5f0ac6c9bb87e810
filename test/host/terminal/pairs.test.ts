// Which label images of two folders are compared, and what is said where they do not match.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { pairFiles } from "../../../host/terminal/output.ts";

const root = mkdtempSync(join(tmpdir(), "overtile-pairs-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function makeFolder(name: string, files: readonly string[]): string {
  mkdirSync(join(root, name), { recursive: true });
  for (const file of files) writeFileSync(join(root, name, file), "");
  return join(root, name);
}

describe("folders of label images", () => {
  const truth = makeFolder("truth", ["a.png", "b.png"]);
  const refused = async (name: string, files: readonly string[]): Promise<string> =>
    pairFiles(makeFolder(name, files), truth).then(
      () => "paired",
      (error: Error) => error.message,
    );

  it("are paired by base name, ending and all", async () => {
    expect((await pairFiles(makeFolder("own", ["a.labels.tif", "b.labels.ome.tif"]), truth)).map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it("that do not match are told why: names with more in them, JPEGs, a folder around the labels", async () => {
    expect(await refused("cellpose", ["a_cp_masks.tif", "b_cp_masks.tif"])).toMatch(
      /Call a_cp_masks\.tif as its truth: a\.tif or \.png\.$/,
    );
    expect(await refused("jpeg", ["a.jpg", "b.jpg"])).toMatch(/a\.jpg is a JPEG, which changes numbers\. Export it anew as PNG or TIFF\.$/);
    mkdirSync(join(root, "dataset/labels"), { recursive: true });
    expect(await refused("dataset", [])).toMatch(/it has a folder labels\/\. Give that\.$/);
    expect(await refused("empty", ["a.json"])).toMatch(/it has none\. Give the folder that they lie in\.$/);
    expect(await refused("part", ["a.png"])).toMatch(/1 of 2 have no partner, the first is b\. Segment them all/);
  });
});
