// The one thing that is read of EXIF: how a picture is to be turned. https://www.w3.org/TR/png-3/#eXIf, CIPA DC-008.

const tagOrientation = 274;
const typeShort = 3;

/** The orientation that an EXIF block (a small TIFF) tells; 1 = as it is stored, also where the block is broken or tells none. */
export function readExifOrientation(block: Uint8Array): number {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  if (view.byteLength < 8) return 1;
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return 1;
  const littleEndian = order === 0x4949;
  const directory = view.getUint32(4, littleEndian);
  if (view.getUint16(2, littleEndian) !== 42 || directory + 2 > view.byteLength) return 1;
  const count = view.getUint16(directory, littleEndian);
  for (let at = directory + 2, n = 0; n < count && at + 12 <= view.byteLength; at += 12, n++) {
    if (view.getUint16(at, littleEndian) !== tagOrientation || view.getUint16(at + 2, littleEndian) !== typeShort) continue;
    return view.getUint16(at + 8, littleEndian);
  }
  return 1;
}
