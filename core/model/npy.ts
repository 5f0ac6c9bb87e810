// NumPy's array file, float32 in C order: the test tensors of a bioimage.io archive.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, version 1.0.

/** Numbers with their shape, in C order. */
export interface Tensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0];

/** The bytes of an .npy file. */
export function writeNpy({ data, shape }: Tensor): Uint8Array {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${sides}), }`;
  // The data start at a multiple of 64; the header ends with a line feed.
  const header = `${text.padEnd(64 * Math.ceil((text.length + 11) / 64) - 11)}\n`;
  const bytes = new Uint8Array(10 + header.length + data.byteLength);
  bytes.set(magic);
  new DataView(bytes.buffer).setUint16(8, header.length, true);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + header.length);
  return bytes;
}

/** The tensor in an .npy file of float32. Throws Error for anything else. */
export function readNpy(bytes: Uint8Array): Tensor {
  if (bytes.length < 10 || magic.some((byte, index) => index < 6 && bytes[index] !== byte)) throw new Error("it is not an .npy file");
  if (bytes[6] !== 1) throw new Error(`it is version ${bytes[6]} of .npy; only 1 is read`);
  const start = 10 + bytes[8]! + 256 * bytes[9]!;
  const header = new TextDecoder().decode(bytes.subarray(10, start));
  const sides = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (!/'descr':\s*'<f4'/.test(header) || !/'fortran_order':\s*False/.test(header) || sides === undefined) {
    throw new Error("it is not a float32 array in C order");
  }
  const shape = sides.split(",").filter((side) => side.trim() !== "").map(Number); // biome-ignore format: one step
  const size = shape.reduce((product, side) => product * side, 1);
  if (bytes.length - start !== 4 * size)
    throw new Error(`it has ${bytes.length - start} bytes of data for the shape (${shape.join(", ")})`);
  return { data: new Float32Array(bytes.slice(start).buffer), shape };
}
