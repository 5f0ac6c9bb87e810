// The software bill of materials of a release: the packages whose code dist/ holds, in CycloneDX 1.6 as JSON. It is read off the notices'
// own list (tools/notices.mjs), which the build writes to build/packages.json.

import { readFile } from "node:fs/promises";
import { Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";

/** The text of the bill of `packages` (by default those of the build), the same for the same packages: it carries no date and no serial number. */
export async function createBillOfMaterials({ name, version, packages }) {
  const bill = new Models.Bom();
  bill.metadata.component = new Models.Component(Enums.ComponentType.Application, name, {
    version,
    bomRef: `${name}@${version}`,
    licenses: new Models.LicenseRepository([new Models.SpdxLicense("MIT")]),
  });
  for (const one of packages ?? (await readPackages())) {
    const component = toComponent(one);
    bill.components.add(component);
    bill.metadata.component.dependencies.add(component.bomRef);
  }
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bill, { sortLists: true, space: 2 })}\n`;
}

function toComponent({ name, version, license, parts }) {
  const component = new Models.Component(Enums.ComponentType.Library, name, {
    version,
    bomRef: `${name}@${version}`,
    licenses: licencesOf(license),
  });
  component.purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  for (const part of parts) {
    component.components.add(
      new Models.Component(Enums.ComponentType.Library, part.name, { bomRef: `${name}/${part.name}`, licenses: licencesOf(part.license) }),
    );
  }
  return component;
}

function licencesOf(expression) {
  const one = / /.test(expression) ? new Models.LicenseExpression(expression) : new Models.SpdxLicense(expression);
  return new Models.LicenseRepository([one]);
}

async function readPackages() {
  const lists = await Promise.all(
    ["build/packages.json", "build/packages-viewer.json"].map(async (file) => JSON.parse(await readFile(file, "utf8"))),
  );
  return [...new Map(lists.flat().map((one) => [`${one.name} ${one.version}`, one])).values()];
}
