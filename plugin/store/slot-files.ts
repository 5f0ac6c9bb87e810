// Files on a storage that writes in place and may stop in the middle. Every file has two slots; a write goes to the one that does
// not hold the newest whole version, and ends with a trailer (sequence number, length, checksum). Reading takes the whole slot
// with the highest number: so a write that failed, wherever, leaves the old version.

import { crc32 } from "../../core/source/crc32.ts";
import type { Files } from "./files.ts";

/** A folder whose writes may fail half-way. */
export interface SlotFolder {
  list(): Promise<readonly string[]>;
  /** Undefined when there is none of that name. */
  read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** The last `length` bytes, or all where there are fewer; undefined when there is none. */
  readEnd(name: string, length: number): Promise<{ readonly bytes: Uint8Array; readonly size: number } | undefined>;
  /** Replaces the content by the parts, one after the other. */
  write(name: string, parts: readonly Uint8Array[]): Promise<void>;
  remove(name: string): Promise<void>;
}

const slots = ["a", "b"] as const;
const magic = 0x4f56544c; // "OVTL"
const trailerBytes = 16;

interface Slot {
  readonly file: string;
  readonly sequence: number;
  readonly checksum: number;
}

/** A store of whole files in `folder`. */
export function createSlotFiles(folder: SlotFolder): Files {
  /** The slots of a file that were written to their end, newest first. */
  const findSlots = async (name: string): Promise<readonly Slot[]> => {
    const found = await Promise.all(slots.map((slot) => readTrailer(folder, `${encodeURIComponent(name)}.${slot}`)));
    return found.filter((slot) => slot !== undefined).toSorted((a, b) => b.sequence - a.sequence);
  };
  const readSlot = async ({ file, checksum }: Slot): Promise<Uint8Array<ArrayBuffer> | undefined> => {
    const bytes = (await folder.read(file))?.slice(0, -trailerBytes);
    return bytes !== undefined && crc32(bytes) === checksum ? bytes : undefined;
  };
  return {
    async list() {
      const names = new Set(
        (await folder.list()).filter((file) => /\.[ab]$/.test(file)).map((file) => decodeURIComponent(file.slice(0, -2))),
      );
      // A file that cannot be read now is there all the same: who reads it hears why.
      const isThere = (name: string): Promise<boolean> =>
        findSlots(name).then(
          (found) => found.length > 0,
          () => true,
        );
      const there = await Promise.all([...names].map(isThere));
      return [...names].filter((_, i) => there[i]);
    },
    async read(name) {
      for (const slot of await findSlots(name)) {
        const bytes = await readSlot(slot);
        if (bytes !== undefined) return bytes;
      }
      return undefined;
    },
    async write(name, bytes) {
      // A slot with a good trailer and bad bytes counts as free.
      let newest: Slot | undefined;
      for (const slot of await findSlots(name)) if (newest === undefined && (await readSlot(slot)) !== undefined) newest = slot;
      const base = encodeURIComponent(name);
      const file = newest?.file === `${base}.a` ? `${base}.b` : `${base}.a`;
      try {
        await folder.write(file, [bytes, createTrailer((newest?.sequence ?? 0) + 1, bytes)]);
      } catch (error) {
        await folder.remove(file).catch(() => {}); // gives its room back
        throw error;
      }
      // The old version has served; when it cannot be removed it only takes room.
      if (newest !== undefined) await folder.remove(newest.file).catch(() => {});
    },
    async remove(name) {
      // The older first: a removal that fails half-way leaves the newest.
      for (const { file } of (await findSlots(name)).toReversed()) await folder.remove(file);
      for (const slot of slots) await folder.remove(`${encodeURIComponent(name)}.${slot}`);
    },
  };
}

function createTrailer(sequence: number, bytes: Uint8Array): Uint8Array {
  const trailer = new DataView(new ArrayBuffer(trailerBytes));
  for (const [i, value] of [magic, sequence, bytes.length, crc32(bytes)].entries()) trailer.setUint32(4 * i, value);
  return new Uint8Array(trailer.buffer);
}

async function readTrailer(folder: SlotFolder, file: string): Promise<Slot | undefined> {
  const end = await folder.readEnd(file, trailerBytes);
  if (end === undefined || end.bytes.length < trailerBytes) return undefined;
  const view = new DataView(end.bytes.buffer, end.bytes.byteOffset, trailerBytes);
  const isWhole = view.getUint32(0) === magic && view.getUint32(8) === end.size - trailerBytes;
  return isWhole ? { file, sequence: view.getUint32(4), checksum: view.getUint32(12) } : undefined;
}
