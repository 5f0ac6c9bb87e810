// The bill of materials of a release, for packages of every shape.

import { expect, test } from "vitest";
import { createBillOfMaterials } from "../../tools/bill-of-materials.mjs";
import { findBillFaults } from "./bill-faults.ts";

const packages = [
  { name: "fflate", version: "0.8.3", license: "MIT", parts: [] },
  { name: "@tensorflow/tfjs-core", version: "4.22.0", license: "Apache-2.0", parts: [{ name: "XNNPACK", license: "BSD-3-Clause" }] },
  {
    name: "either",
    version: "1.0.0-rc.1",
    license: "(MIT OR Apache-2.0)",
    parts: [{ name: "zstd", license: "BSD-3-Clause OR GPL-2.0-only" }],
  },
];
const order = { name: "overtile", version: "0.1.0", packages };

test("fits CycloneDX's JSON schema, lists every package with its parts, and is the same text each time", async () => {
  const text = await createBillOfMaterials(order);
  const bill = JSON.parse(text) as { specVersion: string; components: { name: string; group?: string; purl: string }[] };
  expect(findBillFaults(bill)).toEqual([]);
  expect(bill.specVersion).toBe("1.6");
  expect(bill.components.map(({ purl }) => purl).sort()).toEqual([
    "pkg:npm/%40tensorflow/tfjs-core@4.22.0",
    "pkg:npm/either@1.0.0-rc.1",
    "pkg:npm/fflate@0.8.3",
  ]);
  expect(text).toContain("XNNPACK");
  expect(await createBillOfMaterials({ ...order, packages: packages.toReversed() })).toBe(text);
});

test("a bill that does not fit is found out", async () => {
  const bill = JSON.parse(await createBillOfMaterials(order));
  expect(findBillFaults({ ...bill, specVersion: "none", components: [{ type: "library" }] })).toEqual(
    expect.arrayContaining(["/components/0 must have required property 'name'"]),
  );
});
