// What OME-XML says of the planes of a TIFF: sizes, order, channel names, pixel size. Read as the few attributes that matter here,
// never as a document: no entities, no schema. What it says wrongly is told and left alone; the pages themselves decide.
// https://docs.openmicroscopy.org/ome-model/

import { Problem } from "../../problem.ts";
import { describeUnknownUnit, toMicrometres, toPixelSide } from "../units.ts";
import { describeOtherImages, type PagesInfo, type PlanePlan } from "./plane-plan.ts";

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
  const files = new Set(readElements(block, "UUID").flatMap(({ FileName }) => (FileName === undefined ? [] : [FileName])));
  if (files.size > 1) throw createScattered(name, `one of ${files.size} files of an image`);
  if (planes > usable.length) return `it tells of ${planes} planes, the file has ${usable.length}`;
  const said = (pixels["DimensionOrder"] ?? "XYCZT").slice(2);
  const isOrder = [...said].sort().join("") === "CTZ";
  const wrong = [...compareSize(pixels, info), ...(isOrder ? [] : [`its DimensionOrder is XY${said}`])];
  const elements = readElements(block, "TiffData");
  const indices = mapTiffData(elements, { order: isOrder ? said : "CZT", sizes: { Z: sizeZ, C: sizeC, T: sizeT } });
  if (!indices) return "its TiffData tell of the same planes again and again";
  const channelNames = readElements(block, "Channel").map(({ Name }) => Name ?? "");
  const unit = pixels["PhysicalSizeXUnit"] ?? "µm";
  const um = toMicrometres(Number(pixels["PhysicalSizeX"]), unit);
  const side = toPixelSide(name, um, toMicrometres(Number(pixels["PhysicalSizeY"]), pixels["PhysicalSizeYUnit"] ?? "µm"));
  const images = [...description.matchAll(/<(?:\w+:)?Pixels\s/g)].length;
  const strange = pixels["PhysicalSizeX"] === undefined ? undefined : describeUnknownUnit(name, unit);
  return {
    ...{ sizeZ, sizeC, sizeT },
    pageOf: (z, c, t) => indices.get(`${z},${c},${t}`),
    ...(channelNames.some((found) => found !== "") ? { channelNames } : {}),
    ...(side.pixelSizeUm === undefined ? {} : { pixelSizeUm: side.pixelSizeUm }),
    notices: [
      ...wrong.map((notice) => `${name}: its OME-XML is wrong: ${notice}.`),
      ...(images > 1 ? [describeOtherImages(name, `${images - 1} more image${images > 2 ? "s" : ""}`)] : []),
      ...(side.notices ?? []),
      ...(strange === undefined ? [] : [strange]),
    ],
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

/** A plane may be told of this many times, on average. */
const mostTimes = 2;

/**
 * Page of each plane. An element names a first plane, a first page and a count; planes follow each other in the given order. Undefined
 * where the elements tell of far more planes than there are.
 */
function mapTiffData(elements: readonly Attributes[], { order, sizes }: { order: string; sizes: Sizes }): Map<string, number> | undefined {
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
  let told = 0;
  for (const element of elements.length > 0 ? elements : [{}]) {
    const first = letters.reduce((sum, letter) => sum + (Number(element[`First${letter}`]) || 0) * (strides[letter] ?? 0), 0);
    const page = Number(element["IFD"]) || 0;
    const count = Number(element["PlaneCount"]) || (element["IFD"] === undefined ? total : 1);
    const end = first < 0 || !Number.isInteger(first) ? first : Math.min(first + count, total);
    told += Math.max(0, end - first);
    if (told > mostTimes * total) return undefined;
    for (let position = first; position < end; position++) put(position, page + position - first);
  }
  return indices;
}

/** The attributes of all elements of this name, whatever prefix it has. Each letter is looked at a few times at most, whatever the text is. */
function readElements(text: string, name: string): readonly Attributes[] {
  return text.split("<").flatMap((piece) => {
    const end = piece.indexOf(">");
    const [, tag] = end < 0 ? [] : (/^(?:\w+:)?(\w+)/.exec(piece) ?? []);
    return tag === name ? [readAttributes(piece.slice(0, end))] : [];
  });
}

function readAttributes(text: string): Attributes {
  const found: Record<string, string> = Object.create(null) as Record<string, string>;
  const parts = text.split('"');
  for (let at = 1; at < parts.length - 1; at += 2) {
    const before = parts[at - 1]!.trimEnd();
    if (!before.endsWith("=")) continue;
    const key = before.slice(0, -1).trimEnd().split(/[^\w:]/).at(-1)!; // biome-ignore format: one thought
    if (key !== "") found[key] = decodeEntities(parts[at]!);
  }
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
