// Images as ImJoy and hypha send them, and answers in the form in which the caller sent his. Four forms are met in the field:
// ndarrays whose bytes come as an ArrayBuffer (imjoy-core, Kaibu) or as a Uint8Array whatever their type (ImageJ.JS, Python; hypha
// destroys ArrayBuffers), plain { data, shape }, and files. Nothing that leaves is a view, a clamped array or of 64-bit integers:
// the RPCs would send a whole buffer for a view, and never settle on the others.

import type { DType, TypedArray } from "../../core/array/raster.ts";
import { Problem } from "../../core/problem.ts";
import type { Image, Pixels, Sample } from "../contract.ts";
import { assertSample, unknownImage } from "../job/inputs.ts";

/** How a caller sends and wants images. */
export type Form = "ndarray of a buffer" | "ndarray of bytes" | "plain";

export interface NdArray {
  readonly _rtype: "ndarray";
  readonly _rvalue: ArrayBuffer | Uint8Array;
  readonly _rshape: readonly number[];
  readonly _rdtype: string;
}

const arrays = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const satisfies Record<DType, unknown>;

/** The form of an image that came. */
export function formOf(value: unknown): Form {
  if (!isNdArray(value)) return "plain";
  return value._rvalue instanceof ArrayBuffer ? "ndarray of a buffer" : "ndarray of bytes";
}

/** The image that a caller means. Throws Problem InvalidData for what is none. */
export function decodeImage(value: unknown): Image {
  if (typeof value === "string" || value instanceof URL || value instanceof Blob) return value;
  if (isNdArray(value)) return decodeNdArray(value);
  if (value instanceof ArrayBuffer) return new Blob([value]);
  if (typeof value === "object" && value !== null && "data" in value && "shape" in value) return value as Pixels;
  if (value instanceof Uint8Array) return new Blob([value as Uint8Array<ArrayBuffer>]);
  throw unknownImage(value);
}

/** Samples with their images decoded, or a dataset. */
export function decodeSamples(value: unknown): readonly Sample[] | Image {
  if (!Array.isArray(value)) return decodeImage(value);
  return value.map((sample: unknown) => {
    assertSample(sample);
    const images = ["image", "labels", "classes", "ignore"].filter((key) => sample[key] !== undefined && sample[key] !== null);
    return { ...sample, ...Object.fromEntries(images.map((key) => [key, decodeImage(sample[key])])) } as unknown as Sample;
  });
}

/** Pixels in a caller's form. */
export function encodePixels(pixels: Pixels, form: Form): NdArray | (Pixels & { readonly dtype: string }) {
  const { shape, axes, pixelSizeUm, name } = pixels;
  // Who sends bytes is ImageJ.JS, or may be.
  const data = form === "ndarray of bytes" ? toImageJArray(pixels.data) : pixels.data.slice();
  const dtype = dtypeOf(data);
  if (form === "plain") {
    return {
      data,
      shape,
      dtype,
      ...(axes !== undefined && { axes }),
      ...(pixelSizeUm !== undefined && { pixelSizeUm }),
      ...(name !== undefined && { name }),
    };
  }
  const buffer = data.buffer as ArrayBuffer;
  return { _rtype: "ndarray", _rvalue: form === "ndarray of bytes" ? new Uint8Array(buffer) : buffer, _rshape: shape, _rdtype: dtype };
}

/** A copy in a type that ImageJ.JS takes: 16-bit, or float for larger numbers. It takes a byte for "nothing". */
export function toImageJArray(data: TypedArray): Uint16Array | Float32Array {
  const isSmall = data instanceof Uint8Array || data instanceof Uint16Array;
  return isSmall ? Uint16Array.from(data) : Float32Array.from(data);
}

function dtypeOf(data: TypedArray): DType {
  return data.constructor.name.replace("Array", "").toLowerCase() as DType;
}

function isNdArray(value: unknown): value is NdArray {
  return typeof value === "object" && value !== null && "_rtype" in value && value._rtype === "ndarray";
}

function decodeNdArray({ _rvalue, _rshape, _rdtype }: NdArray): Pixels {
  const known = Object.hasOwn(arrays, _rdtype) ? arrays[_rdtype as DType] : undefined;
  const isBytes = _rvalue instanceof ArrayBuffer || ArrayBuffer.isView(_rvalue);
  if (!Array.isArray(_rshape)) {
    const reason = "no shape";
    throw new Problem("InvalidData", `An ndarray must have its sides in _rshape; got ${reason}. Give [height, width].`, { reason });
  }
  if (known === undefined || !isBytes) {
    const came = known === undefined ? `the type "${_rdtype}"` : "no bytes";
    throw new Problem("InvalidData", `An ndarray must hold bytes of one of ${Object.keys(arrays).join(", ")}; got ${came}. Convert it.`, {
      reason: came,
    });
  }
  // Copied: the bytes may begin anywhere in their buffer, and a number of two bytes must not.
  const bytes =
    _rvalue instanceof ArrayBuffer ? new Uint8Array(_rvalue) : new Uint8Array(_rvalue.buffer, _rvalue.byteOffset, _rvalue.byteLength);
  const whole = Math.floor(bytes.length / known.BYTES_PER_ELEMENT) * known.BYTES_PER_ELEMENT;
  return { data: new known(bytes.slice(0, whole).buffer), shape: [..._rshape] };
}
