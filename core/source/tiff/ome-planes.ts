// What OME-XML says of the planes of a TIFF: sizes, order, channel names, pixel size. Read as the few attributes that matter here,
// never as a document: no entities, no schema. What it says wrongly is told and left alone; the pages themselves decide.
// https://docs.openmicroscopy.org/ome-model/

import { Problem } from "../../problem.ts";
import { describeUnknownUnit, toMicrometres } from "../units.ts";
import type { PagesInfo, PlanePlan } from "./plane-plan.ts";

type Attributes = Readonly<Record<string, string | undefined>>;
type Sizes = Readonly<Record<"Z" | "C" | "T", number>>;

/** More planes than a TIFF can have pages. */
const mostPlanes = 2 ** 24;

/** The plan, or why there is none. Throws Problem UnsupportedImage for an image that is spread over several files. */
export function planOme(info: PagesInfo): PlanePlan | string {
  const { name, description, usable, pageChannels } = info;
  const start = description.search(/<(\w+:)?Pixels\s/);
  if (start < 0) return "it has no Pixels";
  const end = description.slice(start).search(/<\/(\w+:)?Pixels>/);
  const block = description.slice(start, end < 0 ? undefined : start + end);
  const pixels = readAttributes(block.slice(0, block.indexOf(">")));
  const sizes = readSizes(pixels);
  if (!sizes) return "its sizes are no numbers";
  const { Z: sizeZ, T: sizeT } = sizes;
  const samples = sizes.C % pageChannels === 0 ? pageChannels : 1;
  const sizeC = sizes.C / samples;
  const planes = sizeZ * sizeC * sizeT;
  const files = new Set([...block.matchAll(/<(?:\w+:)?UUID\b[^>]*FileName="([^"]*)"/g)].map(([, file]) => file));
  if (files.size > 1) throw createScattered(name, `one of ${files.size} files of an image`);
  if (planes > usable.length) return `it tells of ${planes} planes, the file has ${usable.length}`;
  const said = (pixels["DimensionOrder"] ?? "XYCZT").slice(2);
  const isOrder = [...said].sort().join("") === "CTZ";
  const wrong = [...compareSize(pixels, info), ...(isOrder ? [] : [`its DimensionOrder is XY${said}`])];
  const elements = [...block.matchAll(/<(?:\w+:)?TiffData\b([^>]*)>/g)].map(([, text]) => readAttributes(text ?? ""));
  const indices = mapTiffData(elements, { order: isOrder ? said : "CZT", sizes: { Z: sizeZ, C: sizeC, T: sizeT } });
  const channelNames = [...block.matchAll(/<(?:\w+:)?Channel\b([^>]*)>/g)].map(([, text]) => readAttributes(text ?? "")["Name"] ?? "");
  const unit = pixels["PhysicalSizeXUnit"] ?? "µm";
  const um = toMicrometres(Number(pixels["PhysicalSizeX"]), unit);
  const strange = pixels["PhysicalSizeX"] === undefined ? undefined : describeUnknownUnit(name, unit);
  return {
    ...{ sizeZ, sizeC, sizeT },
    pageOf: (z, c, t) => indices.get(`${z},${c},${t}`),
    ...(channelNames.some((found) => found !== "") ? { channelNames } : {}),
    ...(um === undefined ? {} : { pixelSizeUm: um }),
    notices: [...wrong.map((notice) => `${name}: its OME-XML is wrong: ${notice}.`), ...(strange === undefined ? [] : [strange])],
  };
}

function createScattered(name: string, reason: string): Problem {
  const message = `Expected all planes in one TIFF; ${name} is ${reason}. Save the stack as one file.`;
  return new Problem("UnsupportedImage", message, { path: name, reason });
}

/** Absent sizes are 1. */
function readSizes(pixels: Attributes): Sizes | undefined {
  const sizeOf = (letter: string): number => Number(pixels[`Size${letter}`] ?? 1);
  const sizes = { Z: sizeOf("Z"), C: sizeOf("C"), T: sizeOf("T") };
  const good = Object.values(sizes).every((size) => Number.isInteger(size) && size >= 1 && size <= mostPlanes);
  return good && sizes.Z * sizes.C * sizes.T <= mostPlanes ? sizes : undefined;
}

function compareSize(pixels: Attributes, { width, height }: PagesInfo): readonly string[] {
  const said = [pixels["SizeX"] ?? width, pixels["SizeY"] ?? height].map(Number);
  return said[0] === width && said[1] === height ? [] : [`it tells of ${said.join("x")} pixels, the page has ${width}x${height}`];
}

/** Page of each plane. An element names a first plane, a first page and a count; planes follow each other in the given order. */
function mapTiffData(elements: readonly Attributes[], { order, sizes }: { order: string; sizes: Sizes }): Map<string, number> {
  const letters = [...order].filter((letter): letter is keyof Sizes => letter in sizes);
  const total = sizes.Z * sizes.C * sizes.T;
  const indices = new Map<string, number>();
  const strides: Record<string, number> = {};
  let stride = 1;
  for (const letter of letters) {
    strides[letter] = stride;
    stride *= sizes[letter];
  }
  const put = (position: number, page: number): void => {
    const at = (letter: keyof Sizes): number => Math.floor(position / (strides[letter] ?? 1)) % sizes[letter];
    indices.set(`${at("Z")},${at("C")},${at("T")}`, page);
  };
  for (const element of elements.length > 0 ? elements : [{}]) {
    const first = letters.reduce((sum, letter) => sum + (Number(element[`First${letter}`]) || 0) * (strides[letter] ?? 0), 0);
    const page = Number(element["IFD"]) || 0;
    const count = Number(element["PlaneCount"]) || (element["IFD"] === undefined ? total : 1);
    for (let index = 0; index < Math.min(count, total - first); index++) put(first + index, page + index);
  }
  return indices;
}

function readAttributes(text: string): Attributes {
  const found: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [, key, value] of text.matchAll(/([\w:]+)\s*=\s*"([^"]*)"/g)) found[key ?? ""] = decodeEntities(value ?? "");
  return found;
}

function decodeEntities(text: string): string {
  const named: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(lt|gt|quot|apos|amp));/g, (whole, decimal, hex, name) => {
    if (name) return named[name] ?? whole;
    const code = decimal ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
