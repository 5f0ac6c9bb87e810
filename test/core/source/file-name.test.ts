import { expect, it } from "vitest";
import { fileNameOf } from "../../../core/source/file-name.ts";

it.each([
  ["/mnt/a/s.svs", "s.svs"],
  ["s.svs", "s.svs"],
  ["C:\\slides\\s.svs", "s.svs"],
  ["slides/s.zarr/", "s.zarr"],
  ["https://host/x/s.svs?token=a/b.c#d", "s.svs"],
  ["what?.tif", "what?.tif"],
])("the file of %s is called %s", (path, name) => {
  expect(fileNameOf(path)).toBe(name);
});
