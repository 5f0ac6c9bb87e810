// Stacks of two microscopes' programs, told by tags of their own: MetaMorph (STK: tags 33628 and 33629) and Zeiss (LSM: tag 34412).
// https://github.com/cgohlke/tifffile

import { micrometresOf, toPixelSide } from "../units.ts";
import type { Directory, TiffFile } from "./directory.ts";

/** The planes of a stack, z before t, and the size of a pixel where the file knows it. */
export interface StackFacts {
  readonly sizeZ: number;
  readonly sizeT: number;
  readonly pixelSizeUm?: number;
  readonly notices?: readonly string[];
}

const mostPlanes = 1_000_000;
const mostFields = 1000;

/** Reads the tags of MetaMorph; undefined for other files. All planes lie behind one directory. */
export async function readMetaMorph(file: TiffFile, directory: Directory): Promise<StackFacts | undefined> {
  const planes = directory.get(33629);
  if (!planes || planes.count < 1 || planes.count > mostPlanes) return undefined;
  const { count } = planes;
  // Six numbers a plane: the distance in z as a quotient, day and time of its making and of its last change.
  const records = count > 1 ? await readNumbers(file, planes.at, 6 * count) : undefined;
  const record = (index: number): readonly number[] => Array.from({ length: 4 }, (_, at) => records!.getUint32(4 * (6 * index + at), true));
  const all = records ? Array.from({ length: count }, (_, index) => record(index)) : [];
  const isDeep = all.every(([distance]) => distance !== 0);
  const isTimed =
    !isDeep && all.every(([, , day, time], index) => index === 0 || day !== all[index - 1]![2] || time !== all[index - 1]![3]);
  const side = await readCalibration(file, directory);
  const sizes = records && isTimed ? { sizeZ: 1, sizeT: count } : { sizeZ: count, sizeT: 1 };
  return { ...sizes, ...side };
}

/** The side of a pixel by the calibrations of x and y: pairs of a field's number and its value, or where that lies. */
async function readCalibration(file: TiffFile, directory: Directory): Promise<ReturnType<typeof toPixelSide>> {
  const entry = directory.get(33628);
  if (!entry || entry.count > mostFields) return {};
  const pairs = await readNumbers(file, entry.at, 2 * entry.count);
  if (!pairs) return {};
  const placeOf = (field: number): number | undefined => {
    for (let at = 0; at < entry.count; at++) if (pairs.getUint32(8 * at, true) === field) return pairs.getUint32(8 * at + 4, true);
    return undefined;
  };
  const unitAt = placeOf(6);
  if (!unitAt) return {};
  const length = (await readNumbers(file, unitAt, 1))?.getUint32(0, true) ?? 0;
  if (length === 0 || length > 64 || unitAt + 4 + length > file.reader.size) return {};
  const unit = new TextDecoder("latin1").decode(await file.reader.read(unitAt + 4, length)).replace(/\0.*$/s, "");
  const factor = micrometresOf(unit);
  const readSide = async (field: number): Promise<number | undefined> => {
    const at = placeOf(field);
    const scale = at && typeof factor === "number" ? await readNumbers(file, at, 2) : undefined;
    const um = scale ? (Number(factor) * scale.getUint32(0, true)) / scale.getUint32(4, true) : Number.NaN;
    return um > 0 && Number.isFinite(um) ? um : undefined;
  };
  return toPixelSide(file.name, await readSide(4), await readSide(5));
}

/** Reads the tags of Zeiss; undefined for other files. Every other page is a thumbnail, marked as reduced. */
export async function readZeiss(file: TiffFile, directory: Directory): Promise<StackFacts | undefined> {
  const entry = directory.get(34412);
  const view = entry && entry.count >= 92 ? await readNumbers(file, entry.at, 23) : undefined;
  if (!view) return undefined;
  const [sizeZ, sizeT] = [view.getInt32(16, true), view.getInt32(24, true)];
  const [um, high] = [view.getFloat64(40, true) * 1e6, view.getFloat64(48, true) * 1e6]; // metres
  if (sizeZ < 1 || sizeT < 1) return undefined;
  const size = um > 1e-4 && um < 1e4 ? toPixelSide(file.name, um, high > 1e-4 && high < 1e4 ? high : um) : {};
  return { sizeZ, sizeT, ...size };
}

/** Numbers of four bytes at a place of the file, as Windows writes them; undefined where the file has none there. */
async function readNumbers({ reader }: TiffFile, at: number, count: number): Promise<DataView | undefined> {
  if (at + 4 * count > reader.size) return undefined;
  const bytes = await reader.read(at, 4 * count);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
